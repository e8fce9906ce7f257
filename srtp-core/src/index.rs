//! Which of the 2^48 packets of a stream a 16-bit sequence number means.
//!
//! Read first: RFC 3711 §3.3.1 and Appendix A.

/// The last packet index of an SRTP stream; the one after it does not exist (RFC 3711 §9.2).
pub const MAX_RTP_INDEX: u64 = (1 << 48) - 1;
/// The last SRTCP index.
pub const MAX_RTCP_INDEX: u32 = (1 << 31) - 1;

/// The rollover counter of a packet index.
#[inline]
pub(crate) const fn roc(index: u64) -> u32 {
    #[allow(clippy::cast_possible_truncation)] // an index has 48 bits
    {
        (index >> 16) as u32
    }
}

/// The index of a sequence number under a rollover counter.
#[inline]
pub(crate) const fn compose(roc: u32, sequence_number: u16) -> u64 {
    ((roc as u64) << 16) | sequence_number as u64
}

/// The index with this sequence number that is closest to `highest`, the highest one known.
///
/// The RFC counts modulo 2^48. Here nothing lies below 0 (a sequence number that seems older
/// than the stream's first cycle is of that cycle), and the result may be above
/// [`MAX_RTP_INDEX`], which the caller refuses: a stream ends there and never wraps.
#[inline(always)]
pub(crate) const fn estimate(highest: u64, sequence_number: u16) -> u64 {
    const CYCLE: u64 = 1 << 16;
    const HALF: u64 = 1 << 15;
    let same_cycle = (highest & !(CYCLE - 1)) | sequence_number as u64;
    if same_cycle > highest && same_cycle - highest > HALF && same_cycle >= CYCLE {
        same_cycle - CYCLE
    } else if same_cycle < highest && highest - same_cycle > HALF {
        same_cycle + CYCLE
    } else {
        same_cycle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3711 Appendix A, letter for letter, in wide arithmetic: the independent model.
    fn appendix_a(roc: i128, s_l: i128, seq: i128) -> i128 {
        let v = if s_l < 32_768 {
            if seq - s_l > 32_768 { roc - 1 } else { roc }
        } else if s_l - 32_768 > seq {
            roc + 1
        } else {
            roc
        };
        // "modulo 2^32" would make -1 the last cycle of all; nothing lies before the first.
        seq + v.max(0) * 65_536
    }

    /// Exhaustive over both sequence numbers where the decision is made, for the first, a middle
    /// and the last rollover counter.
    #[test]
    fn estimate_is_appendix_a() {
        let edges = |around: u32| (around.saturating_sub(3)..=around + 3).filter(|v| *v < 65_536);
        let interesting: Vec<u32> = [0, 1 << 14, 1 << 15, 3 << 14, 65_535]
            .into_iter()
            .flat_map(edges)
            .chain((0..65_536).step_by(641))
            .collect();
        for roc in [0_u32, 1, 7, u32::MAX - 1, u32::MAX] {
            for &s_l in &interesting {
                for seq in interesting.iter().copied().chain(edges((s_l + 32_768) % 65_536)) {
                    let highest = u64::from(roc) << 16 | u64::from(s_l);
                    let model = appendix_a(roc.into(), s_l.into(), seq.into());
                    assert_eq!(
                        i128::from(estimate(highest, seq as u16)),
                        model,
                        "ROC {roc} s_l {s_l} SEQ {seq}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_end_of_the_index_space_is_passed_not_wrapped() {
        assert_eq!(estimate(MAX_RTP_INDEX, 0), MAX_RTP_INDEX + 1);
        assert_eq!(roc(MAX_RTP_INDEX), u32::MAX);
        assert_eq!(compose(u32::MAX, u16::MAX), MAX_RTP_INDEX);
    }
}
