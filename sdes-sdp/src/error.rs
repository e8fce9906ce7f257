//! Why a crypto line was refused: a column, a sentence with figures, an RFC section, and never a
//! character of the line itself, which may be a key that slipped into the wrong field.
//!
//! Read first: RFC 4568 §4, §6.1, §6.3, §9.

use core::fmt;

use srtp_core::CryptoSuite;

use crate::attribute::MAX_KEYS;
use crate::note::NoteKind;

/// A crypto line that is not valid, or not one this library can use.
///
/// ```
/// use sdes_sdp::{CryptoLine, Tolerance};
///
/// let line = CryptoLine::parse(
///     "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSo",
/// )?;
/// assert_eq!(
///     line.validate(Tolerance::Tolerant).unwrap_err().to_string(),
///     "column 43: key and salt are 29 bytes; AES_CM_128_HMAC_SHA1_80 needs 30 (RFC 4568 §6.1)",
/// );
/// # Ok::<(), sdes_sdp::CryptoError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CryptoError {
    /// Where in the line, in bytes, the first being column 1. A whole SDP line counts from its
    /// `a=`, a bare attribute value from its tag.
    pub column: usize,
    /// What is wrong there.
    pub kind: CryptoErrorKind,
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.kind)
    }
}

impl core::error::Error for CryptoError {}

/// What is wrong with a crypto line, or with the values one was to be made of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum CryptoErrorKind {
    /// There is no decimal tag (RFC 4568 §9.1).
    Tag,
    /// The tag has a leading zero (RFC 4568 §4.1).
    TagLeadingZero,
    /// The tag is above 999999999, nine digits (RFC 4568 §9.1).
    TagTooLong,
    /// The line ends where the crypto-suite should stand (RFC 4568 §9.1).
    MissingSuite,
    /// The crypto-suite has a character other than a letter, digit or `_` (RFC 4568 §9.1).
    SuiteCharacter,
    /// The line ends after the crypto-suite (RFC 4568 §4.3).
    MissingKey,
    /// The line ends after the crypto-suite and the next line of the SDP holds the key
    /// parameters: one line was broken in two, as documents print it (RFC 4568 §4).
    BrokenInTwo,
    /// A line break inside the line (RFC 4568 §9.1).
    LineBreak,
    /// A key parameter without the `:` after its key method (RFC 4568 §9.1).
    KeyMethod,
    /// Nothing between the `:` of a key method and the next blank or `;` (RFC 4568 §9.1).
    EmptyKeyInfo,
    /// A character that is not a printing one of US-ASCII (RFC 4568 §9.1).
    Character,
    /// Nothing before, between or after the `;` of several key parameters (RFC 4568 §9.1).
    EmptyKey,
    /// A crypto-suite this library does not know (RFC 4568 §6.2).
    UnknownSuite,
    /// The crypto-suite is known, but the Cargo features of srtp-core leave it out of this build.
    SuiteNotBuiltIn {
        /// The suite.
        suite: CryptoSuite,
    },
    /// A key method other than `inline` (RFC 4568 §6.1).
    UnknownKeyMethod,
    /// A session parameter this library does not know and that may not be ignored, because it
    /// does not begin with `-` (RFC 4568 §6.3.7).
    UnknownParameter,
    /// Key and salt are not base64 (RFC 4568 §6.1).
    Base64Character,
    /// So many base64 characters, padding aside, are never a whole number of bytes
    /// (RFC 4568 §6.1).
    Base64Length {
        /// Characters given, without `=`.
        characters: usize,
    },
    /// Key and salt together have the wrong length for the suite (RFC 4568 §6.1).
    KeySaltLength {
        /// The suite they were meant for.
        suite: CryptoSuite,
        /// Bytes given.
        given: usize,
    },
    /// The lifetime is not a decimal number or `2^` and one, or has a leading zero
    /// (RFC 4568 §6.1).
    LifetimeSyntax,
    /// The lifetime is zero or above the maximum of the suite (RFC 4568 §6.1).
    Lifetime {
        /// The suite it was meant for.
        suite: CryptoSuite,
    },
    /// An MKI without its length, or something else after the lifetime (RFC 4568 §6.1).
    MkiWithoutLength,
    /// The MKI is not a decimal number or has a leading zero (RFC 4568 §6.1).
    MkiSyntax,
    /// The length of the MKI is not 1 to 128 bytes or has a leading zero (RFC 4568 §6.1).
    MkiLength,
    /// The MKI does not fit in its length (RFC 4568 §6.1).
    MkiTooLarge {
        /// The length given with it, in bytes.
        length: usize,
    },
    /// An MKI of zero where a positive one is needed (RFC 4568 §6.1).
    MkiZero,
    /// More fields than key, lifetime and MKI (RFC 4568 §9.2).
    ExtraKeyField,
    /// Several keys, one of them without MKI (RFC 4568 §6.1).
    KeyWithoutMki,
    /// Several keys whose MKIs differ in length (RFC 4568 §6.1).
    MkiLengthsDiffer {
        /// Length of the first key's MKI, in bytes.
        first: usize,
        /// Length of this one's, in bytes.
        this: usize,
    },
    /// Two keys with the same MKI: packets could not say which is meant (RFC 4568 §4.3).
    RepeatedMki,
    /// A key to be added that the line has already (RFC 4568 §6.1). In a line that is read this is
    /// a [`NoteKind::RepeatedKey`].
    RepeatedKey,
    /// More keys than fit ([`MAX_KEYS`]).
    TooManyKeys,
    /// A key of another suite, or of another key derivation rate, than the attribute's.
    MixedKeys,
    /// `KDR` is not 1 to 24 (RFC 4568 §6.3.1).
    Kdr,
    /// `WSH` is not a number from 64 that fits 32 bits (RFC 4568 §6.3.6).
    WindowSizeHint,
    /// `FEC_ORDER` is neither `FEC_SRTP` nor `SRTP_FEC` (RFC 4568 §6.3.4).
    FecOrder,
    /// The same session parameter twice (RFC 4568 §6.3).
    RepeatedParameter,
    /// `UNENCRYPTED_SRTP` or `UNAUTHENTICATED_SRTP` with a suite that cannot do one without the
    /// other (RFC 7714 §8.2).
    NotWithAead {
        /// The suite.
        suite: CryptoSuite,
    },
    /// An oddity that the chosen [`Tolerance`](crate::Tolerance) does not allow.
    Refused(NoteKind),
}

