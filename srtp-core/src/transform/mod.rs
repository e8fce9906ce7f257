//! What the session keys do to one packet. Stateless: the packet index is an argument, and nothing
//! here knows of streams, windows or policy beyond what is to be encrypted.
//!
//! Read first: RFC 3711 §3.1, §3.4, §4.1, §4.2; RFC 7714 §8 and §9; RFC 9335 §6.

// A build with few suites needs only part of what IVs are made of; one without Cryptex has none.
#![cfg_attr(
    not(all(
        feature = "aes-cm",
        feature = "f8",
        feature = "gcm",
        feature = "null",
        feature = "cryptex"
    )),
    allow(dead_code)
)]

mod cryptex;
mod elements;
mod macs;
mod tag;

use core::ops::Deref;

use zeroize::{Zeroize, Zeroizing};

#[cfg(feature = "gcm")]
use self::cryptex::{cryptex_tag, write_profile};
use self::cryptex::{mark, put_back, rearrange, unmark};
use self::elements::HeaderKeys;
#[cfg(all(feature = "accel", feature = "hmac-sha1"))]
pub(crate) use self::macs::DueMac;
pub(crate) use self::macs::{Digest, MacInput, Macs};
#[cfg(feature = "gcm")]
use self::tag::same;
use self::tag::{Tag, begins_with, copy, put};
use crate::index;
use crate::kdf::{Label, Prf, salt_to_iv};
use crate::key::MasterKey;
#[cfg(feature = "aes-cm")]
use crate::primitive::Aes;
#[cfg(feature = "f8")]
use crate::primitive::F8;
#[cfg(feature = "gcm")]
use crate::primitive::{GCM_TAG_LEN, Gcm};
#[cfg(feature = "hmac-sha1")]
use crate::primitive::{HMAC_KEY_LEN, HmacSha1};
use crate::suite::{Cipher, MAX_MASTER_KEY_LEN, SuiteParameters};
use crate::wire::{
    EXTENSION_HEAD_LEN, ExtensionIds, Layout, RTCP_CLEAR_LEN, RTP_FIXED_HEADER_LEN, RtpHeader,
};

/// The bit before the SRTCP index that says the packet is encrypted (RFC 3711 §3.4).
const E_BIT: u32 = 1 << 31;

/// The longest payload of one packet, in bytes: as far as the counter of AES-CM reaches in its 16
/// bits (RFC 3711 §4.1.1); the same in every suite.
pub const MAX_PAYLOAD_LEN: usize = 16 << 16;

/// SRTP and SRTCP take different keys from one master key (RFC 3711 §4.3.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Protocol {
    /// SRTP, for RTP packets.
    Srtp,
    /// SRTCP, for RTCP packets.
    Srtcp,
}

/// The session keys of one protocol and one key-derivation epoch.
#[derive(Clone)]
pub(crate) struct SessionKeys {
    cipher: CipherKey,
    /// The session salt in its place in the IV. It may be public (RFC 3711 §8.1), but whoever has
    /// it is spared a search (§9.1).
    salt: Salt,
    /// Unused with GCM, which authenticates by itself.
    #[cfg(feature = "hmac-sha1")]
    auth: Option<HmacSha1>,
    /// Where elements of header extensions are encrypted.
    header: HeaderKeys,
}

/// As `Zeroizing`, which cannot be a constant.
#[derive(Clone)]
struct Salt(u128);

impl Deref for Salt {
    type Target = u128;

    #[inline(always)]
    fn deref(&self) -> &u128 {
        &self.0
    }
}

