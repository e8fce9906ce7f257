//! The known packets of every suite on a Cortex-M4: the same tables that the tests on a desktop read goes through
//! `srtp-core` in a program with 64 KiB of RAM and no heap. One line a check on the debugger's
//! console, exit code 0 if every one held, 1 otherwise.
//!
//! `./ci.sh embedded` builds and runs it in QEMU.

#![no_std]
#![no_main]

mod table;

use core::panic::PanicInfo;

use cortex_m_rt::entry;
use cortex_m_semihosting::debug::{self, EXIT_FAILURE, EXIT_SUCCESS};
use cortex_m_semihosting::hprintln;
use srtp_core::{Fixed, Inbound, KeyError, Outbound};

use table::{KnownPacket, MAX_PACKET_LEN, Protocol};

static TABLES: [&str; 6] = [
    include_str!("../../test-vectors/srtp/known-packets.txt"),
    include_str!("../../test-vectors/srtp/known-packets-aes-192-256.txt"),
    include_str!("../../test-vectors/srtp/known-packets-f8.txt"),
    include_str!("../../test-vectors/srtp/known-packets-gcm.txt"),
    include_str!("../../test-vectors/srtp/known-packets-kdr.txt"),
    include_str!("../../test-vectors/srtp/known-packets-null.txt"),
];

type Sender = Outbound<Fixed<4>, 1>;
type Receiver = Inbound<Fixed<4>, 1>;

#[entry]
fn main() -> ! {
    hprintln!("Outbound of 4 streams: {} bytes", size_of::<Sender>());
    hprintln!("Inbound of 4 streams: {} bytes", size_of::<Receiver>());

    let mut tally = Tally::default();
    let lines = TABLES.iter().flat_map(|table| table.lines());
    for line in lines.filter(|line| line.starts_with("rt")) {
        let Some(packet) = KnownPacket::parse(line) else {
            tally.failed += 1;
            hprintln!("FAILED not understood: {:.60}", line);
            continue;
        };
        tally.report(&packet, "protect", protect(&packet));
        tally.report(&packet, "unprotect", unprotect(&packet));
    }

    hprintln!("{} passed, {} failed", tally.passed, tally.failed);
    let good = tally.failed == 0 && tally.passed > 0;
    debug::exit(if good { EXIT_SUCCESS } else { EXIT_FAILURE });
    halt()
}

/// Why a check did not hold.
type Check = Result<(), &'static str>;

#[derive(Default)]
struct Tally {
    passed: u32,
    failed: u32,
}

impl Tally {
    fn report(&mut self, packet: &KnownPacket<'_>, check: &str, outcome: Check) {
        let [what, name, suite] = packet.title;
        match outcome {
            Ok(()) => {
                self.passed += 1;
                hprintln!("ok     {} {} {} {}", suite, what, name, check);
            }
            Err(why) => {
                self.failed += 1;
                hprintln!("FAILED {} {} {} {}: {}", suite, what, name, check, why);
            }
        }
    }
}

/// The sender makes the known bytes.
fn protect(packet: &KnownPacket<'_>) -> Check {
    let (mut buffer, mut expected) = ([0; MAX_PACKET_LEN], [0; MAX_PACKET_LEN]);
    let len = packet.plain(&mut buffer).ok_or("bad hex")?;
    let expected_len = packet.secured(&mut expected).ok_or("bad hex")?;

    let mut sender = match Sender::new(&packet.key, packet.policy) {
        Ok(sender) => sender,
        // The table has RFC 7714 §16.1.3's packets without encryption, which §8.2 forbids.
        Err(KeyError::PolicyNotForSuite { .. }) if packet.policy.unencrypted_srtp => return Ok(()),
        Err(_) => return Err("key refused"),
    };
    let made = match packet.protocol {
        Protocol::Rtp => {
            let ssrc = word(&buffer, 8)?;
            sender.set_roc(ssrc, packet.counter).map_err(|_| "rollover counter refused")?;
            sender.protect_rtp(&mut buffer, len)
        }
        Protocol::Rtcp => {
            let ssrc = word(&buffer, 4)?;
            sender.set_rtcp_index(ssrc, packet.counter).map_err(|_| "index refused")?;
            sender.protect_rtcp(&mut buffer, len)
        }
    };
    let made = made.map_err(|_| "refused")?;
    if buffer.get(..made) != expected.get(..expected_len) {
        return Err("other bytes than the known ones");
    }
    Ok(())
}

/// The receiver refuses a forgery and leaves its bytes alone, opens the genuine packet, and refuses
/// it the second time.
fn unprotect(packet: &KnownPacket<'_>) -> Check {
    let (mut buffer, mut expected) = ([0; MAX_PACKET_LEN], [0; MAX_PACKET_LEN]);
    let expected_len = packet.plain(&mut expected).ok_or("bad hex")?;

    let mut receiver = match Receiver::new(&packet.key, packet.policy) {
        Ok(receiver) => receiver,
        Err(KeyError::PolicyNotForSuite { .. }) if packet.policy.unencrypted_srtp => return Ok(()),
        Err(_) => return Err("key refused"),
    };
    if packet.protocol == Protocol::Rtp {
        let ssrc = word(&expected, 8)?;
        receiver.set_roc(ssrc, packet.counter).map_err(|_| "rollover counter refused")?;
    }
    let mut open = |secured: &mut [u8]| match packet.protocol {
        Protocol::Rtp => receiver.unprotect_rtp(secured),
        Protocol::Rtcp => receiver.unprotect_rtcp(secured),
    };

    if packet.authenticated() {
        let len = packet.secured(&mut buffer).ok_or("bad hex")?;
        let forged = &mut buffer[..len];
        forged[len - 1] ^= 1;
        let before = checksum(forged);
        if open(forged).is_ok() {
            return Err("a forged tag was accepted");
        }
        if checksum(forged) != before {
            return Err("a refused packet was changed");
        }
    }

    let len = packet.secured(&mut buffer).ok_or("bad hex")?;
    let opened = open(&mut buffer[..len]).map_err(|_| "refused")?;
    if buffer.get(..opened) != expected.get(..expected_len) {
        return Err("other bytes than the known ones");
    }

    if packet.authenticated() {
        let len = packet.secured(&mut buffer).ok_or("bad hex")?;
        if open(&mut buffer[..len]).is_ok() {
            return Err("a replay was accepted");
        }
    }
    Ok(())
}

fn word(bytes: &[u8], at: usize) -> Result<u32, &'static str> {
    let bytes = bytes.get(at..).and_then(|bytes| bytes.first_chunk()).ok_or("too short")?;
    Ok(u32::from_be_bytes(*bytes))
}

/// FNV-1a, so that "unchanged" needs no third buffer on the stack.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, &byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    hprintln!("FAILED {}", info);
    debug::exit(EXIT_FAILURE);
    halt()
}

/// Nothing is left to do; the exit call ends an emulated machine, a real one waits here.
fn halt() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}
