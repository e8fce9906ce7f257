//! HMAC-SHA1 in lanes, of every width, with SHA-NI for the end and without, against the `hmac`
//! crate: every count of packets up to 70 and ragged lengths.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]
#![allow(clippy::cast_possible_truncation)]

use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use srtp_accel::ShaNi;
use srtp_accel::lanes::{HmacJob, Lanes};

/// A key, a message and a suffix.
#[derive(Clone, Debug)]
struct Case {
    key: [u8; 20],
    message: Vec<u8>,
    suffix: [u8; 4],
}

impl Case {
    /// Different in every byte from any other seed's.
    fn new(seed: usize, len: usize) -> Self {
        let byte = |i: usize| (i.wrapping_mul(2_654_435_761) ^ seed.wrapping_mul(40_503)) as u8;
        Self {
            key: core::array::from_fn(byte),
            message: (20..20 + len).map(byte).collect(),
            suffix: core::array::from_fn(|i| byte(i + 5000)),
        }
    }

    /// The SHA-1 states after both pads.
    fn states(&self) -> [[u32; 5]; 2] {
        let after = |pad: u8| {
            let mut block = [pad; 64];
            block.iter_mut().zip(self.key).for_each(|(b, k)| *b ^= k);
            let mut state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];
            sha1::block_api::compress(&mut state, &[block]);
            state
        };
        [after(0x36), after(0x5c)]
    }

    fn expected(&self) -> [u8; 20] {
        let mut mac = Hmac::<sha1::Sha1>::new_from_slice(&self.key).unwrap();
        mac.update(&self.message);
        mac.update(&self.suffix);
        mac.finalize().into_bytes().into()
    }
}

/// Runs the cases through every width, with and without SHA-NI.
fn check(cases: &[Case]) {
    let states: Vec<_> = cases.iter().map(Case::states).collect();
    let expected: Vec<_> = cases.iter().map(Case::expected).collect();
    for lanes in Lanes::all() {
        for sha_ni in [None, ShaNi::detect()] {
            let jobs: Vec<_> = cases
                .iter()
                .zip(&states)
                .map(|(case, states)| HmacJob::new(states, &case.message, case.suffix))
                .collect();
            // One place too many: nothing is written there.
            let mut digests = vec![[0xee; 20]; jobs.len() + 1];
            lanes.hmac_sha1(sha_ni, &jobs, &mut digests);
            assert_eq!(digests.pop(), Some([0xee; 20]));
            for (n, (digest, expected)) in digests.iter().zip(&expected).enumerate() {
                assert_eq!(digest, expected, "{lanes:?}, {sha_ni:?}, {n}: {:?}", cases[n]);
            }
        }
    }
}

/// Every count from none to more than fill sixteen lanes four times, all of one length: lanes that
/// finish together.
#[test]
fn every_count_of_equal_packets() {
    for count in 0..=70 {
        for len in [0, 32, 172, 1212] {
            let cases: Vec<_> = (0..count).map(|n| Case::new(n, len)).collect();
            check(&cases);
        }
    }
}

/// Every count, every packet another length: lanes that finish one by one and are filled again.
#[test]
fn every_count_of_ragged_packets() {
    for count in 0..=70 {
        for step in [1, 37, 397] {
            let length = |n: usize| (n * step + count) % 1300;
            let cases: Vec<_> = (0..count).map(|n| Case::new(n, length(n))).collect();
            check(&cases);
        }
    }
}

/// Every length over five blocks, all paddings, all block boundaries, in
/// the company of others.
#[test]
fn every_length() {
    let cases: Vec<_> = (0..330).map(|n| Case::new(n, n)).collect();
    check(&cases);
    for case in &cases {
        check(core::slice::from_ref(case));
    }
}

/// Every length over five blocks in all lanes and in all but some: where in the last words suffix and
/// padding stand is the same for all of them, and whose they are is not.
#[test]
fn every_length_in_all_lanes() {
    for len in 0..330 {
        for count in [8, 13, 16] {
            let cases: Vec<_> = (0..count).map(|n| Case::new(n + len, len)).collect();
            check(&cases);
        }
    }
}

/// A long packet among short ones: it goes on alone when they are done.
#[test]
fn one_long_packet_among_short_ones() {
    for at in 0..20 {
        let length = |n| if n == at { 20_000 } else { n };
        let cases: Vec<_> = (0..20).map(|n| Case::new(n, length(n))).collect();
        check(&cases);
    }
}

proptest! {
    /// Any mixture of counts and lengths.
    #[test]
    fn digests_are_those_of_the_hmac_crate(
        lengths in proptest::collection::vec(0_usize..1500, 0..200),
    ) {
        let cases: Vec<_> =
            lengths.iter().enumerate().map(|(n, &len)| Case::new(n, len)).collect();
        check(&cases);
    }
}
