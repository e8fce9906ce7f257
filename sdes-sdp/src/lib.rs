#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

#[cfg(all(feature = "sdp-types", not(test)))]
extern crate std;

pub mod attribute;
mod base64;
pub mod emit;
pub mod error;
pub mod line;
pub mod mki;
pub mod note;
mod scan;
pub mod sdp;
#[cfg(feature = "sdp-types")]
pub mod sdp_types;
mod validate;

pub use attribute::{CryptoAttribute, FecOrder, MAX_KEYS, MAX_TAG, SessionParameters};
pub use emit::{CryptoText, Emit, LifetimeForm, ParameterName};
pub use error::{CryptoError, CryptoErrorKind};
pub use line::{CryptoLine, KeyParam, KeyParams, SessionParam};
pub use note::{MAX_NOTES, Note, NoteKind, Notes, Tolerance};
pub use sdp::{
    Attribute, AttributeAlternative, AttributeCapability, Configuration, Connection, CryptoEdit,
    CryptoEntry, CryptoLines, Direction, LineEnding, Media, MediaDescription, MediaEdit, MediaKind,
    MediaSections, Origin, Profile, Remark, RemarkKind, Remarks, Rewrite, Rtcp, Sdp, SdpError,
    SdpErrorKind, SdpWriter, SessionDescription, SessionEdit, WriteError,
};
pub use validate::Meaning;

// So that a user of this crate alone can name what its API is made of.
pub use srtp_core::{CryptoSuite, KeyDerivationRate, MasterKey, Mki, Policy};
