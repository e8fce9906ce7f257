//! What this processor can do, as values that only a look at the processor can make; and the one
//! `unsafe` call that leads from such a value to the instructions.
//!
//! # Why that call is sound
//!
//! A function with `#[target_feature]` must not be called where a feature is missing; that is all
//! it asks. A token (`AesNi`, …) has a private field and is made by `detect` alone, which makes it
//! only when `cpufeatures` has found every feature of the token's list, the operating system's
//! consent to the wide registers included. The same list, written once per token below, stands in
//! the `#[target_feature]` of every function that the token's macro declares, and each such
//! function takes the token. Features do not go away while a program runs.

/// Declares a token and a macro of the same meaning that declares functions for its holders:
///
/// ```text
/// aes_ni! { fn name(argument: Type, …) -> Type { … } }
/// ```
///
/// makes `fn name(token: AesNi, argument: Type, …) -> Type`, whose body is compiled for the
/// token's features and may call whatever safe function needs no others. Never inlined: SHA-NI
/// instructions among AVX code with dirty upper halves cost 17 000 cycles instead of 122, and a
/// call is where the compiler cleans up. (`$d` is a dollar for the inner macro.)
macro_rules! token {
    ($d:tt $(#[$doc:meta])* $name:ident, $entry:ident: $($feature:tt),+) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name(());

        impl $name {
            /// Asks the processor, the first time; the answer is kept.
            #[must_use]
            pub fn detect() -> Option<Self> {
                cpufeatures::new!(features, $($feature),+);
                features::get().then_some(Self(()))
            }
        }

        macro_rules! $entry {
            ($d($d(#[$d meta:meta])* $d vis:vis fn $d f:ident(
                $d($d arg:ident: $d ty:ty),* $d(,)?
            ) $d(-> $d ret:ty)? $d body:block)+) => {$d(
                $d(#[$d meta])*
                #[inline]
                #[allow(unsafe_code)]
                $d vis fn $d f(_: crate::detect::$name, $d($d arg: $d ty),*) $d(-> $d ret)? {
                    #[target_feature($(enable = $feature),+)]
                    #[inline(never)]
                    fn with_features($d($d arg: $d ty),*) $d(-> $d ret)? $d body

                    // SAFETY: the token proves that the processor has the features of
                    // `with_features`; see the head of detect.rs.
                    unsafe { with_features($d($d arg),*) }
                }
            )+};
        }
        pub(crate) use $entry;
    };
}

token!($
    /// AES and carry-less multiplication on 128-bit registers: every x86-64 processor since 2010.
    AesNi, aes_ni: "aes", "pclmulqdq", "sse2", "ssse3", "sse4.1");
token!($
    /// SHA-1 rounds: Intel since Ice Lake and Goldmont, AMD since Zen.
    ShaNi, sha_ni: "sha", "sse2", "ssse3", "sse4.1");
token!($
    /// AES and carry-less multiplication, four blocks at a time: Intel since Ice Lake, AMD since
    /// Zen 4. With it comes what lane-parallel code for 512-bit registers needs.
    Vaes512, vaes_512: "vaes", "vpclmulqdq", "avx512f", "avx512bw", "avx512dq", "avx512vl",
    "aes", "pclmulqdq", "avx2", "avx", "bmi2", "ssse3", "sse4.1", "sse2");

token!($
    /// SHA-NI, and on 128-bit registers what AVX-512 has for them: Intel since Ice Lake, AMD since
    /// Zen 4.
    ShaNiVl, sha_ni_vl: "sha", "avx512f", "avx512vl", "avx2", "avx", "sse2", "ssse3", "sse4.1");
token!($
    /// Sixteen words at a time: Intel servers since Skylake, AMD since Zen 4.
    Avx512, avx_512: "avx512f", "avx512bw", "avx2", "avx");
token!($
    /// Eight words at a time: Intel since Haswell, AMD since Zen.
    Avx2, avx_2: "avx2", "avx");

/// Which instructions encrypt and hash for an AES key.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// One block per instruction.
    AesNi(AesNi),
    /// Four blocks per instruction; single blocks by AES-NI.
    Vaes512(AesNi, Vaes512),
}

impl Level {
    /// The best level of this processor, if it has any.
    #[must_use]
    pub fn best() -> Option<Self> {
        let aes_ni = AesNi::detect()?;
        Some(Vaes512::detect().map_or(Self::AesNi(aes_ni), |vaes| Self::Vaes512(aes_ni, vaes)))
    }

    /// All levels of this processor, the best last.
    pub fn all() -> impl Iterator<Item = Self> {
        let aes_ni = AesNi::detect();
        let wide = aes_ni.zip(Vaes512::detect()).map(|(aes_ni, vaes)| Self::Vaes512(aes_ni, vaes));
        aes_ni.map(Self::AesNi).into_iter().chain(wide)
    }

    pub(crate) fn aes_ni(self) -> AesNi {
        match self {
            Self::AesNi(aes_ni) | Self::Vaes512(aes_ni, _) => aes_ni,
        }
    }
}
