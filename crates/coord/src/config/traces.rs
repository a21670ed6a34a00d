use engine::config::ConfigError;
use serde::{Deserialize, Serialize};

/// Where the spans of requests go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct TracesConfig {
    /// An OpenTelemetry collector that takes OTLP over HTTP, without the path; absent: no spans are made.
    pub(crate) endpoint: Option<String>,
    /// What the spans call this service.
    pub(crate) service_name: String,
    /// The share of the traces begun here that is kept; whoever calls with a `traceparent` has decided. 0 to 1.
    pub(crate) sample: f64,
}

impl Default for TracesConfig {
    fn default() -> Self {
        Self { endpoint: None, service_name: "coordination".to_owned(), sample: 1.0 }
    }
}

impl TracesConfig {
    /// Everything that is wrong with these values, each named by its dotted key.
    pub(crate) fn faults(&self) -> Vec<ConfigError> {
        let mut faults = Vec::new();
        let is_url = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if self.endpoint.as_ref().is_some_and(|url| !is_url(url)) {
            faults.push(ConfigError::new("traces.endpoint", "must be a URL, as in http://collector:4318"));
        }
        if self.service_name.is_empty() || self.service_name.len() > 255 {
            faults.push(ConfigError::new("traces.service_name", "must be 1 to 255 bytes"));
        }
        if !(0.0..=1.0).contains(&self.sample) {
            faults.push(ConfigError::new("traces.sample", format!("{} is out of bounds: 0 to 1", self.sample)));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_bounds_is_named() {
        assert_eq!(TracesConfig::default().faults(), []);
        let wrong = |endpoint: &str, service_name: &str, sample| {
            let config =
                TracesConfig { endpoint: Some(endpoint.to_owned()), service_name: service_name.to_owned(), sample };
            config.faults().into_iter().map(|fault| fault.key).collect::<Vec<_>>()
        };
        assert_eq!(wrong("collector:4318", "", 1.1), ["traces.endpoint", "traces.service_name", "traces.sample"]);
        assert!(wrong("https://collector", &"x".repeat(255), 0.0).is_empty());
        assert_eq!(wrong("https://collector", &"x".repeat(256), f64::NAN), ["traces.service_name", "traces.sample"]);
    }
}
