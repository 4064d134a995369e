//! What the local backend promises beyond the contract: that processes may be killed, started together, and pointed at
//! folders that are damaged, full or not theirs.

mod local {
    pub mod damage;
    pub mod keys;
    pub mod kill;
    pub mod opening;
    pub mod support;
}
