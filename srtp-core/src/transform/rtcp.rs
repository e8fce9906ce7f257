//! One RTCP packet into an SRTCP packet and back.
//!
//! Read first: RFC 3711 §3.4; RFC 7714 §9.

#[cfg(feature = "gcm")]
use super::iv::gcm_iv;
use super::iv::{E_BIT, rtcp_input, split_index_word};
#[cfg(any(feature = "gcm", feature = "hmac-sha1"))]
use super::tag::copy;
#[cfg(feature = "gcm")]
use super::tag::same;
use super::tag::{Tag, put};
#[cfg(feature = "gcm")]
use super::{CipherKey, aead_parts};
use super::{Macs, SessionKeys};
use crate::wire::{Layout, RTCP_CLEAR_LEN};

impl SessionKeys {
    /// Encrypts and authenticates the RTCP packet in the front of `packet`, which is as long as
    /// the layout says.
    #[inline(always)]
    pub(crate) fn seal_rtcp(
        &self,
        packet: &mut [u8],
        index: u32,
        layout: &Layout,
        mki: &[u8],
        encrypt: bool,
        macs: Macs<'_>,
    ) {
        let Some((body, trailer)) = packet.split_at_mut_checked(layout.body_len) else {
            return;
        };
        let word = if encrypt { index | E_BIT } else { index };
        let input = rtcp_input(body, word);
        let clear = if encrypt { RTCP_CLEAR_LEN } else { body.len() };
        let word = word.to_be_bytes();
        let Some((associated, data)) = body.split_at_mut_checked(clear) else {
            return;
        };
        let tag = match &self.cipher {
            // RFC 7714 §9.2 and §9.3: the index word is associated data behind the clear part.
            #[cfg(feature = "gcm")]
            CipherKey::Gcm(gcm) => {
                Tag::Aead(gcm.seal(gcm_iv(*self.salt, input), (associated, &word), data))
            }
            _ => {
                let _ = associated;
                self.crypt(input, data);
                match macs {
                    Macs::Now => self.rtcp_mac(body, &word),
                    Macs::Later(due) => {
                        *due = self.rtcp_mac_input(word, layout).map(|input| input.due(layout));
                        Tag::None
                    }
                }
            }
        };
        finish_rtcp(trailer, word, mki, &tag);
    }

    /// The whole HMAC of an RTCP packet: over body and index word, as they stand next to each other.
    #[inline(always)]
    fn rtcp_mac(&self, body: &[u8], word: &[u8]) -> Tag {
        #[cfg(feature = "hmac-sha1")]
        if let Some(auth) = &self.auth {
            return Tag::Hmac(auth.digest(body, word));
        }
        let _ = (body, word);
        Tag::None
    }

    /// Whether the tag of an SRTCP packet is right.
    #[inline]
    pub(crate) fn verify_rtcp(&self, packet: &[u8], layout: &Layout) -> bool {
        let (Some(body), Some(word)) = (packet.get(..layout.body_len), packet.get(layout.index()))
        else {
            return false;
        };
        #[cfg(feature = "gcm")]
        if let CipherKey::Gcm(gcm) = &self.cipher {
            let (encrypted, index) = split_index_word(word);
            let clear = if encrypted { RTCP_CLEAR_LEN } else { body.len() };
            let (associated, data) = body.split_at_checked(clear).unwrap_or((body, &[]));
            let tag = gcm.tag(
                gcm_iv(*self.salt, rtcp_input(body, index)),
                (associated, word),
                (data, &[]),
            );
            return packet.get(layout.aead_tag()).is_some_and(|sent| same(&tag, sent));
        }
        let sent = packet.get(layout.tag());
        sent.is_some_and(|sent| self.rtcp_mac(body, word).begins_with(sent))
    }

    /// Decrypts an authentic, encrypted RTCP packet behind its first eight bytes.
    #[inline]
    pub(crate) fn decrypt_rtcp(&self, body: &mut [u8], index: u32) {
        let input = rtcp_input(body, index | E_BIT);
        if let Some(payload) = body.get_mut(RTCP_CLEAR_LEN..) {
            self.crypt(input, payload);
        }
    }

    /// Verifies an SRTCP packet and decrypts it if its E bit is set; a packet whose tag is wrong
    /// stays as it was.
    #[inline(always)]
    pub(crate) fn open_rtcp(&self, packet: &mut [u8], layout: &Layout) -> bool {
        let Some(&[w0, w1, w2, w3]) = packet.get(layout.index()) else {
            return false;
        };
        let word = [w0, w1, w2, w3];
        let (encrypted, index) = split_index_word(&word);
        #[cfg(feature = "gcm")]
        if let CipherKey::Gcm(gcm) = &self.cipher {
            let Some((body, tag)) = aead_parts(packet, layout) else {
                return false;
            };
            let clear = if encrypted { RTCP_CLEAR_LEN } else { body.len() };
            let iv = gcm_iv(*self.salt, rtcp_input(body, index));
            let parts = body.split_at_mut_checked(clear);
            return parts
                .is_some_and(|(associated, data)| gcm.open(iv, (associated, &word), data, &tag));
        }
        let right = self.verify_rtcp(packet, layout);
        if right
            && encrypted
            && let Some(body) = packet.get_mut(..layout.body_len)
        {
            self.decrypt_rtcp(body, index);
        }
        right
    }
}

/// Fills what follows the payload of an SRTCP packet.
#[inline(always)]
fn finish_rtcp(trailer: &mut [u8], word: [u8; 4], mki: &[u8], tag: &Tag) {
    #[cfg(feature = "hmac-sha1")]
    if let (Tag::Hmac(tag), [], Some((place, rest))) = (tag, mki, trailer.split_first_chunk_mut()) {
        *place = word;
        return copy(rest, tag);
    }
    #[cfg(feature = "gcm")]
    if let (Tag::Aead(tag), [], Some((place, rest))) = (tag, mki, trailer.split_first_chunk_mut()) {
        *place = *tag;
        return copy(rest, &word);
    }
    put(trailer, &[tag.aead(), &word, mki, tag.hmac()]);
}
