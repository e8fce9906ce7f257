//! Why a packet was not protected or not let in: sentences with figures, never with a secret.

use core::fmt;

use crate::wire::WireError;

/// Why [`Outbound`](crate::Outbound) did not protect a packet. Buffer and state are as before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ProtectError {
    /// The packet ends before what its header announces.
    TooShort {
        /// Bytes there are.
        len: usize,
        /// Bytes there would have to be.
        needed: usize,
    },
    /// The version field is not 2.
    Malformed {
        /// The version found.
        version: u8,
    },
    /// The payload is longer than the counter of AES-CM reaches (RFC 3711 §4.1.1).
    TooLong {
        /// Bytes of payload.
        len: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The buffer has no room for the trailer.
    NoRoom {
        /// Bytes in the buffer.
        available: usize,
        /// Bytes the protected packet takes.
        needed: usize,
    },
    /// A packet of this index was sent before, or so long ago that nobody knows: protecting it
    /// would use the same keystream twice (RFC 3711 §9.1).
    IndexReuse {
        /// The packet index.
        index: u64,
    },
    /// A retransmission of a packet that was never sent.
    NotSentBefore {
        /// The packet index.
        index: u64,
    },
    /// The master key has protected as many packets as it may (RFC 3711 §9.2).
    KeyExpired {
        /// Its lifetime in packets.
        lifetime: u64,
    },
    /// The stream is at the end of its index space (RFC 3711 §9.2); it needs a new master key.
    IndexExhausted {
        /// The last index there is.
        last: u64,
    },
    /// There is no key to send with: none was given yet, or it was removed.
    NoKey,
    /// A header extension that is not of RFC 8285 in a packet for Cryptex (RFC 9335 §5.1) or double
    /// encryption (RFC 8723 §5.1); or, for Cryptex, one that claims to be encrypted already.
    ExtensionForm {
        /// The 16 bits "defined by profile".
        profile: u16,
    },
    /// The packet index given is not of this packet: its lower 16 bits are the sequence number
    /// (RFC 3711 §3.3.1).
    IndexMismatch {
        /// The index given.
        index: u64,
        /// The sequence number in the packet.
        sequence_number: u16,
    },
    /// The packet is of one more SSRC than the table holds.
    TableFull {
        /// How many SSRCs the table holds.
        capacity: usize,
    },
}

/// Why [`Inbound`](crate::Inbound) did not let a packet in. Bytes and state are as before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum UnprotectError {
    /// The packet is shorter than its header and trailer together.
    TooShort {
        /// Bytes there are.
        len: usize,
        /// Bytes there would have to be.
        needed: usize,
    },
    /// The version field is not 2.
    Malformed {
        /// The version found.
        version: u8,
    },
    /// The payload is longer than the counter of AES-CM reaches (RFC 3711 §4.1.1).
    TooLong {
        /// Bytes of payload.
        len: usize,
        /// The most there may be.
        limit: usize,
    },
    /// The tag is not the one this key makes for this packet and rollover counter: a forged or
    /// damaged packet, another key, or another rollover counter.
    AuthFailed,
    /// A packet of this index came in before (RFC 3711 §3.3.2).
    Replayed {
        /// The packet index.
        index: u64,
    },
    /// The packet is behind the replay window (RFC 3711 §3.3.2).
    TooOld {
        /// The packet index.
        index: u64,
        /// The oldest index the window reaches.
        oldest: u64,
    },
    /// No master key has the MKI in the packet (RFC 3711 §3.1).
    UnknownMki,
    /// The master key has opened as many packets as it may (RFC 4568 §6.1).
    KeyExpired {
        /// Its lifetime in packets.
        lifetime: u64,
    },
    /// The stream is past the end of its index space (RFC 3711 §9.2).
    IndexExhausted {
        /// The last index there is.
        last: u64,
    },
    /// The packet is authentic, but encrypted where `UNENCRYPTED_SRTCP` was agreed, or in the
    /// clear where it was not (RFC 4568 §6.3.2).
    Policy {
        /// What the E bit of the packet says.
        encrypted: bool,
    },
    /// The packet is authentic, but shows CSRCs or a header extension where Cryptex is required
    /// (RFC 9335 §5.2).
    HeaderInClear,
    /// The payload of a doubly encrypted packet does not end with an original-header block
    /// (RFC 8723 §4).
    #[cfg(feature = "gcm")]
    OriginalHeader(crate::double::OriginalHeaderError),
    /// The output has no room for the plain packet.
    NoRoom {
        /// Bytes in the output.
        available: usize,
        /// Bytes the plain packet takes.
        needed: usize,
    },
    /// The packet index given is not of this packet: its lower 16 bits are the sequence number
    /// (RFC 3711 §3.3.1).
    IndexMismatch {
        /// The index given.
        index: u64,
        /// The sequence number in the packet.
        sequence_number: u16,
    },
    /// The packet is authentic and of one more SSRC than the table holds.
    TableFull {
        /// How many SSRCs the table holds.
        capacity: usize,
    },
}

