//! libsrtp 2 in this process, through `shim/libsrtp.c`.

use std::ffi::{CStr, c_char, c_int, c_uint, c_ulong};
use std::ptr;
use std::sync::Once;

use srtp_core::CryptoSuite;

use crate::exchange::Scope;
use crate::peer::{Agreed, Peer, Protocol};

/// The suites that libsrtp has, in the order of the shim's table. F8 it has not.
pub const SUITES: [CryptoSuite; 10] = [
    CryptoSuite::AesCm128HmacSha1_80,
    CryptoSuite::AesCm128HmacSha1_32,
    CryptoSuite::Aes192CmHmacSha1_80,
    CryptoSuite::Aes192CmHmacSha1_32,
    CryptoSuite::Aes256CmHmacSha1_80,
    CryptoSuite::Aes256CmHmacSha1_32,
    CryptoSuite::AeadAes128Gcm,
    CryptoSuite::AeadAes256Gcm,
    CryptoSuite::NullHmacSha1_80,
    CryptoSuite::NullHmacSha1_32,
];

/// libsrtp derives the session keys of AES-192 with the PRF of AES-256, over a key made of master
/// key and part of the salt; RFC 6188 §3 wants AES-192. docs/DIFFERENCES.md, D1.
pub fn is_aes_192(suite: CryptoSuite) -> bool {
    suite.master_key_len() == 24
}

/// libsrtp 2.5 looks for the MKI of an SRTCP packet in front of a tag as long as that of SRTP, and
/// does not find it where the two differ. docs/DIFFERENCES.md, D2.
pub fn loses_rtcp_mki(agreed: &Agreed) -> bool {
    let row = agreed.suite.parameters();
    !agreed.mki.is_empty() && row.srtp_tag_len != row.srtcp_tag_len
}

/// What of a conversation libsrtp can take part in.
pub fn scope(agreed: &Agreed) -> Scope {
    Scope { rtcp: !loses_rtcp_mki(agreed), ..Scope::ALL }
}

/// `srtp_err_status_t`, as far as it occurs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status(pub c_int);

impl Status {
    pub const BAD_PARAM: Self = Self(2);
    pub const AUTH_FAIL: Self = Self(7);
    /// Of an AES-GCM packet that is shorter than its tag.
    pub const CIPHER_FAIL: Self = Self(8);
    pub const REPLAY_FAIL: Self = Self(9);
    pub const REPLAY_OLD: Self = Self(10);
    pub const CANT_CHECK: Self = Self(14);
    pub const PARSE_ERR: Self = Self(21);
    pub const BAD_MKI: Self = Self(25);
}

#[repr(C)]
struct Opaque {
    _private: [u8; 0],
}

unsafe extern "C" {
    fn shim_init() -> c_int;
    fn shim_new(
        out: *mut *mut Opaque,
        suite: c_uint,
        inbound: c_int,
        clear_rtp: c_int,
        clear_rtcp: c_int,
        window: c_ulong,
        key_salts: *const u8,
        key_salt_len: usize,
        mkis: *const u8,
        mki_len: usize,
        count: usize,
    ) -> c_int;
    fn shim_free(session: *mut Opaque);
    fn shim_rekey(
        session: *mut Opaque,
        key_salts: *const u8,
        key_salt_len: usize,
        mkis: *const u8,
        mki_len: usize,
        count: usize,
    ) -> c_int;
    fn shim_set_roc(session: *mut Opaque, ssrc: c_uint, roc: c_uint) -> c_int;
    fn shim_roc(session: *mut Opaque, ssrc: c_uint, roc: *mut c_uint) -> c_int;
    fn shim_remove(session: *mut Opaque, ssrc: c_uint) -> c_int;
    fn shim_protect(
        session: *mut Opaque,
        rtcp: c_int,
        packet: *mut u8,
        len: *mut c_int,
        mki_index: c_uint,
    ) -> c_int;
    fn shim_unprotect(session: *mut Opaque, rtcp: c_int, packet: *mut u8, len: *mut c_int)
    -> c_int;
    fn shim_version() -> *const c_char;
}

