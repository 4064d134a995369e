use anyhow::{Result, bail};
use bytes::Bytes;

use crate::{GcpSettings, QueueDepth};

#[derive(Clone)]
pub(crate) struct GcpQueue {}
pub(crate) struct GcpSubscription {}
pub(crate) struct GcpDelivery {}
const NOT_YET: &str = "not yet";

impl GcpQueue {
    pub(super) async fn connect(_: &GcpSettings) -> Result<Self> {
        Ok(Self {})
    }
    pub(super) async fn check(&self) -> Result<()> {
        bail!(NOT_YET)
    }
    pub(crate) async fn publish(&self, _: Bytes, _: Option<&str>) -> Result<()> {
        bail!(NOT_YET)
    }
    pub(crate) fn subscribe(&self, _: usize) -> Result<GcpSubscription> {
        bail!(NOT_YET)
    }
    pub(crate) async fn depth(&self) -> Result<QueueDepth> {
        bail!(NOT_YET)
    }
}
impl GcpSubscription {
    pub(crate) async fn next(&mut self) -> Result<GcpDelivery> {
        bail!(NOT_YET)
    }
}
impl GcpDelivery {
    pub(crate) fn body(&self) -> &[u8] {
        &[]
    }
    pub(crate) fn attempt(&self) -> u32 {
        1
    }
    pub(crate) fn traceparent(&self) -> Option<&str> {
        None
    }
    pub(crate) fn ack(self) {}
    pub(crate) fn nack(self, _: &str) {}
    pub(crate) async fn dead_letter(self, _: &str) {}
    pub(crate) async fn extend(&self) -> Result<bool> {
        bail!(NOT_YET)
    }
}
