//! What the two sides say to a packet, in words that both have, and the differences between them
//! that are known.

use std::fmt;

use srtp_core::{ProtectError, UnprotectError};

use crate::libsrtp::Status;
use crate::peer::Protocol;

/// An outcome without its figures.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Class {
    Done,
    TooShort,
    Version,
    UnknownMki,
    AuthFailed,
    Replayed,
    TooOld,
    Policy,
    /// The end of the index space.
    Exhausted,
    Other,
}

/// A difference that docs/DIFFERENCES.md decides, under its name there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Difference {
    D3Version,
    D4EBitBeforeTag,
    D5ReplayBeforeTag,
    D6Short,
    D7EndOfIndices,
    D9WindowForgotten,
    D11NotOffered,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::D3Version => "D3: a version other than 2 is refused here as such",
            Self::D4EBitBeforeTag => "D4: libsrtp judges the E bit before the tag",
            Self::D5ReplayBeforeTag => "D5: libsrtp looks up the SRTCP index before the tag",
            Self::D6Short => "D6: of several things wrong with a short packet each names another",
            Self::D9WindowForgotten => "D9: libsrtp forgets the replay window when keys change",
            Self::D11NotOffered => "D11: short AES-GCM packets with MKI, not given to libsrtp",
            Self::D7EndOfIndices => "D7: past the end of the index space, not given to libsrtp",
        })
    }
}

pub fn of_protect(result: &Result<Vec<u8>, ProtectError>) -> Class {
    match result {
        Ok(_) => Class::Done,
        Err(ProtectError::TooShort { .. }) => Class::TooShort,
        Err(ProtectError::Malformed { .. }) => Class::Version,
        // Nobody there tells the two apart.
        Err(ProtectError::IndexReuse { .. }) => Class::Replayed,
        Err(ProtectError::IndexExhausted { .. }) => Class::Exhausted,
        Err(_) => Class::Other,
    }
}

pub fn of_unprotect(result: &Result<Vec<u8>, UnprotectError>) -> Class {
    match result {
        Ok(_) => Class::Done,
        Err(UnprotectError::TooShort { .. }) => Class::TooShort,
        Err(UnprotectError::Malformed { .. }) => Class::Version,
        Err(UnprotectError::UnknownMki) => Class::UnknownMki,
        Err(UnprotectError::AuthFailed) => Class::AuthFailed,
        Err(UnprotectError::Replayed { .. }) => Class::Replayed,
        Err(UnprotectError::TooOld { .. }) => Class::TooOld,
        Err(UnprotectError::Policy { .. }) => Class::Policy,
        Err(UnprotectError::IndexExhausted { .. }) => Class::Exhausted,
        Err(_) => Class::Other,
    }
}

pub fn of_libsrtp(result: &Result<Vec<u8>, Status>, protects: bool) -> Class {
    match result {
        Ok(_) => Class::Done,
        Err(Status::BAD_PARAM | Status::PARSE_ERR | Status::CIPHER_FAIL) => Class::TooShort,
        Err(Status::BAD_MKI) => Class::UnknownMki,
        Err(Status::AUTH_FAIL) => Class::AuthFailed,
        Err(Status::REPLAY_OLD) if protects => Class::Replayed,
        Err(Status::REPLAY_FAIL) => Class::Replayed,
        Err(Status::REPLAY_OLD) => Class::TooOld,
        Err(Status::CANT_CHECK) => Class::Policy,
        Err(_) => Class::Other,
    }
}

/// The known difference that a receiver's two outcomes are, if any. None of them lets a packet in
/// on one side only. `rekeyed` says whether keys have changed under rollover counters that went on.
pub fn known(protocol: Protocol, ours: Class, theirs: Class, rekeyed: bool) -> Option<Difference> {
    use Class::{AuthFailed, Done, Policy, Replayed, TooOld, TooShort, UnknownMki, Version};
    if ours == Done || theirs == Done {
        return None;
    }
    match (protocol, ours, theirs) {
        (_, Version, _) => Some(Difference::D3Version),
        (Protocol::Rtcp, AuthFailed | UnknownMki | TooShort, Policy) => {
            Some(Difference::D4EBitBeforeTag)
        }
        (Protocol::Rtcp, AuthFailed, Replayed | TooOld) => Some(Difference::D5ReplayBeforeTag),
        (Protocol::Rtp, Replayed | TooOld, AuthFailed | UnknownMki | TooShort) if rekeyed => {
            Some(Difference::D9WindowForgotten)
        }
        (_, TooShort, UnknownMki | AuthFailed) | (_, UnknownMki | AuthFailed, TooShort) => {
            Some(Difference::D6Short)
        }
        _ => None,
    }
}
