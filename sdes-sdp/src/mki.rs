//! The MKI as an `a=crypto` line writes it, a decimal number with its length in bytes, and as a
//! packet carries it, big-endian: 128 bytes are 309 digits, far beyond any integer type.
//!
//! Read first: RFC 4568 §6.1, RFC 3711 §3.1.

use core::fmt;

use srtp_core::{MAX_MKI_LEN, Mki};

use crate::error::CryptoErrorKind;

/// Digits of 2^1024 - 1.
const MAX_DIGITS: usize = 309;
/// 128 bytes in limbs of 32 bits.
const LIMBS: usize = MAX_MKI_LEN / 4;
/// Nine digits at a time: the most that fit a limb.
const CHUNK_DIGITS: usize = 9;
const CHUNK: u64 = 1_000_000_000;
const CHUNKS: usize = MAX_DIGITS.div_ceil(CHUNK_DIGITS);

/// The MKI of a decimal value and a length in bytes, as in `|1066:4`.
///
/// ```
/// let mki = sdes_sdp::mki::from_decimal("1066", 4)?;
/// assert_eq!(mki.as_bytes(), [0, 0, 4, 42]);
/// # Ok::<(), sdes_sdp::CryptoErrorKind>(())
/// ```
///
/// # Errors
/// [`CryptoErrorKind::MkiLength`] unless `length` is 1 to 128, [`CryptoErrorKind::MkiSyntax`]
/// unless `value` is decimal without leading zeros, [`CryptoErrorKind::MkiTooLarge`] when it does
/// not fit (RFC 4568 §6.1). Zero is accepted here.
pub fn from_decimal(value: &str, length: usize) -> Result<Mki, CryptoErrorKind> {
    let digits = value.as_bytes();
    if !(1..=MAX_MKI_LEN).contains(&length) {
        return Err(CryptoErrorKind::MkiLength);
    }
    let leading_zero = digits.len() > 1 && digits.first() == Some(&b'0');
    if digits.is_empty() || leading_zero || !digits.iter().all(u8::is_ascii_digit) {
        return Err(CryptoErrorKind::MkiSyntax);
    }
    let too_large = CryptoErrorKind::MkiTooLarge { length };
    if digits.len() > MAX_DIGITS {
        return Err(too_large);
    }
    // Least significant limb first, as many as the length asks for; each chunk of digits
    // multiplies what is there and adds itself.
    let mut limbs = [0u32; LIMBS];
    let limbs = limbs.get_mut(..length.div_ceil(4)).ok_or(too_large)?;
    let (head, chunks) = digits.as_rchunks::<CHUNK_DIGITS>();
    for chunk in core::iter::once(head).chain(chunks.iter().map(<[u8; 9]>::as_slice)) {
        let mut carry = chunk.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
        for limb in limbs.iter_mut() {
            carry += u64::from(*limb) * CHUNK;
            *limb = low_32(carry);
            carry >>= 32;
        }
        if carry != 0 {
            return Err(too_large);
        }
    }
    let mut bytes = [0; MAX_MKI_LEN];
    let (_, words) = bytes.as_rchunks_mut::<4>();
    for (word, limb) in words.iter_mut().rev().zip(limbs.iter()) {
        *word = limb.to_be_bytes();
    }
    // Only the first limb can reach beyond the length.
    let (above, mki) = bytes.split_at_checked(MAX_MKI_LEN - length).ok_or(too_large)?;
    if above.iter().rev().take(3).any(|byte| *byte != 0) {
        return Err(too_large);
    }
    Mki::new(mki).map_err(|_| CryptoErrorKind::MkiLength)
}

/// Prints the value of an MKI as a crypto line writes it, in decimal.
///
/// ```
/// let mki = srtp_core::Mki::new(&[0, 0, 4, 42]).unwrap();
/// assert_eq!(sdes_sdp::mki::Decimal(&mki).to_string(), "1066");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Decimal<'a>(pub &'a Mki);

impl fmt::Display for Decimal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Least significant limb first; each division by 10^9 takes nine digits off the end.
        let mut limbs = [0u32; LIMBS];
        let (head, words) = self.0.as_bytes().as_rchunks::<4>();
        let head = head.iter().fold(0, |value, byte| value << 8 | u32::from(*byte));
        let values = words.iter().rev().map(|word| u32::from_be_bytes(*word)).chain([head]);
        limbs.iter_mut().zip(values).for_each(|(limb, value)| *limb = value);

        let mut chunks = [0u32; CHUNKS];
        for chunk in &mut chunks {
            if limbs.iter().fold(0, |bits, limb| bits | limb) == 0 {
                break;
            }
            let mut remainder = 0;
            for limb in limbs.iter_mut().rev() {
                let dividend = remainder << 32 | u64::from(*limb);
                *limb = low_32(dividend / CHUNK);
                remainder = dividend % CHUNK;
            }
            *chunk = low_32(remainder);
        }
        let mut significant = chunks.iter().rev().skip_while(|chunk| **chunk == 0);
        write!(f, "{}", significant.next().unwrap_or(&0))?;
        significant.try_for_each(|chunk| write!(f, "{chunk:09}"))
    }
}

