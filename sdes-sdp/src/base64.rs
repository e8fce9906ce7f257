//! Base64 as the field writes it: padding too short or too long, last bits that are not zero.
//! Encoding is `base64ct`'s. Decoding is our own, because `base64ct` takes canonical text only;
//! like it, it has no table and no branch that depends on the key.
//!
//! Read first: RFC 4648 §3.2, §3.5, §4; RFC 4568 §6.1.

use base64ct::{Base64, Base64Unpadded, Encoding};
use srtp_core::MAX_KEY_SALT_LEN;
use zeroize::{Zeroize, Zeroizing};

/// What was seen while decoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Oddities {
    pub(crate) missing_padding: bool,
    pub(crate) extra_padding: bool,
    pub(crate) non_zero_last_bits: bool,
}

/// Why a text was not decoded. Positions count bytes of the text from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Error {
    /// A character outside the alphabet, or a `=` before the end.
    Character { at: usize },
    /// One character over a whole number of groups.
    Characters { count: usize },
    /// Well-formed, but not as long as was asked for.
    Length { bytes: usize },
}

/// Decodes a text that must stand for exactly `out.len()` bytes.
pub(crate) fn decode(text: &str, out: &mut [u8]) -> Result<Oddities, Error> {
    let digits = text.trim_end_matches('=');
    let count = digits.len();
    let bytes = (count / 4).saturating_mul(3).saturating_add(match count % 4 {
        2 => 1,
        3 => 2,
        _ => 0,
    });
    if count % 4 == 1 || bytes != out.len() {
        // A stray character is the more telling of two faults.
        return Err(match stray_character(digits) {
            Some(at) => Error::Character { at },
            None if count % 4 == 1 => Error::Characters { count },
            None => Error::Length { bytes },
        });
    }
    // The rest of the last group, and of the array, is `A`: six zero bits.
    let mut sextets = Zeroizing::new([i16::from(b'A'); MAX_TEXT_LEN]);
    sextets.iter_mut().zip(digits.bytes()).for_each(|(to, from)| *to = i16::from(from));
    sextets.iter_mut().for_each(|c| *c = sextet(*c));
    if sextets.iter().fold(0, |seen, sextet| seen | sextet) < 0 {
        return Err(Error::Character { at: stray_character(digits).unwrap_or_default() });
    }

    let (groups, _) = sextets.as_chunks::<4>();
    let mut groups = groups.iter().map(join);
    let (wholes, partial) = out.as_chunks_mut::<3>();
    wholes.iter_mut().zip(&mut groups).for_each(|(to, bytes)| *to = bytes);
    let mut oddities = Oddities::default();
    if let (false, Some(bytes)) = (partial.is_empty(), groups.next()) {
        partial.iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte);
        let over = bytes.iter().skip(partial.len());
        oddities.non_zero_last_bits = over.fold(0, |over, byte| over | byte) != 0;
    }
    let padding = text.len().saturating_sub(count);
    let needed = (4 - count % 4) % 4;
    oddities.missing_padding = padding < needed;
    oddities.extra_padding = padding > needed;
    Ok(oddities)
}

/// The six bits a character stands for, negative for one outside the alphabet.
fn sextet(c: i16) -> i16 {
    // All ones exactly when `c` is from `first` to `last`: then both differences are negative.
    let within =
        |first: u8, last: u8| ((i16::from(first) - 1 - c) & (c - i16::from(last) - 1)) >> 8;
    // Starting from -1, the one range that matches adds the value and 1.
    -1 + (within(b'A', b'Z') & (c - i16::from(b'A') + 1))
        + (within(b'a', b'z') & (c - i16::from(b'a') + 27))
        + (within(b'0', b'9') & (c - i16::from(b'0') + 53))
        + (within(b'+', b'+') & 63)
        + (within(b'/', b'/') & 64)
}

/// The three bytes of four sextets.
fn join(sextets: &[i16; 4]) -> [u8; 3] {
    let bits =
        sextets.iter().fold(0u32, |bits, sextet| bits << 6 | u32::from(sextet.unsigned_abs()));
    let [_, bytes @ ..] = bits.to_be_bytes();
    bytes
}

