//! SRTP once more: plain, slow, in wide integers, written from the RFCs alone and sharing no code
//! with the crate. What the crate does is compared with this.

use std::collections::{BTreeMap, BTreeSet};

use ::aes::cipher::{BlockCipherEncrypt, KeyInit};
use ::hmac::{Hmac, Mac};

/// What a suite does to a payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cipher {
    Cm,
    F8,
    Gcm,
    Null,
}

/// One suite as the model needs it: name, cipher, bytes of key, salt and both tags.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suite {
    pub(super) name: &'static str,
    pub(super) cipher: Cipher,
    pub(super) key_len: usize,
    pub(super) salt_len: usize,
    srtp_tag: usize,
    srtcp_tag: usize,
    pub(super) max_lifetime: u128,
}

const fn suite(
    name: &'static str,
    cipher: Cipher,
    key_len: usize,
    salt_len: usize,
    srtp_tag: usize,
    srtcp_tag: usize,
    lifetime: u32,
) -> Suite {
    let max_lifetime = 1 << lifetime;
    Suite { name, cipher, key_len, salt_len, srtp_tag, srtcp_tag, max_lifetime }
}

pub(super) const SUITES: &[Suite] = &[
    suite("AES_CM_128_HMAC_SHA1_80", Cipher::Cm, 16, 14, 10, 10, 48),
    suite("AES_CM_128_HMAC_SHA1_32", Cipher::Cm, 16, 14, 4, 10, 48),
    suite("AES_192_CM_HMAC_SHA1_80", Cipher::Cm, 24, 14, 10, 10, 31),
    suite("AES_192_CM_HMAC_SHA1_32", Cipher::Cm, 24, 14, 4, 10, 31),
    suite("AES_256_CM_HMAC_SHA1_80", Cipher::Cm, 32, 14, 10, 10, 31),
    suite("AES_256_CM_HMAC_SHA1_32", Cipher::Cm, 32, 14, 4, 10, 31),
    suite("F8_128_HMAC_SHA1_80", Cipher::F8, 16, 14, 10, 10, 48),
    suite("AEAD_AES_128_GCM", Cipher::Gcm, 16, 12, 16, 16, 48),
    suite("AEAD_AES_256_GCM", Cipher::Gcm, 32, 12, 16, 16, 48),
    suite("NULL_HMAC_SHA1_80", Cipher::Null, 16, 14, 10, 10, 48),
    suite("NULL_HMAC_SHA1_32", Cipher::Null, 16, 14, 4, 10, 48),
];

/// What was agreed for a direction.
#[derive(Clone, Debug)]
pub(super) struct Agreed {
    pub(super) suite: Suite,
    pub(super) key_salt: Vec<u8>,
    pub(super) mki: Vec<u8>,
    /// Whether packets are sent with MKI, and accepted with and without it.
    pub(super) mki_sent: bool,
    pub(super) mki_accepted: &'static [bool],
    /// `n` of a key derivation rate of 2^n.
    pub(super) rate: Option<u32>,
    pub(super) lifetime: u128,
    pub(super) unencrypted_srtp: bool,
    pub(super) unencrypted_srtcp: bool,
    pub(super) unauthenticated_srtp: bool,
    /// The first and the last rollover counter tried on an unknown SSRC.
    pub(super) first_roc: (u32, u32),
    /// The header-extension elements that are encrypted (RFC 6904).
    pub(super) elements: BTreeSet<u8>,
    /// Whether Cryptex is used, and whether it must be (RFC 9335).
    pub(super) cryptex: (bool, bool),
    pub(super) rcc: Option<Rcc>,
}

/// RFC 4771: the mode, 1 to 3, R, and the tag in bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rcc {
    pub(super) mode: u8,
    pub(super) rate: u128,
    pub(super) tag: usize,
}

