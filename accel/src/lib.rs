//! AES, SHA-1 and GHASH for SRTP on the processor's own instructions.
#![cfg_attr(not(test), no_std)]