/// The version of the library that is linked.
pub fn version() -> String {
    // SAFETY: libsrtp returns a string constant.
    unsafe { CStr::from_ptr(shim_version()) }.to_string_lossy().into_owned()
}

/// What a session is made of; its keys have MKIs of one length, or there is one key without.
#[derive(Clone, Debug)]
pub struct Setup {
    pub suite: CryptoSuite,
    pub inbound: bool,
    pub clear_rtp: bool,
    pub clear_rtcp: bool,
    /// Packets in the replay window.
    pub window: u32,
    pub keys: Vec<Key>,
}

/// A master key and its salt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    pub key_salt: Vec<u8>,
    pub mki: Vec<u8>,
}

/// One direction of libsrtp.
pub struct Session {
    session: *mut Opaque,
}

/// The keys one behind the other, as the shim takes them, and the lengths of one of each.
fn flat(keys: &[Key]) -> (Vec<u8>, Vec<u8>, usize, usize) {
    let key_salts = keys.iter().flat_map(|key| key.key_salt.clone()).collect();
    let mkis = keys.iter().flat_map(|key| key.mki.clone()).collect();
    let (key_salt_len, mki_len) =
        keys.first().map_or((0, 0), |key| (key.key_salt.len(), key.mki.len()));
    let alike = |key: &Key| key.key_salt.len() == key_salt_len && key.mki.len() == mki_len;
    assert!(keys.iter().all(alike), "keys of one length, MKIs of one length");
    (key_salts, mkis, key_salt_len, mki_len)
}

/// What libsrtp may write behind a packet: tag, MKI and index at their longest, and more, for it
/// has been known to write where it should not.
const SLACK: usize = 256;

impl Session {
    /// # Panics
    /// If libsrtp does not take the setup.
    pub fn new(setup: &Setup) -> Self {
        static INITIALISED: Once = Once::new();
        // SAFETY: only once, and before any other call.
        INITIALISED.call_once(|| assert_eq!(unsafe { shim_init() }, 0, "libsrtp does not start"));
        let suite = SUITES.iter().position(|suite| *suite == setup.suite);
        let suite = suite.unwrap_or_else(|| panic!("libsrtp has no {}", setup.suite));
        let (key_salts, mkis, key_salt_len, mki_len) = flat(&setup.keys);
        let mut session = ptr::null_mut();
        // SAFETY: both vectors hold as many bytes as the lengths say.
        let status = unsafe {
            shim_new(
                &raw mut session,
                suite.try_into().expect("one of ten"),
                setup.inbound.into(),
                setup.clear_rtp.into(),
                setup.clear_rtcp.into(),
                setup.window.into(),
                key_salts.as_ptr(),
                key_salt_len,
                mkis.as_ptr(),
                mki_len,
                setup.keys.len(),
            )
        };
        assert_eq!(status, 0, "libsrtp refuses {setup:?}");
        Self { session }
    }

    /// Other master keys; rollover counters and indices stay.
    pub fn rekey(&mut self, keys: &[Key]) -> Result<(), Status> {
        let (key_salts, mkis, key_salt_len, mki_len) = flat(keys);
        // SAFETY: as in `new`; the shim copies the bytes.
        done(unsafe {
            let (session, count) = (self.session, keys.len());
            shim_rekey(session, key_salts.as_ptr(), key_salt_len, mkis.as_ptr(), mki_len, count)
        })
    }

    /// Adds an SSRC that has seen no packet yet, with this rollover counter.
    pub fn set_roc(&mut self, ssrc: u32, roc: u32) -> Result<(), Status> {
        // SAFETY: the session lives as long as `self`.
        done(unsafe { shim_set_roc(self.session, ssrc, roc) })
    }