/// What a receiver says to a packet, without figures.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    Plain(Vec<u8>),
    TooShort,
    Malformed,
    AuthFailed,
    Replayed,
    TooOld,
    UnknownMki,
    KeyExpired,
    Exhausted,
    Policy,
    HeaderInClear,
    TableFull,
}

fn encrypt_block(key: &[u8], block: u128) -> u128 {
    let mut block = ::aes::cipher::Array(block.to_be_bytes());
    match key.len() {
        16 => ::aes::Aes128::new_from_slice(key).unwrap().encrypt_block(&mut block),
        24 => ::aes::Aes192::new_from_slice(key).unwrap().encrypt_block(&mut block),
        _ => ::aes::Aes256::new_from_slice(key).unwrap().encrypt_block(&mut block),
    }
    u128::from_be_bytes(block.0)
}

/// RFC 3711 §4.1.1.
fn keystream(key: &[u8], iv: u128, len: usize) -> Vec<u8> {
    let blocks = (0..).map(|i| encrypt_block(key, iv.wrapping_add(i)).to_be_bytes());
    blocks.flatten().take(len).collect()
}

fn xor(data: &[u8], mask: &[u8]) -> Vec<u8> {
    data.iter().zip(mask).map(|(a, b)| a ^ b).collect()
}

fn number(bytes: &[u8]) -> u128 {
    bytes.iter().fold(0, |n, byte| n * 256 + u128::from(*byte))
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// RFC 3711 §4.1.2.1.
fn f8_keystream(key: &[u8], salt: &[u8], iv: u128, len: usize) -> Vec<u8> {
    let mut mask = salt.to_vec();
    mask.resize(key.len(), 0x55);
    let masked_iv = encrypt_block(&xor(key, &mask), iv);
    let mut last = 0;
    let blocks = (0_u128..).map(|j| {
        last = encrypt_block(key, masked_iv ^ j ^ last);
        last.to_be_bytes()
    });
    blocks.flatten().take(len).collect()
}

/// SP 800-38D §6.3, bit by bit.
fn gf_multiply(x: u128, y: u128) -> u128 {
    let (mut z, mut v) = (0, y);
    for bit in (0..128).rev() {
        if x >> bit & 1 == 1 {
            z ^= v;
        }
        v = if v & 1 == 1 { v >> 1 ^ 0xe1 << 120 } else { v >> 1 };
    }
    z
}

/// SP 800-38D §7.1: the tag of associated data and ciphertext.
fn gcm_tag(key: &[u8], iv: u128, associated: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let h = encrypt_block(key, 0);
    let padded = |data: &[u8]| {
        let mut data = data.to_vec();
        data.resize(data.len().next_multiple_of(16), 0);
        data
    };
    let lengths = (associated.len() as u128 * 8) << 64 | (ciphertext.len() as u128 * 8);
    let all = [padded(associated), padded(ciphertext), lengths.to_be_bytes().to_vec()].concat();
    let hash = all.chunks(16).fold(0, |y, block| gf_multiply(y ^ number(block), h));
    (hash ^ encrypt_block(key, iv + 1)).to_be_bytes().to_vec()
}

/// The parts of a packet's identity that IVs are made of.
struct Packet<'p> {
    /// 0 for SRTP, 3 for SRTCP: the first of the three labels.
    labels: u128,
    ssrc: u128,
    index: u128,
    /// E bit and index of SRTCP.
    word: u128,
    bytes: &'p [u8],
}

impl Agreed {
    /// RFC 3711 §4.3.1 and §4.3.3: the session key of a label for a packet index.
    fn derive(&self, label: u128, index: u128, len: usize) -> Vec<u8> {
        let (key, salt) = self.key_salt.split_at(self.suite.key_len);
        let r = self.rate.map_or(0, |n| index / 2_u128.pow(n));
        let salt = number(salt) * 256_u128.pow(14 - self.suite.salt_len as u32);
        let x = (label * 2_u128.pow(48) + r) ^ salt;
        keystream(key, x * 65_536, len)
    }

