//! One RTP packet into an SRTP packet and back: what of it the cipher has, what the tag covers, and
//! what follows the payload.
//!
//! Read first: RFC 3711 §3.1, §4.1 and §4.2; RFC 7714 §8; RFC 9335 §6.

#[cfg(any(feature = "gcm", all(feature = "aes-cm", feature = "hmac-sha1")))]
use super::CipherKey;
#[cfg(feature = "gcm")]
use super::aead_parts;
#[cfg(feature = "gcm")]
use super::cryptex::{cryptex_tag, write_profile};
use super::cryptex::{mark, put_back, rearrange, unmark};
use super::iv::IvInput;
#[cfg(all(feature = "aes-cm", feature = "hmac-sha1"))]
use super::iv::cm_iv;
#[cfg(feature = "gcm")]
use super::iv::gcm_iv;
#[cfg(feature = "gcm")]
use super::tag::same;
use super::tag::{Tag, copy, put};
use super::{Macs, Pace, SessionKeys};
use crate::index;
use crate::wire::{EXTENSION_HEAD_LEN, ExtensionIds, Layout, RTP_FIXED_HEADER_LEN, RtpHeader};

/// What of an RTP packet is encrypted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cover<'c> {
    /// Nothing.
    Nothing,
    /// The payload (RFC 3711).
    Payload,
    /// The payload and the data of these header-extension elements (RFC 6904).
    Elements(&'c ExtensionIds),
    /// CSRCs, the body of the header extension and the payload (RFC 9335). The packet has an
    /// extension: one-byte or two-byte to seal, one of the Cryptex forms to open.
    Cryptex(CryptexBuiltIn),
}

/// Nothing where Cryptex is built in; where it is not, what cannot be, so that nothing of it is
/// compiled.
#[cfg(feature = "cryptex")]
type CryptexBuiltIn = ();
#[cfg(not(feature = "cryptex"))]
type CryptexBuiltIn = core::convert::Infallible;

/// An RTP packet as the transform needs it: everything but keys and bytes. The header is a copy, so
/// that where nobody asks for the whole of it, it need not be in memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rtp<'c> {
    pub(crate) header: RtpHeader,
    pub(crate) index: u64,
    pub(crate) cover: Cover<'c>,
}

impl Rtp<'_> {
    #[inline(always)]
    pub(super) fn iv_input(&self) -> IvInput {
        IvInput::Rtp { header: self.header, index: self.index }
    }

    /// Whether anything in the header is encrypted.
    #[inline(always)]
    pub(super) fn covers_header(&self) -> bool {
        matches!(self.cover, Cover::Elements(_) | Cover::Cryptex(_))
    }

    /// Bytes before what the cipher encrypts in one piece; of Cryptex's rearranged packet.
    #[inline(always)]
    pub(super) fn clear(&self, body_len: usize) -> usize {
        match self.cover {
            Cover::Nothing => body_len,
            Cover::Payload | Cover::Elements(_) => self.header.len,
            Cover::Cryptex(_) => RTP_FIXED_HEADER_LEN + EXTENSION_HEAD_LEN,
        }
    }
}

impl SessionKeys {
    /// Encrypts and authenticates the RTP packet in the front of `packet`, which is as long as the
    /// layout says.
    #[inline(always)]
    pub(crate) fn seal_rtp(
        &self,
        packet: &mut [u8],
        rtp: Rtp<'_>,
        layout: &Layout,
        mki: &[u8],
        macs: Macs<'_>,
    ) {
        let Some((body, trailer)) = packet.split_at_mut_checked(layout.body_len) else {
            return;
        };
        if rtp.covers_header() {
            self.before_sealing(body, rtp);
        }
        let Some((associated, data)) = body.split_at_mut_checked(rtp.clear(body.len())) else {
            return;
        };
        #[cfg(feature = "gcm")]
        if let CipherKey::Gcm(gcm) = &self.cipher {
            let tag = gcm.seal(gcm_iv(*self.salt, rtp.iv_input()), (associated, &[]), data);
            if rtp.covers_header() {
                after_sealing(body, rtp);
            }
            return finish_rtp(trailer, rtp.index, layout, mki, &Tag::Aead(tag));
        }
        let _ = associated;
        let pace = match macs {
            Macs::Now => Pace::Alone,
            Macs::Later(_) => Pace::InBatch,
        };
        self.crypt_in(pace, rtp.iv_input(), data);
        if rtp.covers_header() {
            after_sealing(body, rtp);
        }
        #[cfg(feature = "hmac-sha1")]
        if layout.has_tag() {
            match macs {
                Macs::Now => {
                    let tag = self.rtp_mac(body, rtp.index);
                    return finish_rtp(trailer, rtp.index, layout, mki, &tag);
                }
                Macs::Later(due) => {
                    *due = self.rtp_mac_input(rtp.index, layout).map(|input| input.due(layout));
                    if layout.is_tag_alone() {
                        return;
                    }
                }
            }
        }
        #[cfg(not(feature = "hmac-sha1"))]
        let _ = macs;
        finish_rtp(trailer, rtp.index, layout, mki, &Tag::None);
    }