const fn low_32(value: u64) -> u32 {
    let [a, b, c, d, ..] = value.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An independent way from digits to bytes: one digit at a time, one byte at a time.
    fn model(value: &str) -> Vec<u8> {
        let mut bytes = vec![0u8; 130];
        for digit in value.bytes() {
            let mut carry = u16::from(digit - b'0');
            for byte in bytes.iter_mut().rev() {
                let sum = u16::from(*byte) * 10 + carry;
                *byte = sum.to_be_bytes()[1];
                carry = sum >> 8;
            }
            assert_eq!(carry, 0);
        }
        bytes
    }

    proptest! {
        /// Any number of up to 309 digits in any length: the bytes of the model, or refused
        /// exactly when it does not fit.
        #[test]
        fn decimal_agrees_with_the_model(value in "[1-9][0-9]{0,308}", length in 1usize..=128) {
            let expected = model(&value);
            let (above, low) = expected.split_at(expected.len() - length);
            match from_decimal(&value, length) {
                Ok(mki) => {
                    prop_assert_eq!(mki.as_bytes(), low);
                    prop_assert!(above.iter().all(|b| *b == 0));
                    prop_assert_eq!(Decimal(&mki).to_string(), value);
                }
                Err(error) => {
                    prop_assert_eq!(error, CryptoErrorKind::MkiTooLarge { length });
                    prop_assert!(above.iter().any(|b| *b != 0));
                }
            }
        }

        /// Bytes to digits and back, leading zero bytes among them.
        #[test]
        fn bytes_survive(bytes in prop::collection::vec(any::<u8>(), 1..=128), zeros in 0usize..128) {
            let mut bytes = bytes;
            bytes.iter_mut().take(zeros).for_each(|b| *b = 0);
            let mki = Mki::new(&bytes).unwrap();
            let again = from_decimal(&Decimal(&mki).to_string(), bytes.len()).unwrap();
            prop_assert_eq!(again, mki);
        }
    }

    /// The largest value of every length fits, one more does not.
    #[test]
    fn the_edge_of_every_length() {
        for length in 1..=128 {
            let largest = Decimal(&Mki::new(&vec![0xff; length]).unwrap()).to_string();
            assert!(from_decimal(&largest, length).is_ok(), "{length}");
            // 256^n - 1 never ends in 9 (it ends in 5), so the last digit can count one up.
            let (stem, last) = largest.split_at(largest.len() - 1);
            let above = format!("{stem}{}", last.parse::<u32>().unwrap() + 1);
            assert_eq!(
                from_decimal(&above, length),
                Err(CryptoErrorKind::MkiTooLarge { length }),
                "{length}"
            );
        }
        assert_eq!(Decimal(&Mki::new(&[0xff; 128]).unwrap()).to_string().len(), MAX_DIGITS);
    }

    /// A single byte beyond the length is one too many, however far beyond it stands.
    #[test]
    fn bytes_beyond_the_length() {
        for length in 1..=127 {
            for beyond in length..=(length + 5).min(127) {
                let mut bytes = vec![0; beyond + 1];
                bytes[0] = 1;
                let value = Decimal(&Mki::new(&bytes).unwrap()).to_string();
                let refused = Err(CryptoErrorKind::MkiTooLarge { length });
                assert_eq!(from_decimal(&value, length), refused, "256^{beyond} in {length}");
            }
        }
    }

    #[test]
    fn what_is_no_mki() {
        for value in ["", "01", "00", "1a", "-1", "+1", " 1", "1 ", "１"] {
            assert_eq!(from_decimal(value, 4), Err(CryptoErrorKind::MkiSyntax), "{value}");
        }
        for length in [0, 129, usize::MAX] {
            assert_eq!(from_decimal("1", length), Err(CryptoErrorKind::MkiLength));
        }
        assert_eq!(from_decimal("0", 2).unwrap().as_bytes(), [0, 0]);
        let long = "9".repeat(100_000);
        assert_eq!(from_decimal(&long, 128), Err(CryptoErrorKind::MkiTooLarge { length: 128 }));
    }
}
