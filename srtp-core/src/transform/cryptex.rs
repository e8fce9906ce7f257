//! Cryptex: a packet's header extension marked and unmarked, and what it encrypts brought into one
//! piece and back.
//!
//! Read first: RFC 9335 §5 and §6.

#[cfg(feature = "gcm")]
use super::tag::put;
#[cfg(feature = "gcm")]
use crate::primitive::{GCM_TAG_LEN, Gcm};
use crate::wire::{EXTENSION_HEAD_LEN, RTP_FIXED_HEADER_LEN, RtpHeader, extension};

/// Gives a header extension the "defined by profile" of its encrypted form (RFC 9335 §5.1). The
/// application bits of two-byte headers have no place there.
pub(super) fn mark(body: &mut [u8], header: &RtpHeader) {
    let marked = match header.extension_profile {
        Some(extension::ONE_BYTE) => extension::CRYPTEX_ONE_BYTE,
        _ => extension::CRYPTEX_TWO_BYTE,
    };
    write_profile(body, header, marked);
}

/// Gives a header extension the "defined by profile" of its form in the clear.
pub(super) fn unmark(body: &mut [u8], header: &RtpHeader) {
    let unmarked = match header.extension_profile {
        Some(extension::CRYPTEX_ONE_BYTE) => extension::ONE_BYTE,
        _ => extension::TWO_BYTE,
    };
    write_profile(body, header, unmarked);
}

pub(super) fn write_profile(body: &mut [u8], header: &RtpHeader, profile: u16) {
    if let Some(place) = body.get_mut(header.csrc_end()..header.csrc_end() + 2) {
        place.copy_from_slice(&profile.to_be_bytes());
    }
}

/// Brings the head of the extension before the CSRCs, so that what Cryptex encrypts stands in one
/// piece (RFC 9335 §6.2, its second figure).
#[cold]
#[inline(never)]
pub(super) fn rearrange(body: &mut [u8], header: &RtpHeader) {
    if let Some(moved) = body.get_mut(rearranged_part(header)) {
        moved.rotate_left(header.csrc_end() - RTP_FIXED_HEADER_LEN);
    }
}

/// Undoes [`rearrange`].
pub(super) fn put_back(body: &mut [u8], header: &RtpHeader) {
    if let Some(moved) = body.get_mut(rearranged_part(header)) {
        moved.rotate_right(header.csrc_end() - RTP_FIXED_HEADER_LEN);
    }
}

pub(super) fn rearranged_part(header: &RtpHeader) -> core::ops::Range<usize> {
    RTP_FIXED_HEADER_LEN..header.csrc_end() + EXTENSION_HEAD_LEN
}

/// The tag of a Cryptex packet without moving anything: the CSRCs are the front of the ciphertext
/// and the head of the extension the end of the associated data (RFC 9335 §6.2).
#[cfg(feature = "gcm")]
pub(super) fn cryptex_tag(
    gcm: &Gcm,
    iv: u128,
    body: &[u8],
    header: &RtpHeader,
) -> [u8; GCM_TAG_LEN] {
    const JOINT: usize = 64; // whole blocks, and no less than 15 CSRCs
    let fixed = body.get(..RTP_FIXED_HEADER_LEN).unwrap_or_default();
    let csrcs = body.get(RTP_FIXED_HEADER_LEN..header.csrc_end()).unwrap_or_default();
    let rest = body.get(header.csrc_end()..).unwrap_or_default();
    let (head, data) = rest.split_at_checked(EXTENSION_HEAD_LEN).unwrap_or((rest, &[]));
    if csrcs.is_empty() {
        return gcm.tag(iv, (fixed, head), (data, &[]));
    }
    let (near, far) = data.split_at_checked(JOINT - csrcs.len()).unwrap_or((data, &[]));
    let mut joint = [0; JOINT];
    put(&mut joint, &[csrcs, near]);
    let joint = joint.get(..csrcs.len() + near.len()).unwrap_or(&joint);
    gcm.tag(iv, (fixed, head), (joint, far))
}
