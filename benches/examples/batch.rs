//! Cycles of the time-stamp counter per packet, one at a time and in batches, side by side in one
//! run: sixteen contexts with keys of their own.
//! `cargo run --release -p srtp-benches --example batch`, with `--features peer-ipsec-mb` beside
//! Intel's library, whose packets must come out the same.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::cast_possible_truncation)]

use srtp_benches::{renumber, rtp};
use srtp_core::batch::{self, Incoming, Outgoing};
use srtp_core::{CryptoSuite, Fixed, Inbound, MasterKey, Outbound, Policy};

type Tx = Outbound<Fixed<1>, 1>;
type Rx = Inbound<Fixed<1>, 1>;

fn now() -> u64 {
    // SAFETY: every x86-64 has the time-stamp counter.
    unsafe { core::arch::x86_64::_rdtsc() }
}

fn median(samples: &mut [u64]) -> u64 {
    samples.sort_unstable();
    samples[samples.len() / 2]
}

fn main() {
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    let key = |n: u8| MasterKey::new(suite, &[n; 30]).unwrap();
    println!("{:<28}{:>8}{:>8}{:>8}  mixed 40-1139", "cycles per packet", 20, 160, 1200);
    for count in [16_usize, 64, 256] {
        let mut rows = vec![vec![]; 4];
        #[cfg(feature = "peer-ipsec-mb")]
        let mut peer_row = vec![];
        for payload in [Some(20), Some(160), Some(1200), None] {
            let len = |n: usize| 12 + payload.unwrap_or(40 + n * 397 % 1100);
            let mut tx: Vec<Tx> =
                (0..16).map(|n| Tx::new(&key(n), Policy::SECURE).unwrap()).collect();
            let mut tx2 =
                (0..16).map(|n| Tx::new(&key(n), Policy::SECURE).unwrap()).collect::<Vec<_>>();
            let mut rx: Vec<Rx> =
                (0..16).map(|n| Rx::new(&key(n), Policy::SECURE).unwrap()).collect();
            let mut rx2 = rx.clone();
            let mut buffers: Vec<Vec<u8>> = (0..count).map(|n| rtp(0, len(n) - 12)).collect();
            let mut copies = buffers.clone();
            let mut samples = vec![vec![]; 4];
            let mut number = 0_u16;
            #[cfg(feature = "peer-ipsec-mb")]
            let (mut peer, mut plain, mut peer_samples) = (Peer::new(), buffers.clone(), vec![]);
            for _ in 0..2000 {
                for (n, buffer) in buffers.iter_mut().enumerate() {
                    renumber(buffer, number + (n / 16) as u16);
                }
                for (copy, buffer) in copies.iter_mut().zip(&buffers) {
                    copy.copy_from_slice(buffer);
                }
                #[cfg(feature = "peer-ipsec-mb")]
                plain.clone_from(&buffers);
                number = number.wrapping_add((count / 16) as u16);
                let start = now();
                for (n, buffer) in buffers.iter_mut().enumerate() {
                    tx[n % 16].protect_rtp(buffer, len(n)).unwrap();
                }
                samples[0].push(now() - start);
                let mut packets: Vec<_> = copies
                    .iter_mut()
                    .enumerate()
                    .map(|(n, buffer)| Outgoing::rtp(n % 16, buffer, len(n)))
                    .collect();
                let start = now();
                batch::protect(&mut tx2, &mut packets);
                samples[1].push(now() - start);
                assert!(packets.iter().all(|packet| packet.result.is_some_and(|r| r.is_ok())));
                assert_eq!(buffers, copies);
                #[cfg(feature = "peer-ipsec-mb")]
                peer_samples.push(peer.protect(&plain, &buffers, len, number));
                let start = now();
                for (n, buffer) in buffers.iter_mut().enumerate() {
                    rx[n % 16].unprotect_rtp(&mut buffer[..len(n) + 10]).unwrap();
                }
                samples[2].push(now() - start);
                let mut packets: Vec<_> = copies
                    .iter_mut()
                    .enumerate()
                    .map(|(n, buffer)| Incoming::rtp(n % 16, &mut buffer[..len(n) + 10]))
                    .collect();
                let start = now();
                batch::unprotect(&mut rx2, &mut packets);
                samples[3].push(now() - start);
                assert!(packets.iter().all(|packet| packet.result.is_some_and(|r| r.is_ok())));
            }
            #[cfg(feature = "peer-ipsec-mb")]
            peer_row.push(median(&mut peer_samples) as f64 / count as f64);
            for (row, samples) in rows.iter_mut().zip(&mut samples) {
                row.push(median(samples) as f64 / count as f64);
            }
        }
        #[cfg(feature = "peer-ipsec-mb")]
        {
            print!("{:<28}", format!("protect {count}, intel-ipsec-mb"));
            peer_row.iter().for_each(|c| print!("{c:>8.0}"));
            print!("\n{:<28}", "  ratio to our batch");
            rows[1].iter().zip(&peer_row).for_each(|(a, b)| print!("{:>8.2}", b / a));
            println!();
        }
        for (name, pair) in ["protect", "unprotect"].iter().zip(rows.chunks(2)) {
            for (how, row) in ["one by one", "batch"].iter().zip(pair) {
                print!("{:<28}", format!("{name} {count}, {how}"));
                row.iter().for_each(|c| print!("{c:>8.0}"));
                println!();
            }
            print!("{:<28}", "  ratio");
            pair[0].iter().zip(&pair[1]).for_each(|(a, b)| print!("{:>8.2}", a / b));
            println!();
        }
    }
}

#[cfg(feature = "peer-ipsec-mb")]
struct Peer {
    manager: srtp_benches::ipsec_mb::Manager,
    keys: Vec<srtp_benches::ipsec_mb::Key>,
    copies: Vec<Vec<u8>>,
}

#[cfg(feature = "peer-ipsec-mb")]
impl Peer {
    fn new() -> Self {
        let manager = srtp_benches::ipsec_mb::Manager::new().unwrap();
        let keys = (0..16).map(|n| manager.key(&[n; 30])).collect();
        Self { manager, keys, copies: vec![] }
    }

    /// Protects the plain packets as one batch; `protected` is what they must become, `next` the
    /// sequence number after the last.
    fn protect(
        &mut self,
        plain: &[Vec<u8>],
        protected: &[Vec<u8>],
        len: impl Fn(usize) -> usize,
        next: u16,
    ) -> u64 {
        use srtp_benches::ipsec_mb::Packet;
        self.copies.clear();
        self.copies.extend_from_slice(plain);
        let mut packets: Vec<_> = (self.copies.iter_mut().enumerate())
            .map(|(n, buffer)| {
                let first = next - (plain.len() / 16) as u16;
                let index = u64::from(first) + n as u64 / 16;
                Packet::new(buffer, len(n), &self.keys[n % 16], index).unwrap()
            })
            .collect();
        let start = now();
        // SAFETY: the buffers live in `self.copies`, each once.
        unsafe { self.manager.protect(&mut packets) };
        let cycles = now() - start;
        for (n, (ours, theirs)) in protected.iter().zip(&self.copies).enumerate() {
            assert_eq!(ours[..len(n) + 10], theirs[..len(n) + 10]);
        }
        cycles
    }
}
