//! What things cost in bytes, known when a program is built.
//!
//! ```
//! use srtp_core::{CryptoSuite, Fixed, Inbound, Outbound, sizes};
//!
//! const SUITE: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;
//! // 20 ms of G.711 with an MKI of four bytes, as it goes over the wire.
//! const LARGEST: usize = sizes::srtp_packet(SUITE, 4, 12 + 160);
//! static OUTPUT: [u8; LARGEST] = [0; LARGEST];
//! assert_eq!(OUTPUT.len(), 186);
//!
//! type Tx = Outbound<Fixed<1, 2>, 1>;
//! type Rx = Inbound<Fixed<1, 2>, 1>;
//! const SESSION: usize = sizes::outbound::<Fixed<1, 2>, 1>() + sizes::inbound::<Fixed<1, 2>, 1>();
//! assert_eq!(SESSION, size_of::<Tx>() + size_of::<Rx>());
//! ```

use crate::context::{Inbound, Outbound};
use crate::stream::Stream;
use crate::suite::{CryptoSuite, MAX_TAG_LEN};
use crate::table::StreamTable;
use crate::wire::{EXTENSION_HEAD_LEN, SRTCP_INDEX_LEN};
use crate::{MAX_MKI_LEN, Rcc};

/// The most bytes that any suite, policy and MKI add to a packet.
pub const MAX_OVERHEAD: usize = if MAX_TAG_LEN > MAX_RCC_TAG { MAX_TAG_LEN } else { MAX_RCC_TAG }
    + EXTENSION_HEAD_LEN
    + SRTCP_INDEX_LEN
    + MAX_MKI_LEN;
const MAX_RCC_TAG: usize = 20;

/// Bytes that a suite adds to an RTP packet with an MKI of this many bytes (0: none).
pub const fn srtp_overhead(suite: CryptoSuite, mki_len: usize) -> usize {
    suite.parameters().srtp_tag_len + mki_len
}

/// The most bytes that a suite adds to an RTP packet that may carry its rollover counter (RFC 4771).
pub const fn srtp_overhead_with_rcc(suite: CryptoSuite, rcc: Rcc, mki_len: usize) -> usize {
    let tag = if suite.parameters().cipher.is_aead() { suite.parameters().srtp_tag_len } else { 0 };
    tag + rcc.tag_len as usize + mki_len
}

/// Bytes that a suite adds to an RTCP packet: tag, E bit and index, MKI.
pub const fn srtcp_overhead(suite: CryptoSuite, mki_len: usize) -> usize {
    suite.parameters().srtcp_tag_len + SRTCP_INDEX_LEN + mki_len
}

/// Length of the SRTP packet that an RTP packet of `len` bytes becomes.
pub const fn srtp_packet(suite: CryptoSuite, mki_len: usize, len: usize) -> usize {
    len + srtp_overhead(suite, mki_len)
}

/// Length of the SRTCP packet that an RTCP packet of `len` bytes becomes.
pub const fn srtcp_packet(suite: CryptoSuite, mki_len: usize, len: usize) -> usize {
    len + srtcp_overhead(suite, mki_len)
}

/// Bytes of a sending context, its streams included if they are [`Fixed`](crate::Fixed).
pub const fn outbound<S: StreamTable, const KEYS: usize>() -> usize {
    size_of::<Outbound<S, KEYS>>()
}

/// Bytes of a receiving context, its streams included if they are [`Fixed`](crate::Fixed).
pub const fn inbound<S: StreamTable, const KEYS: usize>() -> usize {
    size_of::<Inbound<S, KEYS>>()
}

/// Bytes of one more SSRC with an RTP replay window of this many packets, a power of two from 64 on:
/// its place, its window and its bucket.
pub const fn stream(window: usize) -> usize {
    size_of::<Stream>() + window / 8 + size_of::<u32>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fixed, MasterKey, Policy};

    /// The constants say what contexts do, for every suite and MKI length.
    #[test]
    fn constants_are_what_contexts_do() {
        for &suite in CryptoSuite::ALL {
            for mki in [0, 1, 4, 128] {
                let key = MasterKey::new(suite, &vec![1; suite.key_salt_len()]).unwrap();
                let key = key.with_mki(&vec![2; mki]).unwrap();
                let tx = Outbound::<Fixed<1>, 1>::new(&key, Policy::SECURE).unwrap();
                assert_eq!(tx.rtp_overhead(), srtp_overhead(suite, mki));
                assert_eq!(tx.rtcp_overhead(), srtcp_overhead(suite, mki));
                assert!(srtp_overhead(suite, mki).max(srtcp_overhead(suite, mki)) <= MAX_OVERHEAD);
            }
        }
    }

    /// What callers measure buffers by, added up from the RFCs: a tag of 20 bytes (RFC 4771 §5, with
    /// HMAC-SHA1's whole digest), the 4 of an extension that Cryptex adds (RFC 9335 §5.1), the 4 of
    /// the SRTCP index (RFC 3711 §3.4) and an MKI of 128 (RFC 4568 §6.1).
    #[test]
    fn the_most_that_is_added() {
        assert_eq!(MAX_OVERHEAD, 20 + 4 + 4 + 128);
    }

    #[test]
    fn one_more_stream_costs_what_is_said() {
        let difference = size_of::<Fixed<1001, 2>>() - size_of::<Fixed<1000, 2>>();
        assert!(difference <= stream(128) + 4, "{difference}");
        let difference = size_of::<Fixed<1001, 16>>() - size_of::<Fixed<1000, 16>>();
        assert!(difference <= stream(1024) + 4, "{difference}");
    }
}
