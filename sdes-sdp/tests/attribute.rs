//! The meaning of a crypto line, made by hand or read: the rules of its constructors, its
//! equality, and that every meaning survives being written in every form and read in any layout.
//!
//! Read first: RFC 4568 §6.1, §6.3.

// clippy.toml frees `#[test]` functions; their helpers here are as much a test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use proptest::prelude::*;
use sdes_sdp::{
    CryptoAttribute, CryptoErrorKind, CryptoLine, CryptoSuite, Emit, FecOrder, KeyDerivationRate,
    LifetimeForm, MAX_KEYS, MasterKey, NoteKind, Policy, SessionParameters, Tolerance,
};

fn key(suite: CryptoSuite, fill: u8, mki: &[u8]) -> MasterKey {
    MasterKey::new(suite, &vec![fill; suite.key_salt_len()]).unwrap().with_mki(mki).unwrap()
}

const SUITE: CryptoSuite = CryptoSuite::AesCm128HmacSha1_80;
const PLAIN: fn() -> SessionParameters = SessionParameters::default;

#[test]
fn constructors_keep_the_rules() {
    use CryptoErrorKind::*;
    let new = |tag, parameters| CryptoAttribute::new(tag, key(SUITE, 1, &[]), parameters);
    assert_eq!(new(999_999_999, PLAIN()).unwrap().tag(), 999_999_999);
    assert_eq!(new(1_000_000_000, PLAIN()), Err(TagTooLong));
    assert_eq!(new(1, PLAIN()).unwrap().with_tag(u32::MAX), Err(TagTooLong));
    assert_eq!(new(1, PLAIN()).unwrap().with_tag(2).unwrap().tag(), 2);
    let wsh = |hint| SessionParameters { window_size_hint: Some(hint), ..PLAIN() };
    assert_eq!(new(1, wsh(63)), Err(WindowSizeHint));
    assert!(new(1, wsh(64)).is_ok());
    let kdr =
        |n| SessionParameters { kdr: KeyDerivationRate::from_exponent(n).unwrap(), ..PLAIN() };
    assert_eq!(new(1, kdr(0)), Err(Kdr));
    // A line has one KDR: it becomes that of every key.
    let rated = new(1, kdr(24)).unwrap().with_fec_key(key(SUITE, 9, &[])).unwrap();
    assert_eq!(rated.keys()[0].key_derivation_rate().exponent(), Some(24));
    assert_eq!(rated.fec_keys()[0].key_derivation_rate().exponent(), Some(24));
    assert_eq!(CryptoAttribute::new(1, key(SUITE, 1, &[0, 0]), PLAIN()), Err(MkiZero));
}

#[test]
fn several_keys_can_be_told_apart() {
    use CryptoErrorKind::*;
    let one = CryptoAttribute::new(1, key(SUITE, 1, &[0, 1]), PLAIN()).unwrap();
    assert_eq!(one.mki_len(), 2);
    let with = |key| one.clone().with_key(key);
    assert_eq!(with(key(SUITE, 2, &[0, 2])).unwrap().keys().len(), 2);
    assert_eq!(with(key(SUITE, 2, &[])), Err(KeyWithoutMki));
    assert_eq!(with(key(SUITE, 2, &[2])), Err(MkiLengthsDiffer { first: 2, this: 1 }));
    assert_eq!(with(key(SUITE, 2, &[0, 0, 2])), Err(MkiLengthsDiffer { first: 2, this: 3 }));
    assert_eq!(with(key(SUITE, 2, &[0, 1])), Err(RepeatedMki));
    assert_eq!(with(key(SUITE, 1, &[0, 2])), Err(RepeatedKey));
    assert_eq!(one.clone().with_fec_key(key(SUITE, 1, &[])), Err(RepeatedKey));
    assert_eq!(with(key(CryptoSuite::AesCm128HmacSha1_32, 2, &[0, 2])), Err(MixedKeys));
    let bare = CryptoAttribute::new(1, key(SUITE, 1, &[]), PLAIN()).unwrap();
    assert_eq!(bare.with_key(key(SUITE, 2, &[1])), Err(KeyWithoutMki));
    let mut full = one.with_fec_key(key(SUITE, 9, &[])).unwrap();
    for i in 2.. {
        match full.clone().with_key(key(SUITE, i, &[0, i])) {
            Ok(more) => full = more,
            Err(error) => {
                assert_eq!((error, full.keys().len()), (TooManyKeys, MAX_KEYS - 1));
                assert_eq!(full.fec_keys().len(), 1);
                assert_eq!(full.clone().with_fec_key(key(SUITE, 8, &[])), Err(KeyWithoutMki));
                break;
            }
        }
    }
}

