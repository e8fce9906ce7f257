//! Conversions from and to the `sdp-types` crate: the same lines, the same keys, no panic.
#![cfg(feature = "sdp-types")]
// clippy.toml frees `#[test]` functions; their helpers here are as much a test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use sdes_sdp::sdp_types::{SessionError, crypto_lines, to_text};
use sdes_sdp::{Connection, Emit, Sdp};
use sdp_types::{Attribute, Session};

const INVITE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../test-vectors/sdes/sdp/typical-invite.sdp"
));

/// Read here or there, the crypto lines mean the same, and written into a session they are the same
/// again.
#[test]
fn crypto_lines_there_and_back() {
    let sdp = Sdp::parse(INVITE).unwrap();
    let mut session = Session::try_from(&sdp).unwrap();
    let ours = sdp.media().next().unwrap().crypto();
    let ours: Vec<_> = ours.map(|entry| entry.parsed.unwrap().meaning().unwrap()).collect();
    let media = &mut session.medias[0];
    let theirs: Vec<_> = crypto_lines(media).map(|line| line.unwrap().meaning().unwrap()).collect();
    assert_eq!(ours.len(), 4);
    assert_eq!(theirs, ours);

    media.attributes.retain(|attribute| attribute.attribute != "crypto");
    media.attributes.extend(ours.iter().map(|line| Attribute::from(line.line(&Emit::default()))));
    let text = to_text(&session);
    let again = Sdp::parse(&text).unwrap();
    let again = again.media().next().unwrap().crypto();
    let again: Vec<_> = again.map(|entry| entry.parsed.unwrap().meaning().unwrap()).collect();
    assert_eq!(again, ours);
}

#[test]
fn connections_there_and_back() {
    let connection = Connection { net_type: "IN", addr_type: "IP4", address: "233.252.0.1/127" };
    let theirs = sdp_types::Connection::from(connection);
    assert_eq!(Connection::from(&theirs), connection);
}

/// Every line of a description moved to every other place: whatever comes of it, it is no panic,
/// and where both read it they see the same media.
#[test]
fn lines_out_of_order_do_no_harm() {
    let lines: Vec<_> = INVITE.split_inclusive('\n').collect();
    let (mut refused, mut read) = (0, 0);
    for from in 0..lines.len() {
        for to in 0..lines.len() {
            let mut moved = lines.clone();
            let line = moved.remove(from);
            moved.insert(to, line);
            let text = moved.concat();
            let Ok(sdp) = Sdp::parse(&text) else {
                continue;
            };
            match Session::try_from(&sdp) {
                Ok(session) => {
                    assert_eq!(session.medias.len(), sdp.media_count());
                    read += 1;
                }
                Err(SessionError::Order(_)) => refused += 1,
                Err(_) => {}
            }
        }
    }
    assert!(refused > 100 && read > 100, "{refused} {read}");
}

/// Only the order of lines keeps an SDP from being converted, and the error says which line it is.
#[test]
fn an_sdp_out_of_order_is_refused_with_its_remark() {
    let odd = INVITE.replace("\r\n", "\n");
    assert!(Session::try_from(&Sdp::parse(&odd).unwrap()).is_ok(), "bare LF");
    let late = format!("{INVITE}t=0 0\r\n");
    let sdp = Sdp::parse(&late).unwrap();
    let remark = sdp.remarks().next().unwrap();
    let error = Session::try_from(&sdp).unwrap_err();
    assert_eq!(error.to_string(), remark.to_string());
    let refused = Session::try_from(&Sdp::parse("m=audio 9 RTP/AVP 0\r\n").unwrap()).unwrap_err();
    assert!(!refused.to_string().is_empty());
}
