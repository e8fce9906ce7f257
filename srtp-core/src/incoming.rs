//! A packet that came in, against one master key: taken apart, verified, and decrypted where that
//! is asked for. Which key, which rollover counter and what a stream says to the index is the
//! context's matter.
//!
//! Read first: RFC 3711 §3.3, §3.4.

use crate::context::UnprotectError;
use crate::policy::MkiPolicy;
use crate::policy::Policy;
use crate::ring::ActiveKey;
use crate::transform::{Cover, MAX_PAYLOAD_LEN, Protocol, Rtp, split_index_word};
use crate::wire::{Layout, RTCP_CLEAR_LEN, RTP_FIXED_HEADER_LEN, RtpHeader, Trailer};

/// The packet under examination: to be opened where it lies, or only to be looked at.
pub(crate) enum Examined<'p> {
    Open(&'p mut [u8]),
    Look(&'p [u8]),
}

impl Examined<'_> {
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Open(packet) => packet,
            Self::Look(packet) => packet,
        }
    }
}

/// What came of a packet under one key and one layout.
pub(crate) enum Attempt<T> {
    /// The key's own; if it was to be opened, it is.
    Opened(T),
    /// The key's own, refused for another reason, and as it was.
    Refused(UnprotectError),
    /// Not the key's.
    Foreign,
}

/// Under which readings of the trailer a packet is tried: with its MKI, without.
#[inline]
pub(crate) fn mki_readings(policy: &Policy) -> &'static [bool] {
    match policy.mki {
        MkiPolicy::Require => &[true],
        MkiPolicy::AcceptIfPresent => &[true, false],
        MkiPolicy::Never => &[false],
    }
}

/// Takes the packet apart by `trailer`, if the MKI in it is the key's.
///
/// # Errors
/// [`UnprotectError::TooShort`], [`UnprotectError::UnknownMki`].
#[inline]
pub(crate) fn lay_out(
    packet: &[u8],
    trailer: Trailer,
    clear: usize,
    mki: &[u8],
) -> Result<Layout, UnprotectError> {
    let layout = trailer.layout(packet.len(), clear)?;
    if packet.get(layout.mki.clone()) != Some(mki) {
        return Err(UnprotectError::UnknownMki);
    }
    Ok(layout)
}

/// Refuses what is longer than a counter reaches.
#[inline]
pub(crate) fn payload_limit(
    header: &RtpHeader,
    cover: Cover<'_>,
    layout: &Layout,
) -> Result<(), UnprotectError> {
    let from = match cover {
        Cover::Cryptex => RTP_FIXED_HEADER_LEN,
        _ => header.len,
    };
    limit(layout.body_len - from.min(layout.body_len))
}

/// Refuses what is longer than a counter reaches.
#[inline]
pub(crate) fn rtcp_payload_limit(layout: &Layout) -> Result<(), UnprotectError> {
    limit(layout.body_len - RTCP_CLEAR_LEN.min(layout.body_len))
}

#[inline]
fn limit(len: usize) -> Result<(), UnprotectError> {
    if len > MAX_PAYLOAD_LEN {
        return Err(UnprotectError::TooLong { len, limit: MAX_PAYLOAD_LEN });
    }
    Ok(())
}

/// Verifies an SRTP packet under one index, and opens it unless it is only to be looked at or
/// there is something else against it.
#[inline]
pub(crate) fn attempt_rtp<T>(
    key: &ActiveKey,
    packet: &mut Examined<'_>,
    rtp: Rtp<'_>,
    layout: &Layout,
    admissible: Result<(), UnprotectError>,
    found: T,
) -> Attempt<T> {
    let right = key.with_keys(Protocol::Srtp, rtp.index, |keys| match (packet, admissible) {
        (Examined::Open(packet), Ok(())) => keys.open_rtp(packet, rtp, layout),
        (packet, _) => keys.verify_rtp(packet.bytes(), rtp, layout),
    });
    conclude(right, admissible, found)
}

/// As [`attempt_rtp`], for SRTCP.
#[inline]
pub(crate) fn attempt_rtcp<T>(
    key: &ActiveKey,
    packet: &mut Examined<'_>,
    index: u32,
    layout: &Layout,
    admissible: Result<(), UnprotectError>,
    found: T,
) -> Attempt<T> {
    let right = key.with_keys(Protocol::Srtcp, index.into(), |keys| match (packet, admissible) {
        (Examined::Open(packet), Ok(())) => keys.open_rtcp(packet, layout),
        (packet, _) => keys.verify_rtcp(packet.bytes(), layout),
    });
    conclude(right, admissible, found)
}

#[inline]
fn conclude<T>(right: bool, admissible: Result<(), UnprotectError>, found: T) -> Attempt<T> {
    match (right, admissible) {
        (false, _) => Attempt::Foreign,
        (true, Ok(())) => Attempt::Opened(found),
        (true, Err(refusal)) => Attempt::Refused(refusal),
    }
}

/// E bit and index of an SRTCP packet, and whether the E bit is what the policy says
/// (RFC 4568 §6.3.2: what was agreed decides, not what the packet says of itself).
#[inline]
pub(crate) fn rtcp_index(
    key: &ActiveKey,
    policy: &Policy,
    packet: &[u8],
    layout: &Layout,
) -> (bool, u32, Result<(), UnprotectError>) {
    let (encrypted, index) = split_index_word(packet.get(layout.index.clone()).unwrap_or_default());
    let allowed = match encrypted == policy.encrypts_srtcp(key.master().suite()) {
        true => Ok(()),
        false => Err(UnprotectError::Policy { encrypted }),
    };
    (encrypted, index, allowed)
}

/// The front of an output buffer that the plain packet takes.
///
/// # Errors
/// [`UnprotectError::NoRoom`].
#[inline]
pub(crate) fn room(output: &mut [u8], needed: usize) -> Result<&mut [u8], UnprotectError> {
    let available = output.len();
    output.get_mut(..needed).ok_or(UnprotectError::NoRoom { available, needed })
}
