//! Base64 as the field writes it: padding too short or too long, last bits that are not zero.
//! Encoding is `base64ct`'s. Decoding is our own, because `base64ct` takes canonical text only.
//! Like it, it has no table and no branch that depends on the key; it takes eight characters at a
//! time, and its tests hold every group of 24 bits against `base64ct`.
//!
//! Read first: RFC 4648 §3.2, §3.5, §4; RFC 4568 §6.1.

use base64ct::{Base64, Base64Unpadded, Encoding};
use srtp_core::MAX_KEY_SALT_LEN;
use zeroize::{Zeroize, Zeroizing};

/// What was seen while decoding.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Oddities {
    /// Characters before the padding.
    pub(crate) digits: usize,
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

/// Decodes a text that must stand for exactly `out.len()` bytes. On an error what is in `out` may
/// be a part of a key.
pub(crate) fn decode(text: &str, out: &mut [u8]) -> Result<Oddities, Error> {
    let padding = text.bytes().rev().take_while(|c| *c == b'=').count();
    let count = text.len().saturating_sub(padding);
    let digits = text.as_bytes().get(..count).unwrap_or_default();
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
    let (wholes, last_digits) = digits.as_chunks::<8>();
    let (places, last_place) = out.as_chunks_mut::<6>();
    let mut stray = 0;
    for (place, digits) in places.iter_mut().zip(wholes) {
        let (bytes, strays) = decode_eight(*digits);
        *place = bytes;
        stray |= strays;
    }
    let mut over = 0;
    if !last_digits.is_empty() {
        // The rest of the last eight is `A`: six zero bits.
        let mut digits = Zeroizing::new([b'A'; 8]);
        digits.iter_mut().zip(last_digits).for_each(|(to, from)| *to = *from);
        let (bytes, strays) = decode_eight(*digits);
        last_place.iter_mut().zip(bytes).for_each(|(to, byte)| *to = byte);
        over = bytes.iter().skip(last_place.len()).fold(0, |over, byte| over | byte);
        stray |= strays;
    }
    if stray != 0 {
        return Err(Error::Character { at: stray_character(digits).unwrap_or_default() });
    }
    let needed = (4 - count % 4) % 4;
    Ok(Oddities {
        digits: count,
        missing_padding: padding < needed,
        extra_padding: padding > needed,
        non_zero_last_bits: over != 0,
    })
}

/// Eight characters at once, one in each byte of a word: the six bytes they stand for, and not 0
/// if one of them is outside the alphabet. Additions, shifts and masks on whole words only, which
/// take the same time whatever is in them; not even a multiplication, which on small processors
/// does not.
#[inline(always)]
const fn decode_eight(digits: [u8; 8]) -> ([u8; 6], u64) {
    const HIGH: u64 = splat(0x80);
    let c = u64::from_be_bytes(digits);
    // The high bit of every byte that is at least `first`, for bytes below 0x80: no sum of two
    // such bytes carries into the next.
    let ascii = c & !HIGH;
    let digit = at_least(ascii, b'0');
    let upper = at_least(ascii, b'A') & !at_least(ascii, b'Z' + 1);
    let lower = at_least(ascii, b'a') & !at_least(ascii, b'z' + 1);
    let plus = at_least(ascii, b'+') & !at_least(ascii, b'+' + 1);
    let slash = at_least(ascii, b'/') & !digit;
    let digit = digit & !at_least(ascii, b'9' + 1);
    let stray = (!(upper | lower | digit | plus | slash) | c) & HIGH;

    // From the character to its place in the alphabet. Each byte gets one of the five; where it
    // gets none the result is not used.
    let up = chosen(digit, 52, b'0') | chosen(plus, 62, b'+') | chosen(slash, 63, b'/');
    let down = chosen(upper, b'A', 0) | chosen(lower, b'a', 26);
    let sextets = ascii.wrapping_add(up).wrapping_sub(down);

    // Two sextets, four, eight in a row.
    let pairs = (sextets & splat16(0x3f00)) >> 2 | sextets & splat16(0x003f);
    let fours = (pairs & splat32(0x0fff_0000)) >> 4 | pairs & splat32(0x0000_0fff);
    let eight = (fours & 0x00ff_ffff_0000_0000) >> 8 | fours & 0x00ff_ffff;
    let [_, _, bytes @ ..] = eight.to_be_bytes();
    (bytes, stray)
}

