//! Short ways to write SDPs in tests.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use sdes_sdp::sdp::{Connection, Origin};
use sdes_sdp::{CryptoSuite, MasterKey};
use srtp_negotiation::LocalSession;

/// Keys of the vendors' own documents.
pub(crate) const KEY_A: &str = "nl326xLShGuIXLMkyqo+ExM5GPbz+MLbWMZotRRI";
pub(crate) const KEY_B: &str = "W1AGU0FjVJv0avRW8JgztcoE6B2dBAyIlXCdQh7w";
pub(crate) const KEY_C: &str = "NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj";

/// An SDP of these m-lines and attributes; `crypto:` stands for `a=crypto:`, and so on.
pub(crate) fn sdp(lines: &[&str]) -> String {
    let mut text =
        String::from("v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n");
    for line in lines {
        let prefix = if line.starts_with("m=") { "" } else { "a=" };
        text += &format!("{prefix}{line}\r\n");
    }
    text
}

pub(crate) fn crypto(tag: u32, suite: &str, key: &str, more: &str) -> String {
    format!("crypto:{tag} {suite} inline:{key}{more}")
}

pub(crate) fn session() -> LocalSession<'static> {
    let (net_type, addr_type, address) = ("IN", "IP4", "192.0.2.2");
    let origin = Origin {
        username: "-",
        session_id: "2",
        session_version: "1",
        net_type,
        addr_type,
        address,
    };
    LocalSession { origin, name: "-", connection: Connection { net_type, addr_type, address } }
}

pub(crate) fn key(suite: CryptoSuite, byte: u8) -> MasterKey {
    MasterKey::new(suite, &vec![byte; suite.key_salt_len()]).unwrap()
}