    fn crypt(&self, packet: &Packet<'_>, data: &[u8]) -> Vec<u8> {
        let labels = (packet.labels, packet.labels + 2);
        let mask = match self.suite.cipher {
            Cipher::Gcm => {
                let key = self.derive(labels.0, packet.index, self.suite.key_len);
                keystream(&key, self.gcm_iv(packet) + 2, data.len())
            }
            cipher => self.classic_keystream(packet, cipher, labels, data.len()),
        };
        xor(data, &mask)
    }

    /// The keystream of AES-CM, f8 and NULL, with the keys of two labels.
    fn classic_keystream(
        &self,
        packet: &Packet<'_>,
        cipher: Cipher,
        (key_label, salt_label): (u128, u128),
        len: usize,
    ) -> Vec<u8> {
        let &Packet { labels, ssrc, index, word, bytes } = packet;
        let key = self.derive(key_label, index, self.suite.key_len);
        let salt = self.derive(salt_label, index, 14);
        match cipher {
            Cipher::Null => vec![0; len],
            Cipher::Cm | Cipher::Gcm => {
                let iv = (number(&salt) * 65_536) ^ (ssrc << 64) ^ (index * 65_536);
                keystream(&key, iv, len)
            }
            Cipher::F8 => {
                let iv = if labels == 0 {
                    // 0x00 || M || PT || SEQ || TS || SSRC || ROC
                    number(&[&[0], &bytes[1..12]].concat()) << 32 | index >> 16
                } else {
                    // 0..0 || E || SRTCP index || V || P || RC || PT || length || SSRC
                    word << 64 | number(&bytes[..8])
                };
                f8_keystream(&key, &salt, iv, len)
            }
        }
    }

    /// RFC 6904 §3: the header extension with the data of the agreed elements encrypted or
    /// decrypted, the mask laid over it byte by byte.
    fn crypt_elements(&self, packet: &Packet<'_>) -> Vec<u8> {
        let mut bytes = packet.bytes.to_vec();
        let Some((profile, from, to)) = extension(&bytes) else {
            return bytes;
        };
        let stream =
            self.classic_keystream(packet, self.suite.cipher, (6, 7), to.saturating_sub(from));
        for (position, masked) in mask(profile, &bytes[from..to], &self.elements).iter().enumerate()
        {
            if *masked {
                bytes[from + position] ^= stream[position];
            }
        }
        bytes
    }

    /// RFC 7714 §8.1 and §9.1; both forms are the SSRC before a 48-bit index.
    fn gcm_iv(&self, packet: &Packet<'_>) -> u128 {
        let salt = self.derive(packet.labels + 2, packet.index, self.suite.salt_len);
        (number(&salt) ^ (packet.ssrc << 48 | packet.index)) << 32
    }

    /// The whole tag of a packet whose encrypted body is `body`, encrypted from `clear` on, and
    /// what follows it inside the authenticated part (the ROC, or the SRTCP index word).
    fn tag(&self, packet: &Packet<'_>, body: &[u8], clear: usize, suffix: &[u8]) -> Vec<u8> {
        if self.suite.cipher == Cipher::Gcm {
            let key = self.derive(packet.labels, packet.index, self.suite.key_len);
            let suffix = if packet.labels == 0 { &[] } else { suffix };
            let associated = [&body[..clear], suffix].concat();
            return gcm_tag(&key, self.gcm_iv(packet), &associated, &body[clear..]);
        }
        hmac(&self.derive(packet.labels + 1, packet.index, 20), &[body, suffix].concat())
    }