const fn splat(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

const fn splat16(half: u64) -> u64 {
    half | half << 16 | half << 32 | half << 48
}

const fn splat32(word: u64) -> u64 {
    word | word << 32
}

const fn at_least(ascii: u64, first: u8) -> u64 {
    ascii.wrapping_add(splat(0x80 - first)) & splat(0x80)
}

/// `to - from` in every byte whose high bit is set in `mask`, 0 in the others.
const fn chosen(mask: u64, to: u8, from: u8) -> u64 {
    // From 0x80 to 0x7f: room for every difference here.
    (mask - (mask >> 7)) & splat(to - from)
}

/// Only runs over texts that are refused anyway: what it branches on is no valid key.
fn stray_character(digits: &[u8]) -> Option<usize> {
    digits.iter().position(|c| !(c.is_ascii_alphanumeric() || matches!(c, b'+' | b'/')))
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

    /// Every 24 bits there are, as `base64ct` writes them, once in each half of a word.
    #[test]
    fn every_group_is_what_base64ct_wrote() {
        let (mut high, mut low, mut text) = ([0; 4], [0; 4], [0; 8]);
        for bits in 0u32..1 << 24 {
            let [_, a @ ..] = bits.to_be_bytes();
            let [_, b @ ..] = (bits.wrapping_mul(0x9e_3779) ^ 0x5a_a5c3).to_be_bytes();
            Base64::encode(&a, &mut high).unwrap();
            Base64::encode(&b, &mut low).unwrap();
            let (first, second) = text.split_at_mut(4);
            first.copy_from_slice(&high);
            second.copy_from_slice(&low);
            let (bytes, stray) = decode_eight(text);
            let [first, second] = [bytes.get(..3).unwrap(), bytes.get(3..).unwrap()];
            assert_eq!((first, second, stray), (&a[..], &b[..], 0), "{bits}");
        }
    }

    /// Every byte in every place, beside the smallest, the largest and strange neighbours: exactly
    /// the 64 characters of the alphabet are read, each as its place there; and `base64ct` agrees.
    #[test]
    fn the_alphabet() {
        for place in 0..8 {
            for c in 0..=u8::MAX {
                for around in [b'A', b'/', b'z', b'=', 0x00, 0x7f, 0x80, 0xff] {
                    let mut text = [around; 8];
                    text[place] = c;
                    let of = |c: u8| ALPHABET.bytes().position(|known| known == c);
                    let (bytes, stray) = decode_eight(text);
                    let mut expected = [0; 6];
                    let theirs = str::from_utf8(&text)
                        .is_ok_and(|text| Base64Unpadded::decode(text, &mut expected).is_ok());
                    let known = of(c).is_some() && of(around).is_some();
                    assert_eq!(stray == 0, known, "{c} {around}");
                    assert_eq!(theirs, known, "{c} {around}");
                    if known {
                        assert_eq!(bytes, expected, "{c} {around}");
                    }
                }
            }
        }
    }

    /// Two strange characters side by side do not make up for each other.
    #[test]
    fn neighbours_are_judged_alone() {
        let known = |c: u8| ALPHABET.bytes().any(|known| known == c);
        for a in 0..=u8::MAX {
            for b in 0..=u8::MAX {
                for place in 0..7 {
                    let mut text = [b'Q'; 8];
                    text[place] = a;
                    text[place + 1] = b;
                    assert_eq!(decode_eight(text).1 == 0, known(a) && known(b), "{a} {b}");
                }
            }
        }
    }

    #[test]
    fn faults_are_told_apart() {
        let mut out = [0; 30];
        let text = "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj";
        assert_eq!(decode(text.get(..39).unwrap(), &mut out), Err(Error::Length { bytes: 29 }));
        assert_eq!(decode(text.get(..37).unwrap(), &mut out), Err(Error::Characters { count: 37 }));
        let one_more = format!("{text}A");
        assert_eq!(decode(&one_more, &mut out), Err(Error::Characters { count: 41 }));
        assert_eq!(decode(&text.replace('Z', "-"), &mut out), Err(Error::Character { at: 18 }));
        // Behind the last eight, before it, and on both sides of it.
        for at in [2, 37] {
            let mut wrong = text.get(..38).unwrap().to_string();
            wrong.replace_range(at..=at, "-");
            assert_eq!(decode(&wrong, &mut [0; 28]), Err(Error::Character { at }));
        }
        assert_eq!(decode("", &mut out), Err(Error::Length { bytes: 0 }));
        let mut split = text.get(..39).unwrap().to_string();
        split.insert(20, '=');
        assert_eq!(decode(&split, &mut out), Err(Error::Character { at: 20 }));
    }
}