impl Drop for Salt {
    #[inline]
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

// Indirection would cost every packet a cache line; nobody holds many of these.
#[allow(clippy::large_enum_variant)]
#[derive(Clone)]
// A tag of its own, so that a vacant one is all zeros.
#[cfg_attr(not(feature = "accel"), repr(u8))]
enum CipherKey {
    Null,
    #[cfg(feature = "aes-cm")]
    Cm(Aes),
    #[cfg(feature = "f8")]
    F8(F8),
    #[cfg(feature = "gcm")]
    Gcm(Gcm),
}

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

/// Whether the bytes of a packet are read again at once, or other packets have their turn before.
#[derive(Clone, Copy)]
enum Pace {
    Alone,
    InBatch,
}

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
    fn iv_input(&self) -> IvInput {
        IvInput::Rtp { header: self.header, index: self.index }
    }

    /// Whether anything in the header is encrypted.
    #[inline(always)]
    fn covers_header(&self) -> bool {
        matches!(self.cover, Cover::Elements(_) | Cover::Cryptex(_))
    }

    /// Bytes before what the cipher encrypts in one piece; of Cryptex's rearranged packet.
    #[inline(always)]
    fn clear(&self, body_len: usize) -> usize {
        match self.cover {
            Cover::Nothing => body_len,
            Cover::Payload | Cover::Elements(_) => self.header.len,
            Cover::Cryptex(_) => RTP_FIXED_HEADER_LEN + EXTENSION_HEAD_LEN,
        }
    }
}

/// What an IV is made of, whichever suite makes it.
// A tag of its own, so that which of the two it is does not hang on whether a header has an extension.
#[repr(u8)]
#[derive(Clone, Copy)]
enum IvInput {
    Rtp { header: RtpHeader, index: u64 },
    Rtcp { clear: u64, ssrc: u32, word: u32 },
}

impl IvInput {
    #[cfg(any(feature = "aes-cm", feature = "gcm", feature = "header-encryption"))]
    #[inline(always)]
    fn ssrc_and_index(self) -> (u128, u128) {
        match self {
            Self::Rtp { header, index } => (header.ssrc.into(), index.into()),
            Self::Rtcp { ssrc, word, .. } => (ssrc.into(), (word & !E_BIT).into()),
        }
    }
}

impl SessionKeys {
    /// The place for keys.
    pub(crate) const VACANT: Self = Self {
        cipher: CipherKey::Null,
        salt: Salt(0),
        #[cfg(feature = "hmac-sha1")]
        auth: None,
        header: HeaderKeys::NONE,
    };

    /// Derives the keys for `r = index DIV key_derivation_rate` (RFC 3711 §4.3.1); those of RFC
    /// 6904 with them where `elements` are to be encrypted.
    pub(crate) fn derive(
        &mut self,
        master: &MasterKey,
        protocol: Protocol,
        r: u64,
        elements: bool,
    ) {
        self.derive_by(&Prf::new(master), master.suite().parameters(), protocol, r, elements);
    }

    /// The same by a pseudo-random function that is there already. Key by key, each where it stays.
    #[inline(never)]
    pub(crate) fn derive_by(
        &mut self,
        prf: &Prf,
        row: &SuiteParameters,
        protocol: Protocol,
        r: u64,
        elements: bool,
    ) {
        let [encryption, authentication, salting] = Label::of(protocol);
        let mut salt = Zeroizing::new([0; 14]);
        let salt = salt.get_mut(..row.master_salt_len).unwrap_or_default();
        prf.derive(salting, r, salt);
        self.salt.0 = salt_to_iv(salt);
        let mut key = Zeroizing::new([0; MAX_MASTER_KEY_LEN]);
        if let Some(key) = key.get_mut(..row.aes.key_len()) {
            prf.derive(encryption, r, key);
        }
        self.cipher = CipherKey::new(row.cipher, row.aes, &key, salt);
        #[cfg(feature = "hmac-sha1")]
        if !row.cipher.is_aead() {
            let mut auth_key = Zeroizing::new([0; HMAC_KEY_LEN]);
            prf.derive(authentication, r, auth_key.as_mut_slice());
            self.auth = Some(HmacSha1::new(&auth_key));
        }
        #[cfg(not(feature = "hmac-sha1"))]
        let _ = authentication;
        if elements && protocol == Protocol::Srtp {
            self.header = HeaderKeys::derive(prf, row, r);
        }
    }