/// RFC 7714 §8.2, for whichever AEAD suites there are: only SRTCP can be in the clear.
#[test]
fn aead_suites_always_protect_srtp() {
    for &suite in CryptoSuite::ALL {
        let new = |policy: Policy| CryptoAttribute::new(1, key(suite, 1, &[]), policy.into());
        let aead = suite.parameters().cipher.is_aead();
        for policy in [
            Policy::SECURE.with_unencrypted_srtp(true),
            Policy::SECURE.with_unauthenticated_srtp(true),
        ] {
            assert_eq!(new(policy).is_err(), aead, "{suite}");
        }
        assert!(new(Policy::SECURE.with_unencrypted_srtcp(true)).is_ok());
    }
}

/// Equality looks at every part, and sharing a key at nothing but the key.
#[test]
fn equality_and_shared_keys() {
    let base = || CryptoAttribute::new(1, key(SUITE, 1, &[1]), PLAIN()).unwrap();
    let others = [
        CryptoAttribute::new(2, key(SUITE, 1, &[1]), PLAIN()).unwrap(),
        CryptoAttribute::new(1, key(SUITE, 1, &[2]), PLAIN()).unwrap(),
        CryptoAttribute::new(1, key(CryptoSuite::AesCm128HmacSha1_32, 1, &[1]), PLAIN()).unwrap(),
        base().with_key(key(SUITE, 2, &[2])).unwrap(),
        base().with_fec_key(key(SUITE, 2, &[])).unwrap(),
        CryptoAttribute::new(
            1,
            key(SUITE, 1, &[1]),
            Policy::SECURE.with_unencrypted_srtp(true).into(),
        )
        .unwrap(),
    ];
    assert_eq!(base(), base());
    for other in &others {
        assert_ne!(&base(), other);
        assert!(base().shares_key_with(other) && other.shares_key_with(&base()));
    }
    let both = || key(SUITE, 2, &[2]);
    assert_ne!(base().with_key(both()), base().with_fec_key(both()));
    let different = CryptoAttribute::new(1, key(SUITE, 3, &[1]), PLAIN()).unwrap();
    assert_ne!(base(), different);
    assert!(!base().shares_key_with(&different));
    let in_fec = different.with_fec_key(key(SUITE, 1, &[])).unwrap();
    assert!(base().shares_key_with(&in_fec));
}

#[test]
fn the_policy_is_the_negotiated_part() {
    for bits in 0..8 {
        let policy = Policy::SECURE
            .with_unencrypted_srtp(bits & 1 != 0)
            .with_unencrypted_srtcp(bits & 2 != 0)
            .with_unauthenticated_srtp(bits & 4 != 0);
        let parameters = SessionParameters {
            kdr: KeyDerivationRate::from_exponent(3).unwrap(),
            fec_order: Some(FecOrder::SrtpFec),
            window_size_hint: Some(64),
            ..policy.into()
        };
        assert_eq!(parameters.policy(), policy);
        assert_eq!(parameters.negotiated(), SessionParameters::from(policy));
    }
}

/// The suite is written as the peer wrote it, unless that is the name of another suite or of none.
#[test]
fn only_names_of_the_suite_are_written() {
    let attribute = CryptoAttribute::new(1, key(SUITE, 1, &[]), PLAIN()).unwrap();
    let emitted = |name| {
        let text = attribute.line(&Emit { suite_name: Some(name), ..Emit::DEFAULT }).to_string();
        CryptoLine::parse(&text).unwrap().suite_name().to_string()
    };
    assert_eq!(emitted("aes_cm_128_hmac_sha1_80"), "aes_cm_128_hmac_sha1_80");
    for wrong in ["AES_CM_128_HMAC_SHA1_32", "x\r\na=y", ""] {
        assert_eq!(emitted(wrong), "AES_CM_128_HMAC_SHA1_80");
    }
}

