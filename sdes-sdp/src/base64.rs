//! Base64 as the field writes it: padding too short or too long, last bits that are not zero.
//! The bytes themselves are decoded by `base64ct` in constant time; it accepts canonical text
//! only, so the padding is cut off and a last, partial group is filled up here before it sees it.
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
    let bytes = (count / 4)
        .saturating_mul(3)
        .saturating_add(match count % 4 {
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
    let bad = || Error::Character {
        at: stray_character(digits).unwrap_or_default(),
    };
    let (groups, rest) = digits.as_bytes().as_chunks::<4>();
    let (whole, partial) = out
        .split_at_mut_checked(groups.len().saturating_mul(3))
        .ok_or_else(bad)?;
    Base64Unpadded::decode(groups.as_flattened(), whole).map_err(|_| bad())?;

    let mut oddities = Oddities::default();
    if !rest.is_empty() {
        // `A` is six zero bits.
        let mut group = Zeroizing::new([b'A'; 4]);
        group
            .iter_mut()
            .zip(rest)
            .for_each(|(to, from)| *to = *from);
        let mut last = Zeroizing::new([0; 3]);
        Base64Unpadded::decode(group.as_slice(), last.as_mut_slice()).map_err(|_| bad())?;
        let (value, over) = last.split_at_checked(partial.len()).ok_or_else(bad)?;
        partial.copy_from_slice(value);
        oddities.non_zero_last_bits = over.iter().fold(0, |bits, byte| bits | byte) != 0;
    }
    let padding = text.len().saturating_sub(count);
    let needed = (4 - rest.len()) % 4;
    oddities.missing_padding = padding < needed;
    oddities.extra_padding = padding > needed;
    Ok(oddities)
}

/// Only runs over texts that are refused anyway: what it branches on is no valid key.
fn stray_character(digits: &str) -> Option<usize> {
    digits
        .bytes()
        .position(|c| !(c.is_ascii_alphanumeric() || c == b'+' || c == b'/'))
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

    /// Another way to read base64, from the alphabet's definition: six bits per character.
    fn model(text: &str) -> Vec<u8> {
        const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let bits: Vec<bool> = text
            .chars()
            .filter(|&c| c != '=')
            .map(|c| ALPHABET.find(c).unwrap())
            .flat_map(|value| (0..6).rev().map(move |bit| value >> bit & 1 == 1))
            .collect();
        let byte = |bits: &[bool]| bits.iter().fold(0, |byte, &bit| byte << 1 | u8::from(bit));
        bits.as_chunks::<8>()
            .0
            .iter()
            .map(|bits| byte(bits))
            .collect()
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
            for c in (b'A'..=b'Z')
                .chain(b'a'..=b'z')
                .chain(b'0'..=b'9')
                .chain([b'+', b'/'])
            {
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

    #[test]
    fn faults_are_told_apart() {
        let mut out = [0; 30];
        let text = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
        assert_eq!(
            decode(text.get(..39).unwrap(), &mut out),
            Err(Error::Length { bytes: 29 })
        );
        assert_eq!(
            decode(text.get(..37).unwrap(), &mut out),
            Err(Error::Characters { count: 37 })
        );
        assert_eq!(
            decode(&text.replace('Z', "-"), &mut out),
            Err(Error::Character { at: 18 })
        );
        assert_eq!(decode("", &mut out), Err(Error::Length { bytes: 0 }));
        let mut split = text.get(..39).unwrap().to_string();
        split.insert(20, '=');
        assert_eq!(decode(&split, &mut out), Err(Error::Character { at: 20 }));
    }
}
