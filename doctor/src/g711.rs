//! G.711 companding, so that telephone audio can be heard and made: µ-law (PCMU) and A-law (PCMA)
//! bytes to and from linear 16-bit samples, computed instead of looked up.
//!
//! Read first: ITU-T G.711 tables 1a to 2b; RFC 3551 §4.5.14.

/// What is added to a µ-law magnitude so that every segment starts at a power of two.
const MU_BIAS: u16 = 0x84;
/// The largest magnitude that still fits the last µ-law segment once biased.
const MU_CLIP: u16 = 0x7fff - MU_BIAS;
/// PCMA inverts every other bit on the wire.
const A_TOGGLE: u8 = 0x55;

/// The linear sample of a PCMU byte.
pub const fn ulaw_to_linear(byte: u8) -> i16 {
    let (negative, segment, step) = split(!byte);
    let magnitude = (((step << 3) + MU_BIAS) << segment) - MU_BIAS;
    signed(magnitude, negative)
}

/// The PCMU byte of a linear sample.
pub const fn linear_to_ulaw(sample: i16) -> u8 {
    let magnitude = sample.unsigned_abs();
    let magnitude = if magnitude > MU_CLIP { MU_CLIP } else { magnitude } + MU_BIAS;
    let segment = magnitude.ilog2() - 7;
    !join(sample < 0, segment, magnitude >> (segment + 3))
}

/// The linear sample of a PCMA byte.
pub const fn alaw_to_linear(byte: u8) -> i16 {
    let (positive, segment, step) = split(byte ^ A_TOGGLE);
    // The first two segments share one step size; each sample is the middle of its step.
    let magnitude = match segment {
        0 => (step << 4) + 8,
        _ => ((step << 4) + 0x108) << (segment - 1),
    };
    signed(magnitude, !positive)
}

/// The PCMA byte of a linear sample.
pub const fn linear_to_alaw(sample: i16) -> u8 {
    // A-law has no zero: -1 is the first negative step, so the magnitude is the ones' complement.
    let magnitude = if sample < 0 { !sample } else { sample }.cast_unsigned();
    let (segment, step) = match magnitude {
        0..256 => (0, magnitude >> 4),
        _ => (magnitude.ilog2() - 7, magnitude >> (magnitude.ilog2() - 4)),
    };
    join(sample >= 0, segment, step) ^ A_TOGGLE
}

/// Sign bit, segment (0 to 7) and step within the segment (0 to 15).
const fn split(bits: u8) -> (bool, u32, u16) {
    (bits & 0x80 != 0, ((bits >> 4) & 7) as u32, (bits & 0xf) as u16)
}

const fn join(sign: bool, segment: u32, step: u16) -> u8 {
    let [_, step] = (step & 0xf).to_be_bytes();
    let [_, _, _, segment] = segment.to_be_bytes();
    ((sign as u8) << 7) | (segment << 4) | step
}

const fn signed(magnitude: u16, negative: bool) -> i16 {
    let magnitude = magnitude.cast_signed();
    if negative { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decoding loses nothing: every byte comes back. PCMU alone has two zeros, of which the
    /// negative one (0x7f) cannot be told from the positive in a linear sample.
    #[test]
    fn every_byte_survives_decoding_and_encoding() {
        for byte in 0..=u8::MAX {
            assert_eq!(linear_to_alaw(alaw_to_linear(byte)), byte);
            let ulaw = if byte == 0x7f { 0xff } else { byte };
            assert_eq!(linear_to_ulaw(ulaw_to_linear(byte)), ulaw);
        }
    }

    /// ITU-T G.711: silence, the ends of the scale and the first steps.
    #[test]
    fn known_values() {
        assert_eq!([0xff, 0x7f, 0x80, 0x00].map(ulaw_to_linear), [0, 0, 32124, -32124]);
        assert_eq!([0xfe, 0x7e].map(ulaw_to_linear), [8, -8]);
        assert_eq!([0xd5, 0x55, 0xaa, 0x2a].map(alaw_to_linear), [8, -8, 32256, -32256]);
    }

    /// Over all samples: louder in is never quieter out, and the error is at most half a step, which
    /// is a 33rd of the level above the first segments.
    #[test]
    fn quantisation_is_monotonic_and_bounded() {
        type Law = (fn(i16) -> u8, fn(u8) -> i16);
        let laws: [Law; 2] = [(linear_to_ulaw, ulaw_to_linear), (linear_to_alaw, alaw_to_linear)];
        for (encode, decode) in laws {
            let mut last = i16::MIN;
            for sample in i16::MIN + 1..=i16::MAX {
                let level = decode(encode(sample));
                assert!(level >= last, "{sample}");
                last = level;
                let error = (i32::from(level) - i32::from(sample)).unsigned_abs();
                let clipped = sample.unsigned_abs() > 32_635;
                assert!(
                    clipped || error <= (u32::from(level.unsigned_abs()) + 264) / 33,
                    "{sample}"
                );
            }
            assert!(decode(encode(i16::MIN)) <= decode(encode(-32_635)));
        }
    }
}