    fn rtp<'p>(&self, bytes: &'p [u8], index: u128) -> Packet<'p> {
        Packet { labels: 0, ssrc: number(&bytes[8..12]), index, word: 0, bytes }
    }

    fn rtcp<'p>(&self, bytes: &'p [u8], word: u128) -> Packet<'p> {
        let index = word % (1 << 31);
        Packet { labels: 3, ssrc: number(&bytes[4..8]), index, word, bytes }
    }

    fn mki(&self, with: bool) -> &[u8] {
        if with { &self.mki } else { &[] }
    }

    /// Whether every SRTP packet is authenticated.
    fn authenticates(&self) -> bool {
        match self.rcc {
            _ if self.suite.cipher == Cipher::Gcm => true,
            Some(Rcc { mode, rate, .. }) => mode == 2 || (mode == 1 && rate == 1),
            None => !self.unauthenticated_srtp,
        }
    }

    fn carries_roc(&self, seq: u128) -> bool {
        self.rcc.is_some_and(|rcc| seq.is_multiple_of(rcc.rate))
    }

    /// Bytes of a carried rollover counter and of MAC in the packet with this sequence number.
    fn srtp_tag(&self, seq: u128) -> (usize, usize) {
        let gcm = self.suite.cipher == Cipher::Gcm;
        match self.rcc {
            None if self.unauthenticated_srtp => (0, 0),
            None => (0, self.suite.srtp_tag),
            // RFC 4771 §5, the five cases.
            Some(rcc) => {
                let carried = seq.is_multiple_of(rcc.rate);
                let mac = match (rcc.mode, carried) {
                    _ if gcm => self.suite.srtp_tag,
                    (1 | 2, true) => rcc.tag - 4,
                    (2, false) => rcc.tag,
                    _ => 0,
                };
                (if carried { 4 } else { 0 }, mac)
            }
        }
    }

    /// What a sender does to a packet before anything else: with Cryptex, an empty extension where
    /// CSRCs stand alone (RFC 9335 §5.1). `Err`: it cannot be sent.
    pub(super) fn prepared(&self, packet: &[u8]) -> Result<Vec<u8>, u16> {
        let mut packet = packet.to_vec();
        let (on, required) = self.cryptex;
        let csrc_end = 12 + 4 * usize::from(packet[0] % 16);
        if on && csrc_end > 12 && packet[0] & 0x10 == 0 {
            packet.splice(csrc_end..csrc_end, [0xbe, 0xde, 0, 0]);
            packet[0] |= 0x10;
        }
        match extension(&packet) {
            Some((profile, ..)) if on => match profile {
                0xbede => {}
                _ if profile & 0xfff0 == 0x1000 => {}
                0xc0de | 0xc2de => return Err(profile),
                _ if required => return Err(profile),
                _ => {}
            },
            _ => {}
        }
        Ok(packet)
    }

    /// How a trailer is put together: AEAD tag, index word, MKI, tag (RFC 3711 §3.1 and §3.4,
    /// RFC 7714 §8.2 and §9.2).
    fn trailer(&self, tag: &[u8], word: &[u8], mki: &[u8]) -> Vec<u8> {
        match self.suite.cipher {
            Cipher::Gcm => [tag, word, mki].concat(),
            _ => [word, mki, tag].concat(),
        }
    }

    fn e_bit(&self) -> bool {
        !self.unencrypted_srtcp && self.suite.cipher != Cipher::Null
    }

    /// The whole tag of an RTP packet on the wire, its trailer left out.
    fn rtp_tag(&self, body: &[u8], index: u128) -> Vec<u8> {
        let identity = self.rtp(body, index);
        let roc = ((index / 65_536) as u32).to_be_bytes();
        let header_len = rtp_header_len(body).unwrap();
        if self.suite.cipher == Cipher::Gcm && self.is_cryptex(body) {
            let (fixed, csrcs, head, rest) = cryptex_parts(body);
            let key = self.derive(0, index, self.suite.key_len);
            let associated = [fixed, head].concat();
            return gcm_tag(&key, self.gcm_iv(&identity), &associated, &[csrcs, rest].concat());
        }
        let clear = if self.unencrypted_srtp { body.len() } else { header_len };
        self.tag(&identity, body, clear, &roc)
    }

    /// Whether a packet on the wire is encrypted by Cryptex.
    fn is_cryptex(&self, body: &[u8]) -> bool {
        self.cryptex.0 && extension(body).is_some_and(|(profile, ..)| is_marked(profile))
    }

    /// RFC 3711 §3.1: the SRTP packet of an RTP packet.
    pub(super) fn seal_rtp(&self, packet: &[u8], index: u128) -> Vec<u8> {
        let packet = self.prepared(packet).unwrap();
        let header_len = rtp_header_len(&packet).unwrap();
        let in_the_clear = extension(&packet).map(|(profile, ..)| profile);
        let marked = match in_the_clear {
            Some(0xbede) => Some([0xc0, 0xde]),
            Some(profile) if profile & 0xfff0 == 0x1000 => Some([0xc2, 0xde]),
            _ => None,
        };
        let sealed = match marked {
            Some(marked) if self.cryptex.0 => {
                let (fixed, csrcs, head, rest) = cryptex_parts(&packet);
                let crypted = self.crypt(&self.rtp(&packet, index), &[csrcs, rest].concat());
                let (csrcs, rest) = crypted.split_at(csrcs.len());
                [fixed, csrcs, &marked, &head[2..], rest].concat()
            }
            _ => {
                let masked = self.crypt_elements(&self.rtp(&packet, index));
                let clear = if self.unencrypted_srtp { packet.len() } else { header_len };
                let body = self.crypt(&self.rtp(&packet, index), &packet[clear..]);
                [&masked[..clear], &body].concat()
            }
        };
        let tag = self.rtp_tag(&sealed, index);
        [sealed, self.rtp_trailer(&tag, index, self.mki(self.mki_sent))].concat()
    }

    /// RFC 3711 §3.1, RFC 4771 §2: what follows an SRTP packet's payload.
    fn rtp_trailer(&self, tag: &[u8], index: u128, mki: &[u8]) -> Vec<u8> {
        let (roc_len, mac_len) = self.srtp_tag(index % 65_536);
        let roc = &((index / 65_536) as u32).to_be_bytes()[..roc_len];
        let mac = &tag[..mac_len];
        match self.suite.cipher {
            Cipher::Gcm => [mac, mki, roc].concat(),
            _ => [mki, roc, mac].concat(),
        }
    }

    /// The RTP packet of the SRTP packet whose trailer was taken off.
    fn open_rtp(&self, body: &[u8], index: u128) -> Vec<u8> {
        let identity = self.rtp(body, index);
        if self.is_cryptex(body) {
            let (fixed, csrcs, head, rest) = cryptex_parts(body);
            let plain = self.crypt(&identity, &[csrcs, rest].concat());
            let (csrcs, rest) = plain.split_at(csrcs.len());
            let profile = if head[0] == 0xc0 { [0xbe, 0xde] } else { [0x10, 0x00] };
            return [fixed, csrcs, &profile, &head[2..], rest].concat();
        }
        let header_len = rtp_header_len(body).unwrap();
        let clear = if self.unencrypted_srtp { body.len() } else { header_len };
        let header = self.crypt_elements(&identity);
        [&header[..clear], &self.crypt(&identity, &body[clear..])].concat()
    }

    /// RFC 3711 §3.4.
    pub(super) fn seal_rtcp(&self, packet: &[u8], index: u128) -> Vec<u8> {
        let word = if self.e_bit() { index + (1 << 31) } else { index };
        let identity = self.rtcp(packet, word);
        let clear = if self.e_bit() { 8 } else { packet.len() };
        let mut sealed = packet[..clear].to_vec();
        sealed.extend(self.crypt(&identity, &packet[clear..]));
        let word = (word as u32).to_be_bytes();
        let tag = self.tag(&identity, &sealed, clear, &word);
        let tag = &tag[..self.suite.srtcp_tag];
        sealed.extend(self.trailer(tag, &word, self.mki(self.mki_sent)));
        sealed
    }
}