    /// As [`seal_rtp`](Self::seal_rtp), of a packet on the short way: its payload is what is
    /// encrypted, and its tag all that follows.
    #[inline(always)]
    pub(crate) fn seal_ordinary(
        &self,
        packet: &mut [u8],
        header: RtpHeader,
        index: u64,
        layout: &Layout,
        macs: Macs<'_>,
    ) {
        let rtp = Rtp { header, index, cover: Cover::Payload };
        #[cfg(feature = "gcm")]
        if let CipherKey::Gcm(gcm) = &self.cipher {
            return gcm.seal_packet(gcm_iv(*self.salt, rtp.iv_input()), packet, header.len);
        }
        let Some((body, trailer)) = packet.split_at_mut_checked(layout.body_len) else {
            return;
        };
        #[cfg(all(feature = "aes-cm", feature = "hmac-sha1"))]
        if let (CipherKey::Cm(aes), Some(auth), Macs::Now) = (&self.cipher, &self.auth, &macs) {
            if let Some(data) = body.get_mut(header.len..) {
                aes.apply_keystream(cm_iv(*self.salt, rtp.iv_input()), data);
            }
            // M = authenticated portion || ROC, RFC 3711 §4.2.
            copy(trailer, &auth.digest(body, &index::roc(index).to_be_bytes()));
            return;
        }
        let _ = (body, trailer);
        self.seal_rtp(packet, rtp, layout, &[], macs);
    }

    /// Encrypts elements of the header extension, or brings what Cryptex encrypts into one piece.
    #[cold]
    #[inline(never)]
    fn before_sealing(&self, body: &mut [u8], rtp: Rtp<'_>) {
        match rtp.cover {
            Cover::Elements(ids) => self.header.apply(rtp, ids, body),
            Cover::Cryptex(_) => {
                mark(body, &rtp.header);
                rearrange(body, &rtp.header);
            }
            Cover::Nothing | Cover::Payload => {}
        }
    }

    /// The whole HMAC of an encrypted RTP packet.
    #[cfg(feature = "hmac-sha1")]
    #[inline(always)]
    fn rtp_mac(&self, body: &[u8], index: u64) -> Tag {
        // M = authenticated portion || ROC, RFC 3711 §4.2.
        let roc = index::roc(index).to_be_bytes();
        match &self.auth {
            Some(auth) => Tag::Hmac(auth.digest(body, &roc)),
            None => Tag::None,
        }
    }

    /// Whether the tag of an SRTP packet is right; without a tag it always is.
    #[inline(always)]
    pub(crate) fn verify_rtp(&self, packet: &[u8], rtp: Rtp<'_>, layout: &Layout) -> bool {
        let Some(body) = packet.get(..layout.body_len) else {
            return false;
        };
        #[cfg(feature = "gcm")]
        if let CipherKey::Gcm(gcm) = &self.cipher {
            let iv = gcm_iv(*self.salt, rtp.iv_input());
            let tag = match rtp.cover {
                Cover::Cryptex(_) => cryptex_tag(gcm, iv, body, &rtp.header),
                _ => {
                    let clear = rtp.clear(body.len());
                    let (associated, data) = body.split_at_checked(clear).unwrap_or((body, &[]));
                    gcm.tag(iv, (associated, &[]), (data, &[]))
                }
            };
            return packet.get(layout.aead_tag()).is_some_and(|sent| same(&tag, sent));
        }
        #[cfg(feature = "hmac-sha1")]
        if layout.has_tag() {
            let Some(sent) = packet.get(layout.tag()) else {
                return false;
            };
            return self.rtp_mac(body, rtp.index).begins_with(sent);
        }
        let _ = (body, rtp);
        !layout.has_tag()
    }

    /// Decrypts header and payload of an RTP packet that is authentic.
    #[inline(always)]
    pub(crate) fn decrypt_rtp(&self, body: &mut [u8], rtp: Rtp<'_>) {
        self.decrypt_rtp_in(Pace::Alone, body, rtp);
    }

