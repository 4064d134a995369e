//! Bounds that nobody needs to tune. Together they keep one client from taking more than its share.

use std::time::Duration;

/// A client has this long to send a request's head, once it has begun.
pub(crate) const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection may be idle. Google's load balancers keep theirs for 600 s and send the next request on one that
/// they think is open: whoever closes first must be them. Where there is no room, idle ones are closed earlier.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(620);

/// Headers of one request; browsers send about fifteen.
pub(crate) const MAX_HEADERS: usize = 64;

/// What hyper buffers per connection, and so both the largest request head and the largest body chunk.
pub(crate) const CONNECTION_BUFFER: usize = 64 * 1024;

/// Connections served at once. For another one the longest idle is closed; while none is, it waits.
pub(crate) const MAX_CONNECTIONS: u32 = 1_000;

/// What a multipart body may hold beside the photo: boundaries, part headers, the other fields.
pub(crate) const FORM_OVERHEAD: u64 = 256 * 1024;

/// How much of a multipart body may go by without a field or a piece of one coming out: a part's headers are
/// never this long.
pub(crate) const FORM_STALL: u64 = 3 * CONNECTION_BUFFER as u64;

/// Fields in one form.
pub(crate) const MAX_FORM_FIELDS: usize = 32;

/// The value of one text field.
pub(crate) const MAX_FIELD_BYTES: usize = 8 * 1024;

/// An order number, in characters.
pub(crate) const MAX_ORDER_ID_CHARS: usize = 128;

/// A file name, in bytes, as file systems have it.
pub(crate) const MAX_FILE_NAME_BYTES: usize = 255;

/// How long the rest of a refused upload is read and thrown away. A client that is still sending would otherwise see
/// its connection reset before it has read why it was refused.
pub(crate) const LINGER: Duration = Duration::from_secs(10);

/// How many bytes of a refused upload are thrown away before the connection is cut instead.
pub(crate) const LINGER_BYTES: u64 = 128 * 1024 * 1024;

/// Requests that may wait for their worker at once; further ones get a 202 straight away and poll.
pub(crate) const MAX_WAITING: usize = 256;

/// How long the dependencies may take to say that they are well. The backend gives each of them three seconds and then
/// names those that were silent; this is there for the case that not even the backend answers.
pub(crate) const READINESS_TIMEOUT: Duration = Duration::from_secs(5);

/// An idempotency key, in bytes.
pub(crate) const MAX_KEY_BYTES: usize = 255;

/// A JSON body. Those that we take are a few short fields.
pub(crate) const MAX_JSON_BYTES: usize = 16 * 1024;

/// How long one request may wait for news of a job.
pub(crate) const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Clients that may listen to events at once; further ones are asked to poll. Each keeps a connection.
pub(crate) const MAX_STREAMS: usize = 600;

/// A connection to which nothing can be written for so long is closed: its client does not read.
pub(crate) const WRITE_STALL: Duration = Duration::from_secs(60);