    /// Whether elements of header extensions have keys of their own.
    pub(crate) fn has_header_keys(&self) -> bool {
        !self.header.is_none()
    }

    /// For vectors that begin with session keys.
    #[cfg(test)]
    pub(crate) fn gcm(gcm: Gcm, salt: &[u8]) -> Self {
        let (cipher, salt) = (CipherKey::Gcm(gcm), Salt(salt_to_iv(salt)));
        Self { cipher, salt, auth: None, header: HeaderKeys::NONE }
    }

    /// XORs the keystream of a packet onto `data`; the same for encryption and decryption.
    #[inline(always)]
    fn crypt(&self, input: IvInput, data: &mut [u8]) {
        self.crypt_in(Pace::Alone, input, data);
    }

    #[inline(always)]
    fn crypt_in(&self, pace: Pace, input: IvInput, data: &mut [u8]) {
        match &self.cipher {
            #[cfg(feature = "aes-cm")]
            CipherKey::Cm(aes) => match pace {
                Pace::Alone => aes.apply_keystream(cm_iv(*self.salt, input), data),
                Pace::InBatch => aes.apply_keystream_wide(cm_iv(*self.salt, input), data),
            },
            #[cfg(feature = "f8")]
            CipherKey::F8(f8) => f8.apply_keystream(f8_iv(input), data),
            #[cfg(feature = "gcm")]
            CipherKey::Gcm(gcm) => gcm.apply_keystream(self.gcm_iv(input), data),
            CipherKey::Null => {
                let _ = (pace, input, data);
            }
        }
    }

    /// RFC 7714 §8.1 and §9.1: `00 00 || SSRC || ROC || SEQ`, in SRTCP `00 00 || SSRC || 00 00 ||
    /// 0 || index`, XORed to the salt. In the upper 96 bits.
    #[cfg(feature = "gcm")]
    #[inline(always)]
    fn gcm_iv(&self, input: IvInput) -> u128 {
        let (ssrc, index) = input.ssrc_and_index();
        *self.salt ^ (ssrc << 80) ^ (index << 32)
    }

    // RTP ------------------------------------------------------------------------------------

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
            let tag = gcm.seal(self.gcm_iv(rtp.iv_input()), (associated, &[]), data);
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
        let Some((body, trailer)) = packet.split_at_mut_checked(layout.body_len) else {
            return;
        };
        #[cfg(feature = "gcm")]
        if let CipherKey::Gcm(gcm) = &self.cipher {
            let parts = body.split_at_mut_checked(header.len);
            if let (Some((associated, data)), Some(place)) = (parts, trailer.first_chunk_mut()) {
                *place = gcm.seal(self.gcm_iv(rtp.iv_input()), (associated, &[]), data);
            }
            return;
        }
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
            let iv = self.gcm_iv(rtp.iv_input());
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
    fn decrypt_rtp_in(&self, pace: Pace, body: &mut [u8], rtp: Rtp<'_>) {
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
            let opened = gcm.open(self.gcm_iv(rtp.iv_input()), (associated, &[]), data, &tag);
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

    // RTCP -----------------------------------------------------------------------------------

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
                Tag::Aead(gcm.seal(self.gcm_iv(input), (associated, &word), data))
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
            let tag =
                gcm.tag(self.gcm_iv(rtcp_input(body, index)), (associated, word), (data, &[]));
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
            let iv = self.gcm_iv(rtcp_input(body, index));
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

    // End to end (RFC 8723) -------------------------------------------------------------------

    /// Encrypts a payload under a header that stands elsewhere, and returns the tag; `None` where
    /// the cipher makes none.
    #[cfg(feature = "gcm")]
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
        let iv = self.gcm_iv(IvInput::Rtp { header: *header, index });
        Some(gcm.seal(iv, (associated, &[]), payload))
    }

