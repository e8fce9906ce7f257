//! Tags: made whole, written cut, and compared in constant time.
//!
//! Read first: RFC 3711 §4.2.

use core::hint::black_box;

/// A whole tag: HMAC's is cut when it is written or compared.
#[derive(Default)]
pub(super) enum Tag {
    #[cfg(feature = "hmac-sha1")]
    Hmac([u8; 20]),
    #[cfg(feature = "gcm")]
    Aead([u8; 16]),
    #[default]
    None,
}

impl Tag {
    #[inline]
    pub(super) fn hmac(&self) -> &[u8] {
        match self {
            #[cfg(feature = "hmac-sha1")]
            Self::Hmac(tag) => tag,
            _ => &[],
        }
    }

    #[inline]
    pub(super) fn aead(&self) -> &[u8] {
        match self {
            #[cfg(feature = "gcm")]
            Self::Aead(tag) => tag,
            _ => &[],
        }
    }

    /// Whichever it is.
    #[inline(always)]
    pub(super) fn whole(&self) -> &[u8] {
        match self {
            #[cfg(feature = "hmac-sha1")]
            Self::Hmac(tag) => tag,
            #[cfg(feature = "gcm")]
            Self::Aead(tag) => tag,
            Self::None => &[],
        }
    }

    /// Whether the HMAC begins with what was sent, decided in constant time.
    #[inline(always)]
    pub(super) fn begins_with(&self, sent: &[u8]) -> bool {
        begins_with(self.hmac(), sent)
    }
}

/// Whether an HMAC begins with what was sent, decided in constant time.
#[inline(always)]
pub(crate) fn begins_with(hmac: &[u8], sent: &[u8]) -> bool {
    // The length of most tags, compared in two pieces.
    if let (Ok(sent), Some(start)) = (<&[u8; 10]>::try_from(sent), hmac.first_chunk()) {
        return same_80_bits(start, sent);
    }
    let start = hmac.get(..sent.len());
    !sent.is_empty() && start.is_some_and(|start| same(start, sent))
}

/// Fills `place` with the pieces one after the other; what does not fit is cut (a tag is a cut
/// digest, and it comes last).
#[inline(never)]
pub(super) fn put(place: &mut [u8], pieces: &[&[u8]]) {
    let mut rest = place;
    for piece in pieces {
        let len = piece.len().min(rest.len());
        let Some((now, later)) = rest.split_at_mut_checked(len) else {
            return;
        };
        copy(now, piece);
        rest = later;
    }
}

/// Fills `to` with the front of `from`, quickest where it has the length of a tag.
#[inline(always)]
pub(super) fn copy(to: &mut [u8], from: &[u8]) {
    fn exactly<const N: usize>(to: &mut [u8], from: &[u8]) {
        if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk::<N>()) {
            *to = *from;
        }
    }
    match to.len() {
        4 => exactly::<4>(to, from),
        10 => exactly::<10>(to, from),
        16 => exactly::<16>(to, from),
        _ => to.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
    }
}

/// As [`same`], for the tags of most suites.
#[inline(always)]
pub(super) fn same_80_bits(a: &[u8; 10], b: &[u8; 10]) -> bool {
    let number = |bytes: &[u8; 10]| {
        let [a, b, c, d, e, f, g, h, i, j] = *bytes;
        (u64::from_ne_bytes([a, b, c, d, e, f, g, h]), u16::from_ne_bytes([i, j]))
    };
    let ((a, a_end), (b, b_end)) = (number(a), number(b));
    black_box((a ^ b) | u64::from(a_end ^ b_end)) == 0
}

/// Whether two tags are the same, in a time that says nothing of where they differ. (By words:
/// byte by byte it would cost a tenth of a short packet.)
#[inline(never)]
pub(super) fn same(a: &[u8], b: &[u8]) -> bool {
    let ((a_words, a_rest), (b_words, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let words = a_words.iter().zip(b_words);
    let words = words.fold(0, |d, (a, b)| d | (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b)));
    let rest = a_rest.iter().zip(b_rest).fold(0, |d, (a, b)| d | (a ^ b));
    a.len() == b.len() && black_box(words | u64::from(rest)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every bit of a tag counts, at every length a tag can be cut to.
    #[test]
    fn tags_are_the_same_to_the_last_bit() {
        let tag: [u8; 20] = core::array::from_fn(|i| i as u8 * 13);
        for len in 0..=tag.len() {
            assert!(same(&tag[..len], &tag[..len]));
            for bit in 0..8 * len {
                let mut other = tag;
                other[bit / 8] ^= 1 << (bit % 8);
                assert!(!same(&tag[..len], &other[..len]), "bit {bit} of {len} bytes");
            }
            assert!(len == 0 || !same(&tag[..len], &tag[..len - 1]));
        }
    }
}