prop_compose! {
    fn any_key(suite: CryptoSuite, mki_len: usize, nth: u8)(
        bytes in prop::collection::vec(any::<u8>(), suite.key_salt_len()),
        mut mki in prop::collection::vec(any::<u8>(), mki_len),
        lifetime in prop::option::of(prop_oneof![1u64..=1 << 48, (0u32..=48).prop_map(|n| 1 << n)]),
    ) -> MasterKey {
        // Different for each key, and never zero.
        if let Some(last) = mki.last_mut() { *last = nth + 1; }
        let key = MasterKey::new(suite, &bytes).unwrap().with_mki(&mki).unwrap();
        match lifetime {
            Some(packets) => {
                let most = suite.parameters().srtp_lifetime;
                key.with_lifetime(packets.min(most)).unwrap()
            }
            None => key,
        }
    }
}

fn any_keys(suite: CryptoSuite) -> impl Strategy<Value = Vec<MasterKey>> {
    prop_oneof![Just(0), 1usize..=128].prop_flat_map(move |mki_len| {
        let most = if mki_len == 0 { 1 } else { MAX_KEYS };
        (1..=most).prop_flat_map(move |count| {
            (0..u8::try_from(count).unwrap())
                .map(|nth| any_key(suite, mki_len, nth))
                .collect::<Vec<_>>()
        })
    })
}

fn any_attribute() -> impl Strategy<Value = CryptoAttribute> {
    prop::sample::select(CryptoSuite::ALL).prop_flat_map(|suite| {
        let parameters = (
            prop::option::of(1u8..=24),
            any::<[bool; 3]>(),
            prop::sample::select(vec![None, Some(FecOrder::FecSrtp), Some(FecOrder::SrtpFec)]),
            prop::option::of(64u32..),
        );
        let fec = prop_oneof![Just(vec![]), any_keys(suite)];
        (0u32..=999_999_999, any_keys(suite), fec, parameters).prop_map(
            move |(tag, keys, fec, (kdr, flags, fec_order, window_size_hint))| {
                let aead = suite.parameters().cipher.is_aead();
                let parameters = SessionParameters {
                    kdr: kdr.map_or(KeyDerivationRate::ZERO, |n| {
                        KeyDerivationRate::from_exponent(n).unwrap()
                    }),
                    unencrypted_srtp: flags[0] && !aead,
                    unencrypted_srtcp: flags[1],
                    unauthenticated_srtp: flags[2] && !aead,
                    fec_order,
                    window_size_hint,
                };
                let mut keys = keys.into_iter();
                let first = CryptoAttribute::new(tag, keys.next().unwrap(), parameters).unwrap();
                let line = keys.fold(first, |line, key| line.with_key(key).unwrap());
                // As many as there is room for.
                let room = MAX_KEYS - line.keys().len();
                fec.into_iter().take(room).fold(line, |line, key| line.with_fec_key(key).unwrap())
            },
        )
    })
}

