//! One node of a private Redis cluster, and the script that runs beside it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::Place;
use crate::failure::Failure;
use crate::process::Process;
use crate::template;

/// How long a node may take to write its snapshot and end.
const END_MAX: Duration = Duration::from_secs(30);

/// A node, running or not.
pub(super) struct Node {
    pub(super) number: usize,
    server: Option<Process>,
    keeper: Option<Process>,
}

impl Node {
    pub(super) fn new(number: usize) -> Self {
        Self { number, server: None, keeper: None }
    }

    /// Starts what does not run.
    pub(super) fn start(&mut self, place: &Place) -> Result<(), Failure> {
        if self.server.is_some() {
            return Ok(());
        }
        for part in ["data", "run"] {
            template::make(&place.within(&format!("{part}{}", self.number)), None)?;
        }
        let log = place.within(&format!("log{}", self.number));
        let script = |name: &str| place.command(self.number, &place.within("scripts").join(name));
        self.server = Some(Process::start("redis", script("start.sh"), &log)?);
        self.keeper = Some(Process::start("cluster.sh", script("cluster.sh"), &log)?);
        Ok(())
    }

    pub(super) fn stop(&mut self) -> Result<(), Failure> {
        self.keeper = None;
        self.server.take().map_or(Ok(()), |mut server| server.terminate(END_MAX).map(drop))
    }

    pub(super) fn lose(&mut self, place: &Place) -> Result<(), Failure> {
        (self.keeper, self.server) = (None, None);
        let removed = fs::remove_dir_all(place.within(&format!("data{}", self.number)));
        removed.map_err(|error| Failure::of("throw a node's data away", &error))
    }

    /// The end of what the node and its script printed.
    pub(super) fn log(&self, place: &Place) -> String {
        let text = fs::read_to_string(place.within(&format!("log{}", self.number))).unwrap_or_default();
        let from = text.lines().count().saturating_sub(20);
        text.lines().skip(from).collect::<Vec<_>>().join("\n")
    }
}

impl Place {
    /// A program in the environment that the template gives the node's containers.
    pub(super) fn command(&self, number: usize, program: &Path) -> Command {
        let mut command = Command::new(program);
        let within = |name: &str| self.within(name).display().to_string();
        let address = self.address(number).to_string();
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", within("bin"));
        command.env_clear().envs([("PATH", path), ("HOME", within("bin"))]);
        command.envs([("POD_NAME", format!("redis-{number}")), ("POD_IP", address.clone()), ("REDIS_BIND", address)]);
        command.envs([("REDIS_PASSWORD_FILE", within("password")), ("REDIS_CONFIG", within("scripts/redis.conf"))]);
        command.envs(
            [("REDIS_DATA", format!("data{number}")), ("REDIS_RUN", format!("run{number}"))]
                .map(|(name, part)| (name, within(&part))),
        );
        command.envs([("REDIS_PORT", self.port.number().to_string()), ("REDIS_INTERVAL_SECONDS", "1".to_owned())]);
        command.env("REDIS_MEMORY_LIMIT", (64 * 1024 * 1024).to_string());
        command
    }
}
