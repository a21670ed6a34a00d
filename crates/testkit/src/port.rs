//! Ports on loopback that no other test has.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::ops::Range;

use crate::failure::Failure;

/// Below the range from which systems take the ports of outgoing connections, so that a server that is down for a
/// moment finds its port free again.
const RANGE: Range<u16> = 20_000..30_000;

/// A port that is this test's for as long as this value lives, also while nothing listens on it.
///
/// Tests in other processes keep away by a locked file for each port.
#[derive(Debug)]
pub struct Port {
    number: u16,
    _held: File,
}

impl Port {
    /// Takes a port on which nothing listens.
    ///
    /// Fails when the folder for the locks cannot be written, or no port is free.
    pub fn take() -> Result<Self, Failure> {
        let user = rustix::process::getuid().as_raw();
        let folder = std::env::temp_dir().join(format!("coordination-ports-{user}"));
        fs::create_dir_all(&folder).map_err(|error| Failure::of("make the folder of port locks", &error))?;
        let count = RANGE.end - RANGE.start;
        let first = (std::process::id() % u32::from(count)) as u16;
        for step in 0..count {
            let number = RANGE.start + (first + step) % count;
            let held = File::create(folder.join(number.to_string()))
                .map_err(|error| Failure::of("make a port's lock", &error))?;
            if held.try_lock().is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, number)).is_ok() {
                return Ok(Self { number, _held: held });
            }
        }
        Err(Failure::new(format!("no port from {} to {} is free", RANGE.start, RANGE.end - 1)))
    }

    /// The port's number.
    pub fn number(&self) -> u16 {
        self.number
    }

    /// The port on loopback.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.number))
    }
}
