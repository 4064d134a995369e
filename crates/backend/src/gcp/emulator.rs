/// Where an emulator answers. It may be given with or without `http://`.
pub(super) fn emulator_url(host: &str) -> String {
    if host.contains("://") { host.into() } else { format!("http://{host}") }
}
