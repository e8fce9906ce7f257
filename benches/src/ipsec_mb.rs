//! Intel's multi-buffer library (Debian: `libipsec-mb-dev`) as a peer: SRTP's AES-CM and HMAC-SHA1
//! for a batch of packets with different keys, without streams and replay rules.
#![allow(unsafe_code)]

use core::ffi::c_void;

use aes::cipher::{KeyIvInit, StreamCipher};

unsafe extern "C" {
    fn peer_new() -> *mut c_void;
    fn peer_key(
        manager: *mut c_void,
        cipher: *const u8,
        auth: *const u8,
        salt: *const u8,
    ) -> *const c_void;
    fn peer_protect(manager: *mut c_void, packets: *mut Packet, count: u64);
}

/// A packet in the front of a buffer, with 14 bytes of room behind it.
#[repr(C, align(16))]
pub struct Packet {
    bytes: *mut u8,
    len: u64,
    key: *const c_void,
    index: u64,
    iv: [u8; 16],
    digest: [u8; 20],
}

impl Packet {
    /// The RTP packet of `len` bytes in `buffer`, with its packet index; none where there is no
    /// room for rollover counter and tag, or no RTP header of 12 bytes.
    pub fn new(buffer: &mut [u8], len: usize, key: &Key, index: u64) -> Option<Self> {
        if len < 12 || buffer.len() < len + 14 {
            return None;
        }
        let (bytes, len) = (buffer.as_mut_ptr(), len as u64);
        Some(Self { bytes, len, key: key.0, index, iv: [0; 16], digest: [0; 20] })
    }
}

/// The session keys of one context; never freed.
pub struct Key(*const c_void);

/// The library.
pub struct Manager(*mut c_void);

impl Manager {
    /// Sets the library up for this processor.
    pub fn new() -> Option<Self> {
        // SAFETY: takes nothing; returns a manager or null.
        let manager = unsafe { peer_new() };
        (!manager.is_null()).then_some(Self(manager))
    }

    /// Derives the keys of RFC 3711 §4.3 from master key and salt.
    pub fn key(&self, master: &[u8; 30]) -> Key {
        let (key, salt) = master.split_at(16);
        let derive = |label: u8| {
            let mut iv = [0; 16];
            iv.iter_mut().zip(salt).for_each(|(to, from)| *to = *from);
            iv[7] ^= label;
            let mut bytes = [0; 20];
            if let Ok(mut prf) = ctr::Ctr128BE::<aes::Aes128>::new_from_slices(key, &iv) {
                prf.apply_keystream(&mut bytes);
            }
            bytes
        };
        let [cipher, auth, salt] = [derive(0), derive(1), derive(2)];
        // SAFETY: the manager is one; the three arrays are longer than what is read of them, 16, 20
        // and 14 bytes.
        Key(unsafe { peer_key(self.0, cipher.as_ptr(), auth.as_ptr(), salt.as_ptr()) })
    }

    /// Protects the packets of a batch, whose buffers must still be there.
    ///
    /// # Safety
    /// The buffers that the packets were made of are alive, and no two the same.
    pub unsafe fn protect(&self, packets: &mut [Packet]) {
        // SAFETY: `Packet::new` has seen that the buffers are long enough; that they are there is
        // the caller's word.
        unsafe { peer_protect(self.0, packets.as_mut_ptr(), packets.len() as u64) }
    }
}
