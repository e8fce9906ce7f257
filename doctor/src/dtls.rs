//! What is said where an offer takes its keys from DTLS-SRTP and has no crypto line to speak of.
//!
//! Read first: RFC 5763 §5, RFC 5764 §4.1.

use sdes_sdp::Media;

/// What it means, and what to change.
pub const ADVICE: &str = "keyed by DTLS-SRTP (RFC 5763): the two sides agree on keys in a handshake on the \
                          media port, which a=fingerprint vouches for, and no a=crypto line has them; offer \
                          RTP/SAVP with a=crypto, or put a gateway that does both between";

/// Whether an m-line can only be keyed by a DTLS handshake, whatever it calls its profile.
pub fn alone_keys(media: &Media<'_>) -> bool {
    let announced = media.profile().is_dtls() || media.fingerprint().is_some();
    announced && !media.has_crypto() && media.port() != 0
}