/// Only runs over texts that are refused anyway: what it branches on is no valid key.
fn stray_character(digits: &str) -> Option<usize> {
    digits.bytes().position(|c| !(c.is_ascii_alphanumeric() || c == b'+' || c == b'/'))
}

/// Characters for [`MAX_KEY_SALT_LEN`] bytes, padding included.
const MAX_TEXT_LEN: usize = MAX_KEY_SALT_LEN.div_ceil(3) * 4;

/// Hands the base64 text of a key to `f`, or the empty text where the key is longer than any
/// suite's.
pub(crate) fn with_encoded<R>(bytes: &[u8], padding: bool, f: impl FnOnce(&str) -> R) -> R {
    let mut buffer = [0; MAX_TEXT_LEN];
    let text = if padding {
        Base64::encode(bytes, &mut buffer)
    } else {
        Base64Unpadded::encode(bytes, &mut buffer)
    };
    let result = f(text.unwrap_or_default());
    buffer.zeroize();
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    /// Another way to read base64, from the alphabet's definition: six bits per character.
    fn model(text: &str) -> Vec<u8> {
        let bits: Vec<bool> = text
            .chars()
            .filter(|&c| c != '=')
            .map(|c| ALPHABET.find(c).unwrap())
            .flat_map(|value| (0..6).rev().map(move |bit| value >> bit & 1 == 1))
            .collect();
        let byte = |bits: &[bool]| bits.iter().fold(0, |byte, &bit| byte << 1 | u8::from(bit));
        bits.as_chunks::<8>().0.iter().map(|bits| byte(bits)).collect()
    }

    /// RFC 4648 §10, with the padding there, missing, and too long.
    #[test]
    fn padding_never_changes_the_bytes() {
        for (bytes, text) in [
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let digits = text.trim_end_matches('=');
            let needed = text.len() - digits.len();
            for padding in 0..4 {
                let given = format!("{digits}{}", "=".repeat(padding));
                let mut out = vec![0; bytes.len()];
                let oddities = decode(&given, &mut out).unwrap();
                assert_eq!(out, bytes.as_bytes());
                assert_eq!(oddities.missing_padding, padding < needed, "{given}");
                assert_eq!(oddities.extra_padding, padding > needed, "{given}");
                assert!(!oddities.non_zero_last_bits);
            }
        }
    }

    /// Every last character there is, for both kinds of partial group: the bytes are those of the
    /// model, and the note is there exactly when encoding them again gives another text.
    #[test]
    fn last_bits_are_noted_exactly_when_not_zero() {
        for stem in ["AAAAx", "AAAAxy"] {
            for c in (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain([b'+', b'/']) {
                let text = format!("{stem}{}", char::from(c));
                let expected = model(&text);
                let mut out = vec![0; expected.len()];
                let oddities = decode(&text, &mut out).unwrap();
                assert_eq!(out, expected, "{text}");
                let canonical = with_encoded(&out, false, |again| again == text);
                assert_eq!(oddities.non_zero_last_bits, !canonical, "{text}");
            }
        }
    }

    /// Exactly the 64 characters of the alphabet are read, each as its place there.
    #[test]
    fn the_alphabet() {
        for c in 0..=u8::MAX {
            let value = sextet(i16::from(c));
            assert_eq!(usize::try_from(value).ok(), ALPHABET.find(char::from(c)), "{c}");
        }
    }

    #[test]
    fn faults_are_told_apart() {
        let mut out = [0; 30];
        let text = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
        assert_eq!(decode(text.get(..39).unwrap(), &mut out), Err(Error::Length { bytes: 29 }));
        assert_eq!(decode(text.get(..37).unwrap(), &mut out), Err(Error::Characters { count: 37 }));
        assert_eq!(decode(&text.replace('Z', "-"), &mut out), Err(Error::Character { at: 18 }));
        assert_eq!(decode("", &mut out), Err(Error::Length { bytes: 0 }));
        let mut split = text.get(..39).unwrap().to_string();
        split.insert(20, '=');
        assert_eq!(decode(&split, &mut out), Err(Error::Character { at: 20 }));
    }
}
