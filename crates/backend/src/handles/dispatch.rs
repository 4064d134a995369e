/// Makes one call on whichever kind of backend the handle has.
macro_rules! dispatch {
    ($handle:ident, $backend:ident => $call:expr) => {
        match &$handle.kind {
            Kind::Local($backend) => $call,
            Kind::Gcp($backend) => $call,
        }
    };
}
pub(super) use dispatch;
