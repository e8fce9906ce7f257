//! SRTP once more: plain, slow, in wide integers, written from RFC 3711 alone and sharing no code
//! with the crate. What the crate does is compared with this.

use std::collections::{BTreeMap, BTreeSet};

use ::aes::cipher::{BlockCipherEncrypt, KeyInit};
use ::hmac::{Hmac, Mac};

/// One suite as the model needs it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Suite {
    pub(super) name: &'static str,
    pub(super) key_len: usize,
    pub(super) salt_len: usize,
    pub(super) srtp_tag: usize,
    pub(super) srtcp_tag: usize,
}

pub(super) const SUITES: &[Suite] = &[
    Suite {
        name: "AES_CM_128_HMAC_SHA1_80",
        key_len: 16,
        salt_len: 14,
        srtp_tag: 10,
        srtcp_tag: 10,
    },
    Suite {
        name: "AES_CM_128_HMAC_SHA1_32",
        key_len: 16,
        salt_len: 14,
        srtp_tag: 4,
        srtcp_tag: 10,
    },
];

/// What was agreed for a direction.
#[derive(Clone, Debug)]
pub(super) struct Agreed {
    pub(super) suite: Suite,
    pub(super) key_salt: Vec<u8>,
    pub(super) mki: Vec<u8>,
    /// `n` of a key derivation rate of 2^n.
    pub(super) rate: Option<u32>,
    pub(super) lifetime: u128,
    pub(super) unencrypted_srtp: bool,
    pub(super) unencrypted_srtcp: bool,
    pub(super) unauthenticated_srtp: bool,
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
    TableFull,
}

