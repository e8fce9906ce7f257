//! SRTCP whose tag was cut to the length of SRTP's, as some senders do with the suites of 32 bits.
//! The tag is completed from what is there, so that the packet goes through the library like any
//! other.
//!
//! Read first: RFC 4568 §6.2 (the table), RFC 3711 §3.4.

use sdes_sdp::{MasterKey, Policy};
use srtp_core::wire::{RTCP_CLEAR_LEN, RtcpHeader, SRTCP_INDEX_LEN};
use srtp_core::{Fixed, Outbound};

use super::direction::Keying;

/// The packet with its whole tag, if the short one is the front of it under one of these keys.
pub(super) fn completed(keying: &Keying, packet: &[u8]) -> Option<Vec<u8>> {
    keying.keys.iter().find_map(|key| under(key, keying.policy, packet))
}

fn under(key: &MasterKey, policy: Policy, packet: &[u8]) -> Option<Vec<u8>> {
    let short = key.suite().parameters().srtp_tag_len;
    let trailer = SRTCP_INDEX_LEN + key.mki().len() + short;
    let body_len = packet.len().checked_sub(trailer).filter(|&len| len >= RTCP_CLEAR_LEN)?;
    let (body, trailer) = packet.split_at_checked(body_len)?;
    let word = u32::from_be_bytes(*trailer.first_chunk()?);
    let (encrypted, index) = (word >> 31 == 1, word & 0x7fff_ffff);
    if encrypted == policy.unencrypted_srtcp {
        return None;
    }
    // Ciphertext under the same index encrypts to plaintext, and that to the packet as it was.
    let plain = match encrypted {
        true => sealed(key, policy, index, body)?.get(..body_len)?.to_vec(),
        false => body.to_vec(),
    };
    let whole = sealed(key, policy, index, &plain)?;
    whole.starts_with(packet).then_some(whole)
}

fn sealed(key: &MasterKey, policy: Policy, index: u32, body: &[u8]) -> Option<Vec<u8>> {
    let mut context = Outbound::<Fixed<1>, 1>::new(key, policy).ok()?;
    context.set_rtcp_index(RtcpHeader::parse(body).ok()?.ssrc, index).ok()?;
    let mut packet = body.to_vec();
    packet.resize(body.len() + context.rtcp_overhead(), 0);
    let len = context.protect_rtcp(&mut packet, body.len()).ok()?;
    packet.truncate(len);
    Some(packet)
}
