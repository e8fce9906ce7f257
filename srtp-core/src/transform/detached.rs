//! Payloads under a header that stands elsewhere, as the inner of two transforms has it.
//!
//! Read first: RFC 8723 §5.

use super::iv::{IvInput, gcm_iv};
use super::{CipherKey, SessionKeys};
use crate::primitive::GCM_TAG_LEN;
use crate::wire::RtpHeader;

impl SessionKeys {
    /// Encrypts a payload under a header that stands elsewhere, and returns the tag; `None` where
    /// the cipher makes none.
    pub(crate) fn seal_detached(
        &self,
        header: &RtpHeader,
        index: u64,
        associated: &[u8],
        payload: &mut [u8],
    ) -> Option<[u8; GCM_TAG_LEN]> {
        let CipherKey::Gcm(gcm) = &self.cipher else {
            return None;
        };
        let iv = gcm_iv(*self.salt, IvInput::Rtp { header: *header, index });
        Some(gcm.seal(iv, (associated, &[]), payload))
    }

    /// Verifies and decrypts a payload under a header that stands elsewhere; on a wrong tag the
    /// payload stays as it was.
    pub(crate) fn open_detached(
        &self,
        header: &RtpHeader,
        index: u64,
        associated: &[u8],
        payload: &mut [u8],
        tag: &[u8; GCM_TAG_LEN],
    ) -> bool {
        let CipherKey::Gcm(gcm) = &self.cipher else {
            return false;
        };
        let iv = gcm_iv(*self.salt, IvInput::Rtp { header: *header, index });
        gcm.open(iv, (associated, &[]), payload, tag)
    }

    /// Encrypts again what [`open_detached`](Self::open_detached) has decrypted.
    pub(crate) fn close_detached(&self, header: &RtpHeader, index: u64, payload: &mut [u8]) {
        self.crypt(IvInput::Rtp { header: *header, index }, payload);
    }
}
