//! Every error as the sentence an engineer reads, and `Debug` forms that show no secret.

use crate::{
    CryptoSuite, Fixed, Inbound, KeyError, MasterKey, Mki, Outbound, Policy, ProtectError,
    StateError, UnprotectError, wire::WireError,
};

const SUITE: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;

/// What is common to both directions is said in the same words.
#[test]
fn errors_of_packets() {
    let short = "the packet is 3 bytes; its header asks for at least 12";
    let version = "the version field is 1; RTP and RTCP have version 2";
    let long = "the payload is 9 bytes; one packet may carry at most 8";
    let expired = "the master key's lifetime of 7 packets is used up; agree on a new one";
    let last = "the stream is at its last packet index, 5; agree on a new master key";
    let mismatch = "packet index 65540 is of sequence number 4; the packet has 9";
    let full = "all 2 places for SSRCs are taken; remove one first";
    use ProtectError as P;
    for (error, sentence) in [
        (P::from(WireError::TooShort { len: 3, needed: 12 }), short),
        (P::from(WireError::Version { version: 1 }), version),
        (P::TooLong { len: 9, limit: 8 }, long),
        (
            P::NoRoom { available: 1, needed: 2 },
            "the protected packet takes 2 bytes; the buffer has 1",
        ),
        (
            P::IndexReuse { index: 6 },
            "packet index 6 was used before; a second packet under it would give both away",
        ),
        (
            P::NotSentBefore { index: 6 },
            "packet index 6 was not sent before; it is no retransmission",
        ),
        (P::KeyExpired { lifetime: 7 }, expired),
        (P::IndexExhausted { last: 5 }, last),
        (
            P::NoKey,
            "there is no master key to send with: none was given yet, or it was removed; give one, or switch \
             to another",
        ),
        (
            P::ExtensionForm { profile: 0x12 },
            "the header extension is 0x0012; Cryptex and double encryption take 0xbede and 0x100_ \
             (RFC 8285)",
        ),
        (P::IndexMismatch { index: 65_540, sequence_number: 9 }, mismatch),
        (P::TableFull { capacity: 2 }, full),
    ] {
        assert_eq!(error.to_string(), sentence);
    }
    use UnprotectError as U;
    for (error, sentence) in [
        (
            U::from(WireError::TooShort { len: 3, needed: 12 }),
            "the packet is 3 bytes; header, MKI and tag take at least 12",
        ),
        (U::from(WireError::Version { version: 1 }), version),
        (U::TooLong { len: 9, limit: 8 }, long),
        (
            U::AuthFailed,
            "the authentication tag does not match: forged, damaged, or another key or rollover \
             counter",
        ),
        (U::Replayed { index: 6 }, "packet index 6 came in before"),
        (
            U::TooOld { index: 6, oldest: 8 },
            "packet index 6 is behind the replay window, which reaches back to 8",
        ),
        (U::UnknownMki, "no master key has the MKI of this packet"),
        (U::KeyExpired { lifetime: 7 }, expired),
        (U::IndexExhausted { last: 5 }, last),
        (
            U::Policy { encrypted: true },
            "the SRTCP packet is encrypted (E = 1), but UNENCRYPTED_SRTCP was agreed",
        ),
        (
            U::Policy { encrypted: false },
            "the SRTCP packet is in the clear (E = 0), but UNENCRYPTED_SRTCP was not agreed",
        ),
        (U::HeaderInClear, "the packet shows CSRCs or a header extension, but Cryptex is required"),
        (U::NoRoom { available: 1, needed: 2 }, "the plain packet takes 2 bytes; the output has 1"),
        (U::IndexMismatch { index: 65_540, sequence_number: 9 }, mismatch),
        (U::TableFull { capacity: 2 }, full),
    ] {
        assert_eq!(error.to_string(), sentence);
    }
    assert_eq!(WireError::TooShort { len: 3, needed: 12 }.to_string(), short);
    assert_eq!(WireError::Version { version: 1 }.to_string(), version);
}

/// The same of the original-header block of double encryption (RFC 8723).
#[cfg(feature = "gcm")]
#[test]
fn errors_of_original_headers() {
    use crate::double::OriginalHeaderError as O;
    for (error, sentence) in [
        (
            O::Packet(WireError::Version { version: 1 }),
            "the version field is 1; RTP and RTCP have version 2",
        ),
        (
            O::TooShort { len: 1, needed: 2 },
            "the payload is 1 bytes; inner tag and original-header block take 2",
        ),
        (
            O::Malformed { config: 8 },
            "the original-header block ends with 0x08, which means nothing",
        ),
        (
            O::NoRoom { available: 1, needed: 2 },
            "the changed packet takes 2 bytes; the buffer has 1",
        ),
        (O::PayloadType { given: 128 }, "a payload type of 128 is above 127"),
    ] {
        assert_eq!(error.to_string(), sentence);
        assert_eq!(UnprotectError::OriginalHeader(error).to_string(), sentence);
    }
}