    #[inline(always)]
    pub(super) fn decrypt_rtp_in(&self, pace: Pace, body: &mut [u8], rtp: Rtp<'_>) {
        if matches!(rtp.cover, Cover::Cryptex(_)) {
            rearrange(body, &rtp.header);
        }
        if let Some(data) = body.get_mut(rtp.clear(body.len())..) {
            self.crypt_in(pace, rtp.iv_input(), data);
        }
        if rtp.covers_header() {
            self.after_opening(body, rtp, true);
        }
    }

    /// Undoes [`before_sealing`](Self::before_sealing), if the packet was `opened`, or puts it back
    /// as it came.
    #[cold]
    #[inline(never)]
    fn after_opening(&self, body: &mut [u8], rtp: Rtp<'_>, opened: bool) {
        match rtp.cover {
            Cover::Elements(ids) if opened => self.header.apply(rtp, ids, body),
            Cover::Cryptex(_) => {
                put_back(body, &rtp.header);
                if opened {
                    unmark(body, &rtp.header);
                }
            }
            _ => {}
        }
    }

    /// Verifies an SRTP packet and decrypts it, in one pass where the cipher can; a packet whose
    /// tag is wrong stays as it was.
    #[inline(always)]
    pub(crate) fn open_rtp(&self, packet: &mut [u8], rtp: Rtp<'_>, layout: &Layout) -> bool {
        #[cfg(feature = "gcm")]
        if let CipherKey::Gcm(gcm) = &self.cipher {
            let Some((body, tag)) = aead_parts(packet, layout) else {
                return false;
            };
            if matches!(rtp.cover, Cover::Cryptex(_)) {
                rearrange(body, &rtp.header);
            }
            let Some((associated, data)) = body.split_at_mut_checked(rtp.clear(body.len())) else {
                return false;
            };
            let opened =
                gcm.open(gcm_iv(*self.salt, rtp.iv_input()), (associated, &[]), data, &tag);
            if rtp.covers_header() {
                self.after_opening(body, rtp, opened);
            }
            return opened;
        }
        let right = self.verify_rtp(packet, rtp, layout);
        if right && let Some(body) = packet.get_mut(..layout.body_len) {
            self.decrypt_rtp(body, rtp);
        }
        right
    }

    /// As [`open_rtp`](Self::open_rtp), of a packet on the short way: its payload is what is encrypted,
    /// and its tag all that follows.
    #[inline(always)]
    pub(crate) fn open_ordinary(&self, packet: &mut [u8], rtp: Rtp<'_>, layout: &Layout) -> bool {
        #[cfg(feature = "gcm")]
        if let CipherKey::Gcm(gcm) = &self.cipher {
            return gcm.open_packet(gcm_iv(*self.salt, rtp.iv_input()), packet, rtp.header.len);
        }
        self.open_rtp(packet, rtp, layout)
    }

    /// Encrypts a packet again that [`open_rtp`](Self::open_rtp) has opened and that is refused
    /// after all. The tag still stands where it stood.
    #[cfg(feature = "gcm")]
    pub(crate) fn close_rtp(&self, body: &mut [u8], rtp: Rtp<'_>) {
        // The keystream undoes itself; only Cryptex has changed more.
        match (rtp.cover, rtp.header.extension_profile) {
            (Cover::Cryptex(_), Some(profile)) => {
                rearrange(body, &rtp.header);
                if let Some(data) = body.get_mut(rtp.clear(body.len())..) {
                    self.crypt(rtp.iv_input(), data);
                }
                put_back(body, &rtp.header);
                write_profile(body, &rtp.header, profile);
            }
            _ => self.decrypt_rtp(body, rtp),
        }
    }
}

#[cold]
#[inline(never)]
fn after_sealing(body: &mut [u8], rtp: Rtp<'_>) {
    if matches!(rtp.cover, Cover::Cryptex(_)) {
        put_back(body, &rtp.header);
    }
}

/// Fills what follows the payload of an SRTP packet.
#[inline(always)]
fn finish_rtp(trailer: &mut [u8], index: u64, layout: &Layout, mki: &[u8], tag: &Tag) {
    if layout.is_tag_alone() {
        copy(trailer, tag.whole());
        return;
    }
    let roc = index::roc(index).to_be_bytes();
    let roc = roc.get(..layout.roc().len()).unwrap_or_default();
    put(trailer, &[tag.aead(), mki, roc, tag.hmac()]);
}