impl From<WireError> for ProtectError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::TooShort { len, needed } => Self::TooShort { len, needed },
            WireError::Version { version } => Self::Malformed { version },
        }
    }
}

impl From<WireError> for UnprotectError {
    fn from(error: WireError) -> Self {
        match error {
            WireError::TooShort { len, needed } => Self::TooShort { len, needed },
            WireError::Version { version } => Self::Malformed { version },
        }
    }
}

impl fmt::Display for ProtectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooShort { len, needed } => WireError::TooShort { len, needed }.fmt(f),
            Self::Malformed { version } => WireError::Version { version }.fmt(f),
            Self::TooLong { len, limit } => too_long(f, len, limit),
            Self::NoRoom { available, needed } => {
                write!(f, "the protected packet takes {needed} bytes; the buffer has {available}")
            }
            Self::IndexReuse { index } => write!(
                f,
                "packet index {index} was used before; a second packet under it would give both away"
            ),
            Self::NotSentBefore { index } => {
                write!(f, "packet index {index} was not sent before; it is no retransmission")
            }
            Self::KeyExpired { lifetime } => expired(f, lifetime),
            Self::IndexExhausted { last } => exhausted(f, last),
            Self::NoKey => f.write_str(
                "there is no master key to send with: none was given yet, or it was removed; give one, or switch to another",
            ),
            Self::ExtensionForm { profile } => write!(
                f,
                "the header extension is {profile:#06x}; Cryptex and double encryption take 0xbede and 0x100_ (RFC 8285)"
            ),
            Self::IndexMismatch { index, sequence_number } => mismatch(f, index, sequence_number),
            Self::TableFull { capacity } => table_full(f, capacity),
        }
    }
}

impl fmt::Display for UnprotectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooShort { len, needed } => write!(
                f,
                "the packet is {len} bytes; header, MKI and tag take at least {needed}"
            ),
            Self::Malformed { version } => WireError::Version { version }.fmt(f),
            Self::TooLong { len, limit } => too_long(f, len, limit),
            Self::AuthFailed => f.write_str(
                "the authentication tag does not match: forged, damaged, or another key or rollover counter",
            ),
            Self::Replayed { index } => write!(f, "packet index {index} came in before"),
            Self::TooOld { index, oldest } => write!(
                f,
                "packet index {index} is behind the replay window, which reaches back to {oldest}"
            ),
            Self::UnknownMki => f.write_str("no master key has the MKI of this packet"),
            Self::KeyExpired { lifetime } => expired(f, lifetime),
            Self::IndexExhausted { last } => exhausted(f, last),
            Self::Policy { encrypted: true } => f.write_str(
                "the SRTCP packet is encrypted (E = 1), but UNENCRYPTED_SRTCP was agreed",
            ),
            Self::Policy { encrypted: false } => f.write_str(
                "the SRTCP packet is in the clear (E = 0), but UNENCRYPTED_SRTCP was not agreed",
            ),
            Self::HeaderInClear => f.write_str(
                "the packet shows CSRCs or a header extension, but Cryptex is required",
            ),
            #[cfg(feature = "gcm")]
            Self::OriginalHeader(error) => error.fmt(f),
            Self::NoRoom { available, needed } => {
                write!(f, "the plain packet takes {needed} bytes; the output has {available}")
            }
            Self::IndexMismatch { index, sequence_number } => mismatch(f, index, sequence_number),
            Self::TableFull { capacity } => table_full(f, capacity),
        }
    }
}

fn mismatch(f: &mut fmt::Formatter<'_>, index: u64, sequence_number: u16) -> fmt::Result {
    let low = index & 0xffff;
    write!(f, "packet index {index} is of sequence number {low}; the packet has {sequence_number}")
}

fn too_long(f: &mut fmt::Formatter<'_>, len: usize, limit: usize) -> fmt::Result {
    write!(f, "the payload is {len} bytes; one packet may carry at most {limit}")
}

fn expired(f: &mut fmt::Formatter<'_>, lifetime: u64) -> fmt::Result {
    write!(f, "the master key's lifetime of {lifetime} packets is used up; agree on a new one")
}

fn exhausted(f: &mut fmt::Formatter<'_>, last: u64) -> fmt::Result {
    write!(f, "the stream is at its last packet index, {last}; agree on a new master key")
}

fn table_full(f: &mut fmt::Formatter<'_>, capacity: usize) -> fmt::Result {
    write!(f, "all {capacity} places for SSRCs are taken; remove one first")
}

impl core::error::Error for ProtectError {}
impl core::error::Error for UnprotectError {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sentences carry the figures one needs to act.
    #[test]
    fn sentences_carry_figures() {
        let error = ProtectError::NoRoom { available: 172, needed: 182 };
        assert_eq!(error.to_string(), "the protected packet takes 182 bytes; the buffer has 172");
        let error = UnprotectError::TooOld { index: 65_540, oldest: 65_600 };
        assert_eq!(
            error.to_string(),
            "packet index 65540 is behind the replay window, which reaches back to 65600"
        );
    }
}
