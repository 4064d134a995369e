//! How much is let in, as people set it.

use clap::Args;

use super::check::Checks;

/// Limits on those who call; those of a key are in the file of keys.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "How much is let in")]
pub struct AdmissionArgs {
    /// Calls that make work, a minute, from one client address (of IPv6, from one /64); 0 is no limit [default: 0, on Cloud
    /// Run 600]
    #[arg(long, env = "RATE_LIMIT_PER_ADDRESS", value_name = "CALLS")]
    rate_limit_per_address: Option<String>,

    /// How many proxies in front are known to add the address that they are called from to X-Forwarded-For [default: 0, on
    /// Cloud Run 1, which is Google's own; a load balancer before it is another one]
    #[arg(long, env = "TRUSTED_PROXIES", value_name = "NUMBER")]
    trusted_proxies: Option<String>,

    /// Photos are refused (503) while so many jobs wait for a worker; 0 is no limit
    #[arg(long, env = "MAX_BACKLOG", default_value = "0", value_name = "JOBS")]
    max_backlog: String,
}

/// How much is let in.
#[derive(Clone, Copy, Debug)]
pub struct Admission {
    /// Calls that make work, a minute, from one address; 0 is no limit.
    pub per_address: u64,
    /// Proxies in front that say truly where a call comes from.
    pub trusted_proxies: usize,
    /// Jobs that may wait for a worker; 0 is no limit.
    pub max_backlog: u64,
}

impl AdmissionArgs {
    pub(super) fn check(&self, on_cloud_run: bool, checks: &mut Checks) -> Admission {
        let (calls, proxies) = if on_cloud_run { ("600", "1") } else { ("0", "0") };
        let per_address = self.rate_limit_per_address.as_deref().unwrap_or_default();
        let trusted_proxies = self.trusted_proxies.as_deref().unwrap_or_default();
        Admission {
            per_address: checks.number("RATE_LIMIT_PER_ADDRESS", per_address, calls, 0..=1_000_000),
            trusted_proxies: usize::try_from(checks.number(
                "TRUSTED_PROXIES",
                trusted_proxies,
                proxies,
                0..=10,
            ))
            .unwrap_or_default(),
            max_backlog: checks.number("MAX_BACKLOG", &self.max_backlog, "0", 0..=1_000_000_000),
        }
    }
}