proptest! {
    /// Meaning → text → meaning is the identity, in every form of the text; and reading it in the
    /// default form leaves nothing to note.
    #[test]
    fn every_meaning_survives(
        attribute in any_attribute(),
        padding in any::<bool>(),
        decimal in any::<bool>(),
    ) {
        let lifetime = if decimal { LifetimeForm::Decimal } else { LifetimeForm::Power };
        let emit = Emit { padding, lifetime, ..Emit::DEFAULT };
        let text = attribute.line(&emit).to_string();
        let line = CryptoLine::parse(&text).unwrap();
        prop_assert_eq!(line.to_string(), text.as_str());
        let read = line.validate(Tolerance::Tolerant).unwrap();
        prop_assert_eq!(&read.attribute, &attribute);
        if padding && attribute.tag() != 0 {
            prop_assert!(line.validate(Tolerance::Strict).is_ok(), "{:?}", read.notes);
        }
    }

    /// Blanks, tabs, letter case and line endings change no meaning, and each is noted.
    #[test]
    fn layout_changes_no_meaning(
        attribute in any_attribute(),
        blanks in prop::collection::vec("[ \t]{1,3}", 1..4),
        trailing in "[ \t]{0,2}",
        ending in prop_oneof![Just(""), Just("\r\n"), Just("\n"), Just("\r")],
        lower in any::<bool>(),
    ) {
        let plain = attribute.line(&Emit::DEFAULT).to_string();
        let mut text = String::new();
        let mut gaps = blanks.iter().cycle();
        let mut used = Vec::new();
        for (i, word) in plain.split(' ').enumerate() {
            if i > 0 {
                let gap = gaps.next().unwrap();
                used.push(gap.as_str());
                text += gap;
            }
            let (name, value) = word.split_at(word.find([':', '=']).unwrap_or(word.len()));
            let is_attribute = i == 0;
            text += &if lower && !is_attribute { name.to_ascii_lowercase() } else { name.into() };
            text += value;
        }
        text += &trailing;
        text += ending;
        let line = CryptoLine::parse(&text).unwrap();
        prop_assert_eq!(line.as_str(), text.as_str());
        let read = line.validate(Tolerance::Tolerant).unwrap();
        prop_assert_eq!(&read.attribute, &attribute);

        let noted = |kind| read.notes.contains(kind);
        if read.notes.count() == read.notes.as_slice().len() {
            prop_assert_eq!(noted(NoteKind::Tab), used.iter().any(|gap| gap.contains('\t')));
            prop_assert_eq!(noted(NoteKind::RunOfBlanks), used.iter().any(|gap| gap.len() > 1));
            prop_assert_eq!(noted(NoteKind::TrailingBlanks), !trailing.is_empty());
            prop_assert_eq!(noted(NoteKind::BareLf), ending == "\n");
            prop_assert_eq!(noted(NoteKind::BareCr), ending == "\r");
            prop_assert_eq!(noted(NoteKind::LetterCase), lower);
            prop_assert_eq!(noted(NoteKind::TagZero), attribute.tag() == 0);
        }
        let strict = line.validate(Tolerance::Strict);
        prop_assert_eq!(strict.is_ok(), read.notes.is_empty());
    }

    /// No text of any kind makes reading panic, and what is strict is tolerable.
    #[test]
    fn any_text_is_read_or_refused(
        text in "(a=)?(crypto:)?[0-9]{0,2}[ \t]?[A-Za-z0-9_]{0,24}[ ]?(inline:)?[A-Za-z0-9+/=|:;^ -]{0,80}|\\PC{0,60}",
    ) {
        if let Ok(line) = CryptoLine::parse(&text) {
            prop_assert_eq!(line.to_string(), text.as_str());
            let [tolerant, rfc, strict] =
                [Tolerance::Tolerant, Tolerance::Rfc4568, Tolerance::Strict].map(|t| line.validate(t));
            prop_assert!(strict.is_err() || rfc.is_ok());
            prop_assert!(rfc.is_err() || tolerant.is_ok());
            if let Ok(meaning) = tolerant {
                let text = meaning.attribute.line(&Emit::DEFAULT).to_string();
                prop_assert_eq!(CryptoLine::parse(&text).unwrap().meaning(), Ok(meaning.attribute));
            }
        }
    }
}

/// From text to what srtp-core takes, suite, keys and policy, by the standard conversions.
#[test]
fn conversions_to_srtp_core() {
    let text = "1 AES_CM_128_HMAC_SHA1_32 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj \
                UNENCRYPTED_SRTCP";
    let line = CryptoLine::parse(text).unwrap();
    assert_eq!(CryptoSuite::try_from(&line), Ok(CryptoSuite::AesCm128HmacSha1_32));
    let attribute: CryptoAttribute = text.parse().unwrap();
    assert_eq!(CryptoAttribute::try_from(line).as_ref(), Ok(&attribute));
    assert_eq!(Policy::from(&attribute), Policy::SECURE.with_unencrypted_srtcp(true));
    assert_eq!(<&[MasterKey]>::from(&attribute), attribute.keys());

    let unknown = CryptoLine::parse("1 WHAT_NOT inline:AAAA").unwrap();
    let error = CryptoSuite::try_from(&unknown).unwrap_err();
    assert_eq!((error.column, error.kind), (3, CryptoErrorKind::UnknownSuite));
    assert_eq!("1 WHAT_NOT".parse::<CryptoAttribute>().unwrap_err().column, 11);
}