/// RFC 3550 §5.1 and §5.3.1.
fn rtp_header_len(packet: &[u8]) -> Result<usize, Verdict> {
    if packet.len() < 12 {
        return Err(Verdict::TooShort);
    }
    if packet[0] / 64 != 2 {
        return Err(Verdict::Malformed);
    }
    let mut len = 12 + 4 * usize::from(packet[0] % 16);
    if packet[0] / 16 % 2 == 1 {
        if packet.len() < len + 4 {
            return Err(Verdict::TooShort);
        }
        len += 4 + 4 * number(&packet[len + 2..len + 4]) as usize;
    }
    if packet.len() < len { Err(Verdict::TooShort) } else { Ok(len) }
}

/// Profile, beginning and end of the body of the header extension.
fn extension(packet: &[u8]) -> Option<(u16, usize, usize)> {
    let at = 12 + 4 * usize::from(packet[0] % 16);
    let end = rtp_header_len(packet).ok()?;
    (packet[0] & 0x10 != 0).then(|| (number(&packet[at..at + 2]) as u16, at + 4, end))
}

fn is_marked(profile: u16) -> bool {
    [0xc0de, 0xc2de].contains(&profile)
}

/// Fixed header, CSRCs, head of the extension, and all that follows.
fn cryptex_parts(packet: &[u8]) -> (&[u8], &[u8], &[u8], &[u8]) {
    let at = 12 + 4 * usize::from(packet[0] % 16);
    (&packet[..12], &packet[12..at], &packet[at..at + 4], &packet[at + 4..])
}