    pub fn roc(&self, ssrc: u32) -> Option<u32> {
        let mut roc = 0;
        // SAFETY: `roc` is written to at most once.
        let status = unsafe { shim_roc(self.session, ssrc, &raw mut roc) };
        (status == 0).then_some(roc)
    }

    /// Says whether the SSRC was there.
    pub fn remove(&mut self, ssrc: u32) -> bool {
        // SAFETY: the session lives as long as `self`.
        unsafe { shim_remove(self.session, ssrc) == 0 }
    }

    /// Protects under the key that has this place in the list.
    pub fn protect(
        &mut self,
        protocol: Protocol,
        packet: &[u8],
        key: u32,
    ) -> Result<Vec<u8>, Status> {
        let session = self.session;
        in_place(packet, |bytes, len| {
            // SAFETY: the buffer has the slack that libsrtp asks for.
            unsafe { shim_protect(session, is_rtcp(protocol), bytes, len, key) }
        })
    }

    pub fn unprotect(&mut self, protocol: Protocol, packet: &[u8]) -> Result<Vec<u8>, Status> {
        let session = self.session;
        in_place(packet, |bytes, len| {
            // SAFETY: the buffer holds `len` bytes and the slack.
            unsafe { shim_unprotect(session, is_rtcp(protocol), bytes, len) }
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // SAFETY: made by `shim_new`, and freed nowhere else.
        unsafe { shim_free(self.session) }
    }
}

fn is_rtcp(protocol: Protocol) -> c_int {
    (protocol == Protocol::Rtcp).into()
}

fn done(status: c_int) -> Result<(), Status> {
    if status == 0 { Ok(()) } else { Err(Status(status)) }
}

/// Runs `work` on a copy of the packet, aligned to words as libsrtp wants it, with slack behind.
fn in_place(
    packet: &[u8],
    work: impl FnOnce(*mut u8, *mut c_int) -> c_int,
) -> Result<Vec<u8>, Status> {
    let mut words = vec![0_u64; (packet.len() + SLACK).div_ceil(8)];
    let bytes = words.as_mut_ptr().cast::<u8>();
    let mut len = c_int::try_from(packet.len()).expect("packets are short");
    // SAFETY: the words hold that many bytes.
    unsafe { ptr::copy_nonoverlapping(packet.as_ptr(), bytes, packet.len()) };
    done(work(bytes, &raw mut len))?;
    let len = usize::try_from(len).expect("a length");
    assert!(len <= packet.len() + SLACK);
    // SAFETY: initialised with zeros, and the length was just checked.
    Ok(unsafe { std::slice::from_raw_parts(bytes, len) }.to_vec())
}

/// Both directions of libsrtp under what was agreed.
pub struct Libsrtp {
    sender: Session,
    receiver: Session,
}

impl Libsrtp {
    pub fn new(agreed: &Agreed, ssrc: u32) -> Self {
        let session = |inbound| {
            let key = Key { key_salt: agreed.key_salt.clone(), mki: agreed.mki.clone() };
            let suite = agreed.suite;
            let setup = Setup {
                suite,
                inbound,
                clear_rtp: false,
                clear_rtcp: false,
                window: 1024,
                keys: vec![key],
            };
            let mut session = Session::new(&setup);
            if agreed.roc > 0 {
                session.set_roc(ssrc, agreed.roc).expect("the SSRC is new");
            }
            session
        };
        Self { sender: session(false), receiver: session(true) }
    }
}

impl Peer for Libsrtp {
    fn protect(&mut self, protocol: Protocol, packet: &[u8]) -> Result<Vec<u8>, String> {
        self.sender.protect(protocol, packet, 0).map_err(|status| format!("{status:?}"))
    }

    fn unprotect(&mut self, protocol: Protocol, packet: &[u8]) -> Result<Vec<u8>, String> {
        self.receiver.unprotect(protocol, packet).map_err(|status| format!("{status:?}"))
    }
}
