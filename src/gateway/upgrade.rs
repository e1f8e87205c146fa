//! Connections that change to another protocol, such as WebSocket: after both sides agreed, bytes are copied both ways.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

use super::Connection;

/// Bytes under way in each direction.
const BUFFER_BYTES: usize = 16 * 1024;

/// Joins both sides in a task of its own. The connection's place in the limit is kept until both have ended.
pub(super) fn join(client: OnUpgrade, site: OnUpgrade, connection: Connection) {
    tokio::spawn(async move {
        let (Ok(client), Ok(site)) = tokio::join!(client, site) else { return };
        let (mut client, mut site) = (TokioIo::new(client), TokioIo::new(site));
        // How it ends is the business of the two sides.
        _ = tokio::io::copy_bidirectional_with_sizes(&mut client, &mut site, BUFFER_BYTES, BUFFER_BYTES).await;
        drop(connection);
    });
}
