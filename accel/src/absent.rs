//! Where there are no instructions that this crate knows: the same names, of which no value can be
//! made. Callers take their own path, the RustCrypto crates', which know the ARMv8 instructions.
#![allow(missing_docs)]

use core::convert::Infallible;

use inout::InOutBuf;

macro_rules! absent {
    ($($name:ident)+) => {$(
        #[derive(Clone, Copy, Debug)]
        pub struct $name(Infallible);

        impl $name {
            #[must_use]
            pub fn detect() -> Option<Self> {
                None
            }
        }
    )+};
}
absent!(AesNi Avx2 Avx512 ShaNi ShaNiVl Vaes512);

#[derive(Clone, Copy, Debug)]
pub enum Level {
    AesNi(AesNi),
    Vaes512(AesNi, Vaes512),
}

impl Level {
    #[must_use]
    pub fn best() -> Option<Self> {
        None
    }

    pub fn all() -> impl Iterator<Item = Self> {
        core::iter::empty()
    }
}

#[derive(Clone)]
pub struct Aes(Infallible);

impl Aes {
    #[must_use]
    pub fn new(_: Level, _: &[u8]) -> Option<Self> {
        None
    }

    #[must_use]
    pub fn encrypt(&self, _: u128) -> u128 {
        match self.0 {}
    }

    pub fn apply_keystream(&self, _: u128, _: InOutBuf<'_, '_, u8>) {
        match self.0 {}
    }

    pub fn apply_keystream_wide(&self, _: u128, _: &mut [u8]) {
        match self.0 {}
    }
}

pub type Associated<'a> = (&'a [u8], &'a [u8]);

#[derive(Clone)]
pub struct Gcm(Infallible);

impl Gcm {
    #[must_use]
    pub fn new(_: Level, _: &[u8]) -> Option<Self> {
        None
    }

    pub fn seal(&self, _: u128, _: Associated<'_>, _: InOutBuf<'_, '_, u8>) -> [u8; 16] {
        match self.0 {}
    }

    #[must_use]
    pub fn open(&self, _: u128, _: Associated<'_>, _: &mut [u8], _: &[u8; 16]) -> bool {
        match self.0 {}
    }

    pub fn seal_packet(&self, _: u128, _: &mut [u8], _: usize) {
        match self.0 {}
    }

    #[must_use]
    pub fn open_packet(&self, _: u128, _: &mut [u8], _: usize) -> bool {
        match self.0 {}
    }

    #[must_use]
    pub fn tag(&self, _: u128, _: Associated<'_>, _: (&[u8], &[u8])) -> [u8; 16] {
        match self.0 {}
    }

    pub fn apply_keystream(&self, _: u128, _: InOutBuf<'_, '_, u8>) {
        match self.0 {}
    }
}

#[derive(Clone)]
pub struct HmacSha1(Infallible);

impl HmacSha1 {
    #[must_use]
    pub fn new(token: ShaNi, _: &[u8; 20]) -> Self {
        match token.0 {}
    }

    #[must_use]
    pub fn by_sha_ni_alone(token: ShaNi, _: &[u8; 20]) -> Self {
        match token.0 {}
    }

    #[must_use]
    pub fn states(&self) -> &[[u32; 5]; 2] {
        match self.0 {}
    }

    #[must_use]
    pub fn digest(&self, _: &[u8], _: &[u8]) -> [u8; 20] {
        match self.0 {}
    }
}
