//! What is said where an offer takes its keys from DTLS-SRTP and has no crypto line.
//!
//! Read first: RFC 5763 §5, RFC 5764 §4.1.

use sdes_sdp::Media;

/// What it means, and what to change.
pub const ADVICE: &str = "keyed by DTLS-SRTP (RFC 5763): the two sides agree on keys in a handshake on the \
                          media port, which a=fingerprint vouches for, and no a=crypto line has them; offer \
                          RTP/SAVP with a=crypto, or put a gateway that does both between";

/// Why such an m-line is left alone where its profile does not say DTLS, and the other side agrees.
pub const ANNOUNCED: &str = "both sides announce DTLS fingerprints and no crypto line";

/// What that rests on.
pub const ANNOUNCED_SOURCE: &str = "RFC 5763 §5";

/// Whether both sides of an m-line announce a handshake and no crypto line.
pub fn announced(offered: &Media<'_>, answered: &Media<'_>) -> bool {
    alone_keys(offered) && answered.fingerprint().is_some() && !answered.has_crypto()
}

/// Whether an m-line can only be keyed by a DTLS handshake, whatever it calls its profile.
pub fn alone_keys(media: &Media<'_>) -> bool {
    let announced = media.profile().is_dtls() || media.fingerprint().is_some();
    announced && !media.has_crypto() && media.port() != 0
}
