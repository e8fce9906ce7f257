//! What one session costs a Cortex-M4: a sender and a receiver with SRTCP, one stream each way, of the
//! suite that the environment variable SUITE names when this is built. No heap.
//!
//! Weighed as it is, and with the feature `report` run in QEMU, where it prints how much memory the
//! session takes and how deep the stack got. `./ci.sh footprint` makes a table of both.

#![no_std]
#![no_main]

mod stack;

use core::cell::UnsafeCell;
use core::hint::black_box;
use core::mem::MaybeUninit;

use cortex_m_rt::entry;
use srtp_core::{
    CryptoSuite, Fixed, Inbound, MAX_KEY_SALT_LEN, MasterKey, Outbound, Policy, Rekey,
};

/// One stream, and a window of 64 packets: what a device with one microphone needs.
type Sender = Outbound<Fixed<1, 1>, 1>;
/// One stream; voice over a wireless link comes in within 128 packets.
type Receiver = Inbound<Fixed<1, 2>, 1>;

const SUITE_NAME: &str = match option_env!("SUITE") {
    Some(name) => name,
    None => "AES_CM_128_HMAC_SHA1_80",
};
const SUITE: CryptoSuite = match SUITE_NAME.as_bytes() {
    b"AES_CM_128_HMAC_SHA1_80" => CryptoSuite::AesCm128HmacSha1_80,
    b"AES_CM_128_HMAC_SHA1_32" => CryptoSuite::AesCm128HmacSha1_32,
    b"AES_192_CM_HMAC_SHA1_80" => CryptoSuite::Aes192CmHmacSha1_80,
    b"AES_192_CM_HMAC_SHA1_32" => CryptoSuite::Aes192CmHmacSha1_32,
    b"AES_256_CM_HMAC_SHA1_80" => CryptoSuite::Aes256CmHmacSha1_80,
    b"AES_256_CM_HMAC_SHA1_32" => CryptoSuite::Aes256CmHmacSha1_32,
    b"F8_128_HMAC_SHA1_80" => CryptoSuite::F8_128HmacSha1_80,
    b"AEAD_AES_128_GCM" => CryptoSuite::AeadAes128Gcm,
    b"AEAD_AES_256_GCM" => CryptoSuite::AeadAes256Gcm,
    b"NULL_HMAC_SHA1_80" => CryptoSuite::NullHmacSha1_80,
    b"NULL_HMAC_SHA1_32" => CryptoSuite::NullHmacSha1_32,
    _ => panic!("SUITE is no suite"),
};

/// The voice of 20 ms in G.711, and what protection adds at most.
const PACKET_LEN: usize = 12 + 160 + 20;

struct Session {
    sender: MaybeUninit<Sender>,
    receiver: MaybeUninit<Receiver>,
}

/// Where the session lives: not on the stack.
struct Place(UnsafeCell<Session>);

// SAFETY: there is one thread.
unsafe impl Sync for Place {}

static PLACE: Place = Place(UnsafeCell::new(Session {
    sender: MaybeUninit::uninit(),
    receiver: MaybeUninit::uninit(),
}));
static PACKET: PacketPlace = PacketPlace(UnsafeCell::new([0; PACKET_LEN]));

struct PacketPlace(UnsafeCell<[u8; PACKET_LEN]>);

// SAFETY: there is one thread.
unsafe impl Sync for PacketPlace {}

#[entry]
fn main() -> ! {
    // SAFETY: `main` runs once and is the only one who knows the places.
    let (place, packet) = unsafe { (&mut *PLACE.0.get(), &mut *PACKET.0.get()) };

    let mut depth = [0; 3];
    let mut done = false;
    let placed = stack::depth_of(|| start(place));
    // SAFETY: `start` has written both.
    let (sender, receiver) =
        unsafe { (place.sender.assume_init_mut(), place.receiver.assume_init_mut()) };
    depth[0] = placed.max(stack::depth_of(|| done = begin_call(sender, receiver)));
    if done {
        depth[1] = stack::depth_of(|| done = rtp(sender, receiver, packet));
        depth[2] = stack::depth_of(|| done &= rtcp(sender, receiver, packet));
    }
    report(done, depth)
}

/// What a device does once: the contexts, without keys, in their places.
#[inline(never)]
fn start(place: &mut Session) {
    place_sender(&mut place.sender);
    place_receiver(&mut place.receiver);
}

// One after the other, so that their frames take the same stack.
#[inline(never)]
fn place_sender(place: &mut MaybeUninit<Sender>) {
    place.write(Sender::without_key(Policy::SECURE, Fixed::new()));
}

#[inline(never)]
fn place_receiver(place: &mut MaybeUninit<Receiver>) {
    place.write(Receiver::without_key(Policy::SECURE, Fixed::new()));
}

/// What it does for every call: a key out of the SDP, for each direction the same here.
#[inline(never)]
fn begin_call(sender: &mut Sender, receiver: &mut Receiver) -> bool {
    let Some(key) = key() else {
        return false;
    };
    sender.rekey(&key, Rekey::ZeroRoc).is_ok() && receiver.rekey(&key, Rekey::ZeroRoc).is_ok()
}

fn key() -> Option<MasterKey> {
    let key = [7; MAX_KEY_SALT_LEN];
    MasterKey::new(SUITE, black_box(key.get(..SUITE.key_salt_len())?)).ok()
}

/// The way of larger machines, for comparison: `new` returns the context.
#[cfg(feature = "report")]
#[inline(never)]
fn begin_call_by_new() {
    if let Some(key) = key() {
        black_box(&Receiver::new(&key, Policy::SECURE));
    }
}

#[inline(never)]
fn rtp(sender: &mut Sender, receiver: &mut Receiver, packet: &mut [u8; PACKET_LEN]) -> bool {
    packet[..12].copy_from_slice(&[0x80, 0, 0, 1, 0, 0, 0, 160, 1, 2, 3, 4]);
    let Ok(len) = sender.protect_rtp(packet, 172) else {
        return false;
    };
    let Some(protected) = black_box(packet).get_mut(..len) else {
        return false;
    };
    receiver.unprotect_rtp(protected) == Ok(172)
}

#[inline(never)]
fn rtcp(sender: &mut Sender, receiver: &mut Receiver, packet: &mut [u8; PACKET_LEN]) -> bool {
    packet[..8].copy_from_slice(&[0x80, 200, 0, 6, 1, 2, 3, 4]);
    let Ok(len) = sender.protect_rtcp(packet, 28) else {
        return false;
    };
    let Some(protected) = black_box(packet).get_mut(..len) else {
        return false;
    };
    receiver.unprotect_rtcp(protected) == Ok(28)
}

/// One row: suite, bytes of sender and receiver, stack of set-up, of SRTP, of SRTCP, and of set-up by
/// `new`.
#[cfg(feature = "report")]
fn report(done: bool, [set_up, rtp, rtcp]: [usize; 3]) -> ! {
    use cortex_m_semihosting::debug::{self, EXIT_FAILURE, EXIT_SUCCESS};

    cortex_m_semihosting::hprintln!(
        "{} {} {} {} {} {} {}",
        SUITE_NAME,
        size_of::<Sender>(),
        size_of::<Receiver>(),
        set_up,
        rtp,
        rtcp,
        stack::depth_of(begin_call_by_new)
    );
    debug::exit(if done { EXIT_SUCCESS } else { EXIT_FAILURE });
    halt()
}

#[cfg(not(feature = "report"))]
fn report(done: bool, depth: [usize; 3]) -> ! {
    black_box((done, depth));
    halt()
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    report(false, [0; 3])
}

fn halt() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}