/// RFC 6904 §3.1: the encryption mask of an extension's body, a flag for each byte.
fn mask(profile: u16, body: &[u8], ids: &BTreeSet<u8>) -> Vec<bool> {
    let mut mask = vec![false; body.len()];
    let two_byte = profile & 0xfff0 == 0x1000;
    if profile != 0xbede && !two_byte {
        return mask;
    }
    let mut at = 0;
    while at < body.len() {
        if body[at] == 0 {
            at += 1;
            continue;
        }
        let (id, from, len) = if two_byte {
            let Some(len) = body.get(at + 1) else { break };
            (body[at], at + 2, usize::from(*len))
        } else {
            (body[at] / 16, at + 1, usize::from(body[at] % 16) + 1)
        };
        if id == 0 || (!two_byte && id == 15) || from + len > body.len() {
            break;
        }
        mask[from..from + len].fill(ids.contains(&id));
        at = from + len;
    }
    mask
}

/// One SSRC: `ROC * 2^16 + s_l`, and every index ever accepted.
#[derive(Clone, Debug, Default)]
struct Stream {
    initial_roc: u128,
    roc_set: bool,
    highest: Option<u128>,
    seen: BTreeSet<u128>,
    rtcp_highest: Option<u128>,
    rtcp_seen: BTreeSet<u128>,
}

impl Stream {
    /// RFC 3711 Appendix A, without a cycle before the first.
    fn estimate(&self, seq: u128) -> u128 {
        let Some(highest) = self.highest else {
            return self.initial_roc * 65_536 + seq;
        };
        let (roc, s_l) = (highest / 65_536, highest % 65_536);
        let v = if s_l < 32_768 {
            if seq as i128 - s_l as i128 > 32_768 { roc.saturating_sub(1) } else { roc }
        } else if s_l - 32_768 > seq {
            roc + 1
        } else {
            roc
        };
        v * 65_536 + seq
    }
}

/// A receiver: one key, unlimited memory of what it has seen, a bounded number of SSRCs.
#[derive(Clone, Debug)]
pub(super) struct Receiver {
    agreed: Agreed,
    window: u128,
    capacity: usize,
    streams: BTreeMap<u128, Stream>,
    packets: u128,
    rtcp_packets: u128,
}

/// RFC 3711 §3.3.2.
fn seen(
    highest: Option<u128>,
    seen: &BTreeSet<u128>,
    window: u128,
    index: u128,
) -> Result<(), Verdict> {
    match highest {
        Some(highest) if index + window <= highest => Err(Verdict::TooOld),
        _ if seen.contains(&index) => Err(Verdict::Replayed),
        _ => Ok(()),
    }
}