fn encrypt_block(key: &[u8], block: u128) -> u128 {
    let mut block = ::aes::cipher::Array(block.to_be_bytes());
    match key.len() {
        16 => ::aes::Aes128::new_from_slice(key)
            .unwrap()
            .encrypt_block(&mut block),
        24 => ::aes::Aes192::new_from_slice(key)
            .unwrap()
            .encrypt_block(&mut block),
        _ => ::aes::Aes256::new_from_slice(key)
            .unwrap()
            .encrypt_block(&mut block),
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

impl Agreed {
    /// RFC 3711 §4.3.1 and §4.3.3: the session key of a label for a packet index.
    fn derive(&self, label: u128, index: u128, len: usize) -> Vec<u8> {
        let (key, salt) = self.key_salt.split_at(self.suite.key_len);
        let r = self.rate.map_or(0, |n| index / 2_u128.pow(n));
        let salt = number(salt) * 256_u128.pow(14 - self.suite.salt_len as u32);
        let x = (label * 2_u128.pow(48) + r) ^ salt;
        keystream(key, x * 65_536, len)
    }

    fn crypt(&self, labels: u128, ssrc: u128, index: u128, data: &[u8]) -> Vec<u8> {
        let key = self.derive(labels, index, self.suite.key_len);
        let salt = number(&self.derive(labels + 2, index, self.suite.salt_len));
        let iv = (salt * 65_536) ^ (ssrc * 2_u128.pow(64)) ^ (index * 65_536);
        xor(data, &keystream(&key, iv, data.len()))
    }

    fn auth(&self, labels: u128, index: u128, message: &[u8]) -> Vec<u8> {
        hmac(&self.derive(labels + 1, index, 20), message)
    }

    /// RFC 3711 §3.1: the SRTP packet of an RTP packet whose header is `header_len` bytes.
    pub(super) fn seal_rtp(&self, packet: &[u8], header_len: usize, index: u128) -> Vec<u8> {
        let ssrc = number(&packet[8..12]);
        let mut sealed = packet.to_vec();
        if !self.unencrypted_srtp {
            let payload = self.crypt(0, ssrc, index, &packet[header_len..]);
            sealed.splice(header_len.., payload);
        }
        let roc = ((index / 65_536) as u32).to_be_bytes();
        let tag = self.auth(0, index, &[&sealed[..], &roc].concat());
        sealed.extend(&self.mki);
        if !self.unauthenticated_srtp {
            sealed.extend(&tag[..self.suite.srtp_tag]);
        }
        sealed
    }

    /// RFC 3711 §3.4.
    pub(super) fn seal_rtcp(&self, packet: &[u8], index: u128) -> Vec<u8> {
        let ssrc = number(&packet[4..8]);
        let mut sealed = packet.to_vec();
        let mut word = index as u32;
        if !self.unencrypted_srtcp {
            let payload = self.crypt(3, ssrc, index, &packet[8..]);
            sealed.splice(8.., payload);
            word += 1 << 31;
        }
        sealed.extend(word.to_be_bytes());
        let tag = self.auth(3, index, &sealed);
        sealed.extend(&self.mki);
        sealed.extend(&tag[..self.suite.srtcp_tag]);
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
    if packet.len() < len {
        Err(Verdict::TooShort)
    } else {
        Ok(len)
    }
}

/// One SSRC: `ROC * 2^16 + s_l`, and every index ever accepted.
#[derive(Clone, Debug, Default)]
struct Stream {
    initial_roc: u128,
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
            if seq as i128 - s_l as i128 > 32_768 {
                roc.saturating_sub(1)
            } else {
                roc
            }
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
        Self {
            agreed,
            window,
            capacity,
            streams: BTreeMap::new(),
            packets: 0,
            rtcp_packets: 0,
        }
    }

    pub(super) fn roc(&self, ssrc: u32) -> Option<u32> {
        let stream = self.streams.get(&u128::from(ssrc))?;
        Some(
            stream
                .highest
                .map_or(stream.initial_roc, |highest| highest / 65_536) as u32,
        )
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
        let index = stream.estimate(number(&packet[2..4]));
        if !agreed.unauthenticated_srtp {
            seen(stream.highest, &stream.seen, self.window, index)?;
        }
        if index >= 1 << 48 {
            return Err(Verdict::Exhausted);
        }
        let tag_len = if agreed.unauthenticated_srtp {
            0
        } else {
            agreed.suite.srtp_tag
        };
        let trailer = agreed.mki.len() + tag_len;
        if packet.len() < header_len + trailer {
            return Err(Verdict::TooShort);
        }
        let body = &packet[..packet.len() - trailer];
        if packet[body.len()..body.len() + agreed.mki.len()] != agreed.mki[..] {
            return Err(Verdict::UnknownMki);
        }
        let roc = ((index / 65_536) as u32).to_be_bytes();
        let tag = agreed.auth(0, index, &[body, &roc].concat());
        if packet[packet.len() - tag_len..] != tag[..tag_len] {
            return Err(Verdict::AuthFailed);
        }
        if self.packets == agreed.lifetime {
            return Err(Verdict::KeyExpired);
        }
        if known.is_none() && self.streams.len() == self.capacity {
            return Err(Verdict::TableFull);
        }
        let mut plain = body.to_vec();
        if !agreed.unencrypted_srtp {
            plain.splice(
                header_len..,
                agreed.crypt(0, ssrc, index, &body[header_len..]),
            );
        }
        self.packets += 1;
        stream.highest = stream.highest.max(Some(index));
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
        let (mki, tag_len) = (&agreed.mki, agreed.suite.srtcp_tag);
        if packet.len() < 12 + mki.len() + tag_len {
            return Err(Verdict::TooShort);
        }
        let authenticated = &packet[..packet.len() - tag_len - mki.len()];
        if packet[authenticated.len()..packet.len() - tag_len] != mki[..] {
            return Err(Verdict::UnknownMki);
        }
        let (body, word) = authenticated.split_at(authenticated.len() - 4);
        let (encrypted, index) = (number(word) >= 1 << 31, number(word) % (1 << 31));
        let tag = agreed.auth(3, index, authenticated);
        if packet[packet.len() - tag_len..] != tag[..tag_len] {
            return Err(Verdict::AuthFailed);
        }
        let ssrc = number(&packet[4..8]);
        let known = self.streams.get(&ssrc).cloned();
        let mut stream = known.clone().unwrap_or_default();
        seen(stream.rtcp_highest, &stream.rtcp_seen, 128, index)?;
        if encrypted == agreed.unencrypted_srtcp {
            return Err(Verdict::Policy);
        }
        if self.rtcp_packets == agreed.lifetime.min(1 << 31) {
            return Err(Verdict::KeyExpired);
        }
        if known.is_none() && self.streams.len() == self.capacity {
            return Err(Verdict::TableFull);
        }
        let mut plain = body.to_vec();
        if encrypted {
            plain.splice(8.., agreed.crypt(3, ssrc, index, &body[8..]));
        }
        self.rtcp_packets += 1;
        stream.rtcp_highest = stream.rtcp_highest.max(Some(index));
        stream.rtcp_seen.insert(index);
        self.streams.insert(ssrc, stream);
        Ok(Verdict::Plain(plain))
    }
}
