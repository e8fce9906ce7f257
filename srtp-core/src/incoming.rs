//! A packet that came in, against one master key: taken apart, verified, and decrypted where that
//! is asked for. Which key, which rollover counter and what a stream says to the index is the
//! context's matter.
//!
//! Read first: RFC 3711 §3.3, §3.4.

// A build without lanes foresees nothing.
#![cfg_attr(not(all(feature = "accel", feature = "hmac-sha1")), allow(dead_code))]

use core::ptr::NonNull;

use crate::context::UnprotectError;
use crate::policy::MkiPolicy;
use crate::policy::Policy;
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
use crate::primitive::{HmacJob, HmacSha1};
use crate::ring::ActiveKey;
use crate::transform::{Cover, Digest, MAX_PAYLOAD_LEN, MacInput, Protocol, Rtp, split_index_word};
use crate::wire::{Layout, RTCP_CLEAR_LEN, RTP_FIXED_HEADER_LEN, RtpHeader, Trailer};

/// The packet under examination.
pub(crate) enum Examined<'p> {
    /// To be opened where it lies; an HMAC of it may be known.
    Open(&'p mut [u8], Option<KnownMac<'p>>),
    /// Only to be looked at.
    Look(&'p [u8]),
    /// To find out which HMAC decides first whether it is authentic.
    Foresee(&'p [u8], &'p mut Option<NeededMac>),
}

/// An HMAC that will be asked for: of which key, over what.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NeededMac {
    /// Tells the key from others of the same context, nothing more. None where there is no such HMAC.
    key: Option<NonNull<ActiveKey>>,
    input: MacInput,
    found: Found,
}

/// What was found of a packet that may go the short way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Found {
    /// Where the stream is that it seems to be of.
    pub(crate) slot: usize,
    pub(crate) ssrc: u32,
    pub(crate) index: u64,
    /// Zero where nothing was found, for no header is so short.
    pub(crate) header_len: usize,
}

/// An HMAC that was computed ahead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownMac<'n> {
    pub(crate) of: &'n NeededMac,
    pub(crate) digest: &'n Digest,
}

impl Found {
    const NOTHING: Self = Self { slot: 0, ssrc: 0, index: 0, header_len: 0 };
}

impl NeededMac {
    /// Nothing is needed. (All zeros, and so quickly written where many are to come.)
    pub(crate) const NONE: Self =
        Self { key: None, input: MacInput::NOTHING, found: Found::NOTHING };

    /// None where there is something else against the packet, or where the key's place tells no
    /// session keys.
    #[inline]
    fn new(
        key: &ActiveKey,
        input: Option<MacInput>,
        admissible: Result<(), UnprotectError>,
    ) -> Option<Self> {
        let key = (admissible.is_ok() && key.keeps_its_keys()).then_some(key)?;
        Some(Self { key: Some(NonNull::from(key)), input: input?, found: Found::NOTHING })
    }

    /// Of a packet on the short way.
    #[inline(always)]
    pub(crate) fn ordinary(key: &ActiveKey, input: MacInput, found: Found) -> Self {
        Self { key: Some(NonNull::from(key)), input, found }
    }

    /// The job of computing it for the packet that it is needed of.
    #[cfg(all(feature = "accel", feature = "hmac-sha1"))]
    #[inline(always)]
    pub(crate) fn job<'p>(&self, auth: &'p HmacSha1, packet: &'p [u8]) -> Option<HmacJob<'p>> {
        let message = packet.get(..self.input.len)?;
        Some(HmacJob::new(auth.states(), message, self.input.suffix()))
    }

    #[inline]
    pub(crate) fn is_under(&self, key: &ActiveKey) -> bool {
        self.key == Some(NonNull::from(key))
    }

    #[inline(always)]
    pub(crate) fn is_none(&self) -> bool {
        self.key.is_none()
    }
}

impl KnownMac<'_> {
    /// Whether this is the HMAC that is asked for.
    #[inline(always)]
    pub(crate) fn answers(self, key: &ActiveKey, input: Option<MacInput>) -> bool {
        #[cfg(test)]
        crate::tests::effort::asks_again();
        self.of.is_under(key) && Some(self.of.input) == input
    }

    /// What was found of the packet, if it may go the short way.
    #[inline(always)]
    pub(crate) fn found(self) -> Option<Found> {
        (self.of.found.header_len > 0).then_some(self.of.found)
    }

    /// What of the packet was authenticated, and the tag that came with it where that is all that
    /// follows.
    #[inline(always)]
    pub(crate) fn body_and_tag(self, packet: &mut [u8]) -> Option<(&mut [u8], &[u8])> {
        let (body, tag) = packet.split_at_mut_checked(self.of.input.len)?;
        Some((body, tag))
    }
}

impl Examined<'_> {
    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Open(packet, _) => packet,
            Self::Look(packet) | Self::Foresee(packet, _) => packet,
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
#[inline(always)]
pub(crate) fn lay_out(
    packet: &[u8],
    trailer: Trailer,
    clear: usize,
    mki: &[u8],
) -> Result<Layout, UnprotectError> {
    #[cfg(test)]
    crate::tests::effort::goes_the_long_way();
    let layout = trailer.layout(packet.len(), clear)?;
    if packet.get(layout.mki()) != Some(mki) {
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
        Cover::Cryptex(_) => RTP_FIXED_HEADER_LEN,
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
#[inline(always)]
pub(crate) fn attempt_rtp<T>(
    key: &ActiveKey,
    packet: &mut Examined<'_>,
    rtp: Rtp<'_>,
    layout: &Layout,
    admissible: Result<(), UnprotectError>,
    found: T,
) -> Attempt<T> {
    let mut derived = None;
    let keys = key.keys(Protocol::Srtp, rtp.index, &mut derived);
    let right = match (packet, admissible) {
        (Examined::Open(packet, known), Ok(())) => match known {
            Some(known) if known.answers(key, keys.rtp_mac_input(rtp.index, layout)) => {
                keys.open_rtp_knowing(packet, rtp, layout, known.digest)
            }
            _ => keys.open_rtp(packet, rtp, layout),
        },
        (Examined::Foresee(_, needed), admissible) => {
            let input = keys.rtp_mac_input(rtp.index, layout);
            **needed = NeededMac::new(key, input, admissible);
            true
        }
        (packet, _) => keys.verify_rtp(packet.bytes(), rtp, layout),
    };
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
    let mut derived = None;
    let keys = key.keys(Protocol::Srtcp, index.into(), &mut derived);
    let right = match (packet, admissible) {
        (Examined::Open(packet, known), Ok(())) => {
            let word = index_word(packet, layout);
            match known {
                Some(known) if known.answers(key, keys.rtcp_mac_input(word, layout)) => {
                    keys.open_rtcp_knowing(packet, layout, known.digest)
                }
                _ => keys.open_rtcp(packet, layout),
            }
        }
        (Examined::Foresee(packet, needed), admissible) => {
            let input = keys.rtcp_mac_input(index_word(packet, layout), layout);
            **needed = NeededMac::new(key, input, admissible);
            true
        }
        (packet, _) => keys.verify_rtcp(packet.bytes(), layout),
    };
    conclude(right, admissible, found)
}

/// E bit and index of an SRTCP packet as they stand in it.
#[inline]
fn index_word(packet: &[u8], layout: &Layout) -> [u8; 4] {
    let word = packet.get(layout.index()).and_then(<[u8]>::first_chunk);
    word.copied().unwrap_or_default()
}

#[inline(always)]
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
    let (encrypted, index) = split_index_word(packet.get(layout.index()).unwrap_or_default());
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