impl Receiver {
    pub(super) fn new(agreed: Agreed, window: u128, capacity: usize) -> Self {
        Self { agreed, window, capacity, streams: BTreeMap::new(), packets: 0, rtcp_packets: 0 }
    }

    pub(super) fn roc(&self, ssrc: u32) -> Option<u32> {
        let stream = self.streams.get(&u128::from(ssrc))?;
        Some(stream.highest.map_or(stream.initial_roc, |highest| highest / 65_536) as u32)
    }

    pub(super) fn remove(&mut self, ssrc: u32) -> bool {
        self.streams.remove(&u128::from(ssrc)).is_some()
    }

    pub(super) fn set_roc(&mut self, ssrc: u32, roc: u32) -> bool {
        let full = self.streams.len() == self.capacity;
        if full && !self.streams.contains_key(&u128::from(ssrc)) {
            return false;
        }
        let stream = self.streams.entry(ssrc.into()).or_default();
        stream.roc_set = true;
        match stream.highest {
            None => stream.initial_roc = roc.into(),
            Some(highest) if highest / 65_536 != u128::from(roc) => {
                stream.highest = Some(u128::from(roc) * 65_536 + highest % 65_536);
                stream.seen.clear();
            }
            Some(_) => {}
        }
        true
    }

    pub(super) fn receive_rtp(&mut self, packet: &[u8]) -> Verdict {
        self.try_rtp(packet).unwrap_or_else(|verdict| verdict)
    }

    fn try_rtp(&mut self, packet: &[u8]) -> Result<Verdict, Verdict> {
        let agreed = &self.agreed;
        let header_len = rtp_header_len(packet)?;
        let ssrc = number(&packet[8..12]);
        let known = self.streams.get(&ssrc).cloned();
        let mut stream = known.clone().unwrap_or_default();
        let seq = number(&packet[2..4]);
        let estimate = stream.estimate(seq);
        let carried = agreed.carries_roc(seq);
        if !agreed.unauthenticated_srtp && agreed.rcc.is_none() {
            seen(stream.highest, &stream.seen, self.window, estimate)?;
        }
        if estimate >= 1 << 48 && !carried {
            return Err(Verdict::Exhausted);
        }
        let candidates: Vec<u128> = if stream.highest.is_some() || stream.roc_set {
            vec![estimate]
        } else {
            let (first, last) = agreed.first_roc;
            (first..=last).map(|roc| u128::from(roc) * 65_536 + seq).collect()
        };
        let (roc_len, mac_len) = agreed.srtp_tag(seq);
        let mut refusal = Verdict::TooShort;
        let mut opened = None;
        for with_mki in agreed.mki_accepted {
            let mki = agreed.mki(*with_mki);
            let trailer_len = mki.len() + roc_len + mac_len;
            if packet.len() < header_len + trailer_len {
                continue;
            }
            let (body, trailer) = packet.split_at(packet.len() - trailer_len);
            let mki_at = if agreed.suite.cipher == Cipher::Gcm { mac_len } else { 0 };
            if trailer[mki_at..mki_at + mki.len()] != *mki {
                refusal = Verdict::UnknownMki;
                continue;
            }
            let roc = &trailer[mki_at + mki.len()..mki_at + mki.len() + roc_len];
            let told = [number(roc) * 65_536 + seq];
            let candidates = if carried { &told[..] } else { &candidates };
            let right = candidates.iter().find(|index| {
                let tag = agreed.rtp_tag(body, **index);
                *trailer == agreed.rtp_trailer(&tag, **index, mki)
            });
            if let Some(index) = right {
                opened = Some((*index, body));
                break;
            }
            refusal = Verdict::AuthFailed;
        }
        let (index, body) = opened.ok_or(refusal)?;
        if agreed.rcc.is_some() && agreed.authenticates() {
            seen(stream.highest, &stream.seen, self.window, index)?;
        }
        let shows = body[0] & 0x1f != 0;
        if agreed.cryptex.1 && shows && !agreed.is_cryptex(body) {
            return Err(Verdict::HeaderInClear);
        }
        if self.packets == agreed.lifetime {
            return Err(Verdict::KeyExpired);
        }
        if known.is_none() && self.streams.len() == self.capacity {
            return Err(Verdict::TableFull);
        }
        let plain = agreed.open_rtp(body, index);
        self.packets += 1;
        stream.highest = match carried && !agreed.authenticates() {
            true => Some(index),
            false => stream.highest.max(Some(index)),
        };
        stream.seen.insert(index);
        self.streams.insert(ssrc, stream);
        Ok(Verdict::Plain(plain))
    }

