//! Cycles of the time-stamp counter for one HMAC-SHA1 of an RTP packet with a 12-byte header, one
//! after the other and in lanes: `cargo run --release -p srtp-accel --example lanes`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[cfg(target_arch = "x86_64")]
fn main() {
    use srtp_accel::lanes::{HmacJob, Lanes};
    use srtp_accel::{HmacSha1, ShaNi};
    use std::hint::black_box;

    const PAYLOADS: [Option<usize>; 4] = [Some(20), Some(160), Some(1200), None];

    /// The median of many runs.
    fn cycles(mut work: impl FnMut()) -> u64 {
        // SAFETY: every x86-64 has the time-stamp counter.
        #[allow(unsafe_code)]
        let now = || unsafe { core::arch::x86_64::_rdtsc() };
        let mut samples: Vec<u64> = (0..2001)
            .map(|_| {
                let start = now();
                work();
                now() - start
            })
            .collect();
        samples.sort_unstable();
        samples[samples.len() / 2]
    }

    let Some(sha_ni) = ShaNi::detect() else {
        println!("no SHA-NI here");
        return;
    };
    let keys: Vec<_> = (0..16).map(|n| HmacSha1::new(sha_ni, &[n; 20])).collect();
    println!("{:<26}{:>8}{:>8}{:>8}  mixed 40-1139", "cycles per packet", 20, 160, 1200);
    for lanes in std::iter::once(None).chain(Lanes::all().map(Some)) {
        for count in [1, 4, 5, 6, 8, 16, 64] {
            let name = match lanes {
                None => "one by one",
                Some(Lanes::Eight(_)) => "eight lanes",
                Some(Lanes::Sixteen(_)) => "sixteen lanes",
            };
            print!("{:<26}", format!("{count} packets, {name}"));
            for payload in PAYLOADS {
                let packets: Vec<Vec<u8>> = (0..count)
                    .map(|n| vec![0x55; 12 + payload.unwrap_or(40 + n * 397 % 1100)])
                    .collect();
                let total = cycles(|| match lanes {
                    None => packets.iter().zip(keys.iter().cycle()).for_each(|(packet, key)| {
                        black_box(key.digest(packet, &[0; 4]));
                    }),
                    Some(lanes) => {
                        let jobs: Vec<_> = packets
                            .iter()
                            .zip(keys.iter().cycle())
                            .map(|(packet, key)| HmacJob::new(key.states(), packet, [0; 4]))
                            .collect();
                        let mut digests = [[0; 20]; 64];
                        lanes.hmac_sha1(Some(sha_ni), black_box(&jobs), &mut digests);
                        black_box(&digests);
                    }
                });
                print!("{:>8}", total / count as u64);
            }
            println!();
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn main() {
    println!("there are no lanes for this processor");
}