impl CryptoErrorKind {
    /// This kind at a column.
    pub(crate) const fn at(self, column: usize) -> CryptoError {
        CryptoError { column, kind: self }
    }

    /// Whether the line may well be valid, but uses a suite, a key method or a session parameter
    /// that this library does not know. Such a line is skipped like an invalid one
    /// (RFC 4568 §5.1.2, §6.3.7); it is no reason to suspect the peer.
    pub const fn is_unsupported(self) -> bool {
        matches!(
            self,
            Self::UnknownSuite
                | Self::SuiteNotBuiltIn { .. }
                | Self::UnknownKeyMethod
                | Self::UnknownParameter
        )
    }
}

impl fmt::Display for CryptoErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = match *self {
            Self::Tag => "there is no decimal tag (RFC 4568 §9.1)",
            Self::TagLeadingZero => "the tag has a leading zero (RFC 4568 §4.1)",
            Self::TagTooLong => "the tag has more than nine digits (RFC 4568 §9.1)",
            Self::MissingSuite => {
                "the line ends where the crypto-suite should stand (RFC 4568 §9.1)"
            }
            Self::SuiteCharacter => {
                "the crypto-suite has a character that is not a letter, a digit or `_` (RFC 4568 §9.1)"
            }
            Self::MissingKey => {
                "the line ends after the crypto-suite; key parameters must follow (RFC 4568 §4.3)"
            }
            Self::BrokenInTwo => {
                "the line ends after the crypto-suite and its key parameters stand on the next line; \
                 documents print it like this, in an SDP it is one line (RFC 4568 §4)"
            }
            Self::LineBreak => "a line break inside the crypto line (RFC 4568 §9.1)",
            Self::KeyMethod => {
                "a key parameter must be a key method and `:`, as in `inline:` (RFC 4568 §9.1)"
            }
            Self::EmptyKeyInfo => {
                "nothing follows the `:` of the key method; the key must, without a blank \
                 (RFC 4568 §9.1)"
            }
            Self::Character => "a character that is not printing US-ASCII (RFC 4568 §9.1)",
            Self::EmptyKey => "a `;` without a key parameter on both sides (RFC 4568 §9.1)",
            Self::UnknownSuite => "the crypto-suite is not known here (RFC 4568 §6.2)",
            Self::SuiteNotBuiltIn { suite } => {
                return write!(f, "{suite} is not built into this program");
            }
            Self::UnknownKeyMethod => "the key method is not `inline` (RFC 4568 §6.1)",
            Self::UnknownParameter => {
                "the session parameter is not known here and, without a leading `-`, \
                 may not be ignored (RFC 4568 §6.3.7)"
            }
            Self::Base64Character => {
                "key and salt have a character that is not base64 (RFC 4568 §6.1)"
            }
            Self::Base64Length { characters } => {
                return write!(
                    f,
                    "key and salt are {characters} base64 characters, which is never a whole \
                     number of bytes; one is missing or too many (RFC 4568 §6.1)"
                );
            }
            Self::KeySaltLength { suite, given } => {
                return write!(
                    f,
                    "key and salt are {given} bytes; {suite} needs {} (RFC 4568 §6.1)",
                    suite.key_salt_len()
                );
            }
            Self::LifetimeSyntax => {
                "the lifetime must be a decimal number, or one after `2^`, without leading zeros \
                 (RFC 4568 §6.1)"
            }
            Self::Lifetime { suite } => {
                return write!(
                    f,
                    "the lifetime is not between 1 and {}, the maximum of {suite} (RFC 4568 §6.1)",
                    suite.parameters().srtp_lifetime
                );
            }
            Self::MkiWithoutLength => {
                "after the lifetime only an MKI with its length can follow, as in `|1:4` \
                 (RFC 4568 §6.1)"
            }
            Self::MkiSyntax => {
                "the MKI must be a decimal number without leading zeros (RFC 4568 §6.1)"
            }
            Self::MkiLength => {
                "the length of the MKI must be 1 to 128 bytes, without leading zeros (RFC 4568 §6.1)"
            }
            Self::MkiTooLarge { length } => {
                let bytes = if length == 1 { "byte" } else { "bytes" };
                return write!(
                    f,
                    "the MKI does not fit in its length of {length} {bytes} (RFC 4568 §6.1)"
                );
            }
            Self::MkiZero => "the MKI must be a positive number (RFC 4568 §6.1)",
            Self::ExtraKeyField => {
                "after the MKI nothing more can follow in a key parameter (RFC 4568 §9.2)"
            }
            Self::KeyWithoutMki => "of several keys each must have an MKI (RFC 4568 §6.1)",
            Self::MkiLengthsDiffer { first, this } => {
                return write!(
                    f,
                    "the MKI of this key is {this} bytes long, that of the first {first}; they \
                     must be equal (RFC 4568 §6.1)"
                );
            }
            Self::RepeatedMki => {
                "two keys have the same MKI; a packet could not say which it uses (RFC 4568 §4.3)"
            }
            Self::RepeatedKey => "the crypto line has this key already (RFC 4568 §6.1)",
            Self::TooManyKeys => {
                return write!(f, "more than {MAX_KEYS} keys in one crypto line, FEC_KEY included");
            }
            Self::MixedKeys => "the keys of one crypto line must be of one crypto-suite",
            Self::Kdr => "KDR must be 1 to 24, without leading zeros (RFC 4568 §6.3.1)",
            Self::WindowSizeHint => {
                "WSH must be a decimal number of at least 64 and below 2^32, without leading zeros \
                 (RFC 4568 §6.3.6)"
            }
            Self::FecOrder => "FEC_ORDER must be FEC_SRTP or SRTP_FEC (RFC 4568 §6.3.4)",
            Self::RepeatedParameter => "a session parameter is given twice (RFC 4568 §6.3)",
            Self::NotWithAead { suite } => {
                return write!(
                    f,
                    "{suite} always encrypts and authenticates SRTP; this parameter cannot apply \
                     (RFC 7714 §8.2)"
                );
            }
            Self::Refused(note) => return write!(f, "{note}; refused by the tolerance chosen"),
        };
        f.write_str(sentence)
    }
}

impl core::error::Error for CryptoErrorKind {}