    pub(super) fn receive_rtcp(&mut self, packet: &[u8]) -> Verdict {
        self.try_rtcp(packet).unwrap_or_else(|verdict| verdict)
    }

    fn try_rtcp(&mut self, packet: &[u8]) -> Result<Verdict, Verdict> {
        let agreed = &self.agreed;
        if packet.len() < 8 {
            return Err(Verdict::TooShort);
        }
        if packet[0] / 64 != 2 {
            return Err(Verdict::Malformed);
        }
        let mut refusal = Verdict::TooShort;
        let mut opened = None;
        for with_mki in agreed.mki_accepted {
            let mki = agreed.mki(*with_mki);
            let trailer_len = 4 + mki.len() + agreed.suite.srtcp_tag;
            if packet.len() < 8 + trailer_len {
                continue;
            }
            let (body, trailer) = packet.split_at(packet.len() - trailer_len);
            let gcm = agreed.suite.cipher == Cipher::Gcm;
            let word_at = if gcm { agreed.suite.srtcp_tag } else { 0 };
            let word = &trailer[word_at..word_at + 4];
            if trailer[word_at + 4..word_at + 4 + mki.len()] != *mki {
                refusal = Verdict::UnknownMki;
                continue;
            }
            let clear = if number(word) >= 1 << 31 { 8 } else { body.len() };
            let tag = agreed.tag(&agreed.rtcp(body, number(word)), body, clear, word);
            if *trailer == agreed.trailer(&tag[..agreed.suite.srtcp_tag], word, mki) {
                opened = Some((number(word), body, clear));
                break;
            }
            refusal = Verdict::AuthFailed;
        }
        let (word, body, clear) = opened.ok_or(refusal)?;
        let (ssrc, index) = (number(&packet[4..8]), word % (1 << 31));
        let known = self.streams.get(&ssrc).cloned();
        let mut stream = known.clone().unwrap_or_default();
        seen(stream.rtcp_highest, &stream.rtcp_seen, 128, index)?;
        if (word >= 1 << 31) != agreed.e_bit() {
            return Err(Verdict::Policy);
        }
        if self.rtcp_packets == agreed.lifetime.min(1 << 31) {
            return Err(Verdict::KeyExpired);
        }
        if known.is_none() && self.streams.len() == self.capacity {
            return Err(Verdict::TableFull);
        }
        let mut plain = body[..clear].to_vec();
        plain.extend(agreed.crypt(&agreed.rtcp(body, word), &body[clear..]));
        self.rtcp_packets += 1;
        stream.rtcp_highest = stream.rtcp_highest.max(Some(index));
        stream.rtcp_seen.insert(index);
        self.streams.insert(ssrc, stream);
        Ok(Verdict::Plain(plain))
    }

    /// Another master key; says whether that is allowed.
    pub(super) fn rekey(&mut self, agreed: Agreed, keep: bool) -> bool {
        let same = agreed.key_salt == self.agreed.key_salt;
        if same && !keep {
            return false;
        }
        if !same {
            (self.packets, self.rtcp_packets) = (0, 0);
        }
        if !keep {
            self.streams.clear();
        }
        self.agreed = agreed;
        true
    }
}
