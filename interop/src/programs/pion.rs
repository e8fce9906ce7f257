//! pion/srtp, the SRTP of Go's WebRTC, behind `pion/filter.go`.

use std::process::Command;

use srtp_core::{CryptoSuite, Outbound, Policy};

use super::filter::{Filter, hex};
use crate::exchange::{SSRC, protect};
use crate::packets::{Shape, rtcp, rtp};
use crate::peer::{Agreed, Peer, Protocol};

/// The suites that pion/srtp has.
pub const SUITES: [CryptoSuite; 3] = [
    CryptoSuite::AesCm128HmacSha1_80,
    CryptoSuite::AesCm128HmacSha1_32,
    CryptoSuite::AeadAes128Gcm,
];

/// Both directions, in one process of `filter`, which is `pion/filter.go` built.
///
/// # Errors
/// That it could not be started.
pub fn start(filter: &str, agreed: &Agreed) -> Result<Filter, String> {
    let key_salt = hex(&agreed.key_salt);
    let (roc, ssrc) = (agreed.roc.to_string(), SSRC.to_string());
    Filter::start(Command::new(filter).args([agreed.suite.name(), &key_salt, &roc, &ssrc]))
}

/// What docs/DIFFERENCES.md says of it, D13 and D14.
///
/// # Errors
/// One of them is mended, or is another difference than was written down.
pub fn differences(peer: &mut Filter, agreed: &Agreed) -> Result<(), String> {
    let mut sender: Outbound =
        Outbound::new(&agreed.master_key(), Policy::SECURE).map_err(|error| error.to_string())?;
    // Made without the key, but for its length.
    let mut forged = protect(&mut sender, Protocol::Rtcp, &rtcp(SSRC, 0, 4))?;
    let behind_e = if agreed.suite == CryptoSuite::AeadAes128Gcm { 4 } else { 4 + 10 };
    let e = forged.len() - behind_e;
    forged[8..].fill(0x55);
    forged[e] = 0;
    if peer.unprotect(Protocol::Rtcp, &forged)? != forged {
        return Err("D13: a forged SRTCP packet with E = 0 is not handed on as it is".into());
    }
    // One more word of extension, with nothing in it.
    let mut padded = rtp(SSRC, 1, Shape { extension: Some(1), ..Shape::default() }, b"payload");
    padded[15] = 2;
    padded.splice(20..20, [0; 4]);
    let ours = protect(&mut sender, Protocol::Rtp, &padded)?;
    let theirs = peer.protect(Protocol::Rtp, &padded)?;
    if theirs.len() + 4 != ours.len() || theirs[15] != 1 {
        return Err("D14: padding in a header extension is kept".into());
    }
    Ok(())
}
