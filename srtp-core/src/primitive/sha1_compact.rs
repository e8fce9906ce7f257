//! SHA-1's compression function in a loop, a quarter of the flash of the `sha1` crate's, which is
//! written out round by round. For builds with the feature `compact`; tested as the other is,
//! through HMAC, against the `hmac` crate.
//!
//! Read first: FIPS 180-4 §4.1.1, §4.2.1, §6.1.3 (the method with sixteen words).

use zeroize::Zeroize;

/// Hashes whole blocks into a state.
pub(super) fn compress(state: &mut [u32; 5], blocks: &[[u8; 64]]) {
    for block in blocks {
        let mut words = [0; 16];
        let (quarters, _) = block.as_chunks::<4>();
        words.iter_mut().zip(quarters).for_each(|(word, bytes)| *word = u32::from_be_bytes(*bytes));
        let [mut a, mut b, mut c, mut d, mut e] = *state;
        for t in 0..80_usize {
            let word = |s: usize| words.get((t + s) % 16).copied().unwrap_or_default();
            let mut w = word(0);
            if t >= 16 {
                w = (word(13) ^ word(8) ^ word(2) ^ w).rotate_left(1);
            }
            if let Some(place) = words.get_mut(t % 16) {
                *place = w;
            }
            let (f, k) = match t / 20 {
                0 => ((b & c) | (!b & d), 0x5a82_7999),
                1 => (b ^ c ^ d, 0x6ed9_eba1),
                2 => ((b & c) | (b & d) | (c & d), 0x8f1b_bcdc),
                _ => (b ^ c ^ d, 0xca62_c1d6_u32),
            };
            let next =
                a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(w);
            (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
        }
        let done = [a, b, c, d, e];
        state.iter_mut().zip(done).for_each(|(word, more)| *word = word.wrapping_add(more));
        // Of a key's pad the words are the key.
        words.zeroize();
    }
}
