//! HMAC-SHA1 with both pads compressed once per key: what is left per packet is the message and
//! one block more. Chosen once per key: `srtp-accel` where it knows the processor, else the block
//! function of the `sha1` crate, because a cloned `Hmac` costs a fifth of a short packet; tested
//! against the `hmac` crate.
//!
//! Read first: RFC 2104 §2 and §4, RFC 3711 §4.2.1.

#[cfg(not(feature = "compact"))]
use sha1::block_api::compress;
use zeroize::Zeroize;

#[cfg(feature = "compact")]
use super::sha1_compact::compress;

/// Length of the authentication key of every HMAC-SHA1 suite, in bytes (RFC 3711 §5.2).
pub(crate) const HMAC_KEY_LEN: usize = 20;
const BLOCK_LEN: usize = 64;
const DIGEST_LEN: usize = 20;
const SHA1_INITIAL: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

/// A key.
#[derive(Clone)]
pub(crate) enum HmacSha1 {
    #[cfg(feature = "accel")]
    Accel(srtp_accel::HmacSha1),
    Portable(Portable),
}

/// A key, as the two SHA-1 states after its pads; by the `sha1` crate.
#[derive(Clone)]
pub(crate) struct Portable {
    /// After the inner pad and after the outer.
    states: [[u32; 5]; 2],
}

impl HmacSha1 {
    pub(crate) fn new(key: &[u8; HMAC_KEY_LEN]) -> Self {
        #[cfg(feature = "accel")]
        if let Some(token) = srtp_accel::ShaNi::detect() {
            return Self::Accel(srtp_accel::HmacSha1::new(token, key));
        }
        Self::portable(key)
    }

    /// By the `sha1` crate.
    pub(crate) fn portable(key: &[u8; HMAC_KEY_LEN]) -> Self {
        Self::Portable(Portable::new(key))
    }

    /// The SHA-1 states after the inner and the outer pad.
    #[cfg(feature = "accel")]
    #[inline]
    pub(crate) fn states(&self) -> &[[u32; 5]; 2] {
        match self {
            Self::Accel(hmac) => hmac.states(),
            Self::Portable(hmac) => &hmac.states,
        }
    }

    /// The whole digest of `message || suffix`; `suffix` is at most 8 bytes (a ROC, mostly).
    #[inline(always)]
    pub(crate) fn digest(&self, message: &[u8], suffix: &[u8]) -> [u8; DIGEST_LEN] {
        #[cfg(test)]
        crate::tests::effort::hashes_alone();
        match self {
            #[cfg(feature = "accel")]
            Self::Accel(hmac) => hmac.digest(message, suffix),
            Self::Portable(hmac) => hmac.digest(message, suffix),
        }
    }
}

impl Portable {
    fn new(key: &[u8; HMAC_KEY_LEN]) -> Self {
        let state_after = |pad: u8| {
            let mut block = [pad; BLOCK_LEN];
            block.iter_mut().zip(key).for_each(|(b, k)| *b ^= k);
            let mut state = SHA1_INITIAL;
            compress(&mut state, &[block]);
            block.zeroize();
            state
        };
        Self { states: [state_after(0x36), state_after(0x5c)] }
    }

    #[inline(never)]
    fn digest(&self, message: &[u8], suffix: &[u8]) -> [u8; DIGEST_LEN] {
        let [inner, outer] = &self.states;
        let mut state = *inner;
        let (blocks, rest) = message.as_chunks::<BLOCK_LEN>();
        compress(&mut state, blocks);

        let mut tail = [0; 2 * BLOCK_LEN];
        let used = rest.len() + suffix.len();
        let end = if used + 9 > BLOCK_LEN { 2 * BLOCK_LEN } else { BLOCK_LEN };
        let bits = 8 * (BLOCK_LEN + message.len() + suffix.len()) as u64;
        put(&mut tail, 0, rest);
        put(&mut tail, rest.len(), suffix);
        put(&mut tail, used, &[0x80]);
        put(&mut tail, end - 8, &bits.to_be_bytes());
        let (tail_blocks, _) = tail.as_chunks::<BLOCK_LEN>();
        compress(&mut state, tail_blocks.get(..end / BLOCK_LEN).unwrap_or(tail_blocks));

        let mut block = [0; BLOCK_LEN];
        put(&mut block, 0, &to_bytes(&state));
        put(&mut block, DIGEST_LEN, &[0x80]);
        put(&mut block, BLOCK_LEN - 8, &(8 * (BLOCK_LEN + DIGEST_LEN) as u64).to_be_bytes());
        let mut state = *outer;
        compress(&mut state, &[block]);
        to_bytes(&state)
    }
}

impl Drop for Portable {
    fn drop(&mut self) {
        self.states.zeroize();
    }
}

/// Copies `bytes` to offset `at`; the callers' arithmetic keeps it inside.
#[inline]
fn put(block: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = block.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

#[inline]
fn to_bytes(state: &[u32; 5]) -> [u8; DIGEST_LEN] {
    let mut bytes = [0; DIGEST_LEN];
    let (words, _) = bytes.as_chunks_mut::<4>();
    words.iter_mut().zip(state).for_each(|(bytes, word)| *bytes = word.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use ::hmac::{Hmac, KeyInit, Mac};

    /// The same digest as the `hmac` crate for every message length over four blocks, with every
    /// suffix length: all paddings, all block boundaries, whoever computes it.
    #[test]
    fn digest_is_the_one_of_the_hmac_crate() {
        let key: [u8; HMAC_KEY_LEN] = core::array::from_fn(|i| (i * 7) as u8);
        let ways = [HmacSha1::portable(&key), HmacSha1::new(&key)];
        let data: Vec<u8> = (0..270_u32).map(|i| (i * 31 % 251) as u8).collect();
        for len in 0..260 {
            for suffix in 0..=8 {
                let (message, suffix) = (&data[..len], &data[len..len + suffix]);
                let mut theirs = Hmac::<sha1::Sha1>::new_from_slice(&key).unwrap();
                theirs.update(message);
                theirs.update(suffix);
                let expected = theirs.finalize().into_bytes();
                for ours in &ways {
                    assert_eq!(ours.digest(message, suffix), expected.0, "{len}");
                }
            }
        }
    }
}