    /// Verifies and decrypts a payload under a header that stands elsewhere; on a wrong tag the
    /// payload stays as it was.
    #[cfg(feature = "gcm")]
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
        let iv = self.gcm_iv(IvInput::Rtp { header: *header, index });
        gcm.open(iv, (associated, &[]), payload, tag)
    }

    /// Encrypts again what [`open_detached`](Self::open_detached) has decrypted.
    #[cfg(feature = "gcm")]
    pub(crate) fn close_detached(&self, header: &RtpHeader, index: u64, payload: &mut [u8]) {
        self.crypt(IvInput::Rtp { header: *header, index }, payload);
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

impl CipherKey {
    /// The key of a cipher that is built in; no master key can be made for another.
    fn new(
        cipher: Cipher,
        size: crate::suite::AesSize,
        key: &[u8; MAX_MASTER_KEY_LEN],
        salt: &[u8],
    ) -> Self {
        let _ = (size, key, salt);
        match cipher {
            #[cfg(feature = "aes-cm")]
            Cipher::AesCm => Self::Cm(Aes::new(size, key)),
            #[cfg(feature = "f8")]
            Cipher::AesF8 => Self::F8(F8::new(size, key, salt)),
            #[cfg(feature = "gcm")]
            Cipher::AesGcm => Self::Gcm(Gcm::new(size, key)),
            _ => Self::Null,
        }
    }
}

/// `IV = (k_s * 2^16) XOR (SSRC * 2^64) XOR (i * 2^16)`, RFC 3711 §4.1.1.
#[cfg(any(feature = "aes-cm", feature = "gcm", feature = "header-encryption"))]
#[inline]
fn cm_iv(salt: u128, input: IvInput) -> u128 {
    let (ssrc, index) = input.ssrc_and_index();
    salt ^ (ssrc << 64) ^ (index << 16)
}

/// RFC 3711 §4.1.2.2: `0x00 || M || PT || SEQ || TS || SSRC || ROC`; §4.1.2.3: `0..0 || E || SRTCP
/// index || V || P || RC || PT || length || SSRC`.
// Inlined, for else every suite would lay a header into memory for it; but for code that is to be
// small.
#[cfg(feature = "f8")]
#[cfg_attr(feature = "accel", inline(always))]
fn f8_iv(input: IvInput) -> u128 {
    match input {
        IvInput::Rtp { header, index } => {
            let second = u128::from(header.marker) << 7 | u128::from(header.payload_type);
            second << 112
                | u128::from(header.sequence_number) << 96
                | u128::from(header.timestamp) << 64
                | u128::from(header.ssrc) << 32
                | u128::from(index::roc(index))
        }
        IvInput::Rtcp { clear, word, .. } => u128::from(word) << 64 | u128::from(clear),
    }
}

#[inline]
fn rtcp_input(body: &[u8], word: u32) -> IvInput {
    let clear = body.first_chunk::<RTCP_CLEAR_LEN>().map_or(0, |bytes| u64::from_be_bytes(*bytes));
    #[allow(clippy::cast_possible_truncation)] // the SSRC is the lower half
    let ssrc = clear as u32;
    IvInput::Rtcp { clear, ssrc, word }
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

/// Header and payload, to change, and the AEAD tag of a packet.
#[cfg(feature = "gcm")]
#[inline(always)]
fn aead_parts<'p>(
    packet: &'p mut [u8],
    layout: &Layout,
) -> Option<(&'p mut [u8], [u8; GCM_TAG_LEN])> {
    let tag = *packet.get(layout.aead_tag())?.first_chunk::<GCM_TAG_LEN>()?;
    Some((packet.get_mut(..layout.body_len)?, tag))
}

/// E bit and SRTCP index out of the four bytes that carry them.
#[inline]
pub(crate) fn split_index_word(word: &[u8]) -> (bool, u32) {
    let word = word.first_chunk::<4>().map_or(0, |bytes| u32::from_be_bytes(*bytes));
    (word & E_BIT != 0, word & !E_BIT)
}