/// An error of exported state names the figures of both sides.
#[test]
fn errors_of_states() {
    use StateError as S;
    for (error, sentence) in [
        (S::NoRoom { available: 1, needed: 2 }, "the state takes 2 bytes; the output has 1"),
        (S::NotState, "the bytes are no exported state"),
        (S::Direction, "a sender's state cannot be a receiver's, nor the other way round"),
        (S::Length { len: 1, needed: 2 }, "the state is 1 bytes; its fields take 2"),
        (S::Malformed { at: 9 }, "the state's field at byte 9 cannot be so"),
        (S::OtherKeys, "the state is of other master keys than the context's"),
        (
            S::TableFull { capacity: 2 },
            "the 2 places for SSRCs are not enough for the state's streams",
        ),
        (
            S::GoesBack { ssrc: 7, present: 9, restored: 8 },
            "SSRC 0x00000007 is at index 9 and would go back to 8",
        ),
    ] {
        assert_eq!(error.to_string(), sentence);
    }
    let version = S::Version { version: 99 }.to_string();
    assert!(version.starts_with("the state is of version 99; this is version "), "{version}");
}

/// Every error of a key or a policy is a sentence of its own, with the name of the suite or Cargo
/// feature it is about.
#[test]
fn errors_of_keys() {
    use KeyError as K;
    let suite = SUITE;
    let all = [
        (K::KeySaltLength { suite, given: 29 }, "29 bytes; AES_CM_128_HMAC_SHA1_80 needs 30"),
        (K::NotBuiltIn { suite }, "AES_CM_128_HMAC_SHA1_80 is not built into"),
        (K::ExportedLength { needed: 60, given: 56 }, "56 bytes; the suite needs 60"),
        (K::NotAead { suite }, "double encryption takes AES-GCM"),
        (K::PolicyNotForSuite { suite }, "UNENCRYPTED_SRTP and UNAUTHENTICATED_SRTP cannot apply"),
        (K::HeadersWithoutPayload, "leaves the payload in the clear"),
        (K::HeaderEncryptionNotBuiltIn, "feature header-encryption is off"),
        (K::CryptexNotBuiltIn, "feature cryptex is off"),
        (K::RccNotBuiltIn, "feature rcc is off"),
        (K::RccWithoutAuthentication, "exclude each other"),
        (K::RccNotForSuite { suite }, "it can have mode 3 only"),
        (K::RccTagLength { given: 21 }, "a tag of 21 bytes"),
        (K::SameKey, "under another master key than before"),
        (K::MkiTooLong { given: 129 }, "the MKI is 129 bytes; at most 128"),
        (K::Lifetime { suite, given: 0 }, "a master key lifetime of 0 packets"),
        (K::KeyDerivationRate { exponent: 25 }, "2^25 is above 2^24"),
        (K::RingFull { capacity: 2 }, "full with 2 master keys"),
        (K::MkiConflict, "could not be told apart"),
        (K::NoSuchMki, "no master key in the ring has this MKI"),
    ];
    for (error, part) in all {
        let sentence = error.to_string();
        assert!(sentence.contains(part), "{sentence}");
    }
}

/// Contexts print their policy; an MKI, which is in every packet, its bytes.
#[test]
fn debug_shows_the_public() {
    let key = MasterKey::new(SUITE, &[0xab; 30]).unwrap().with_mki(&[1, 0x2f]).unwrap();
    let tx = Outbound::<Fixed<1>, 1>::new(&key, Policy::SECURE).unwrap();
    let rx = Inbound::<Fixed<1>, 1>::new(&key, Policy::SECURE).unwrap();
    let policy = format!("{:?}", Policy::SECURE);
    assert_eq!(format!("{tx:?}"), format!("Outbound {{ policy: {policy}, .. }}"));
    assert_eq!(format!("{rx:?}"), format!("Inbound {{ policy: {policy}, .. }}"));
    let tx = crate::stateless::Outbound::new(&key, Policy::SECURE).unwrap();
    let rx = crate::stateless::Inbound::new(&key, Policy::SECURE).unwrap();
    assert_eq!(format!("{tx:?}"), format!("Outbound {{ policy: {policy}, .. }}"));
    assert_eq!(format!("{rx:?}"), format!("Inbound {{ policy: {policy}, .. }}"));
    let keys = crate::stateless::SessionKeys::derive(&key, crate::Protocol::Srtp, 0);
    assert_eq!(format!("{keys:?}"), "SessionKeys { .. }");
    assert_eq!(format!("{:?}", Mki::new(&[1, 0x2f]).unwrap()), "Mki(012f)");
    let said = format!("{key:?}");
    assert!(said.starts_with("MasterKey { suite: AesCm128HmacSha1_80, mki: Mki(012f), "), "{said}");
}
