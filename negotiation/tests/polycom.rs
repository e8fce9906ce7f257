//! Polycom: what the attributes do beyond offer and answer.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use srtp_negotiation::polycom::{
    ConfigurationError, LocalConference, Phone, Platform, SettingError, Settings,
};
use srtp_negotiation::{OfferError, OfferForm};

fn phone(platform: Platform, on: &[&str]) -> Phone {
    let mut settings = Settings::default();
    for attribute in on {
        settings.set(&format!("sec.srtp.{attribute}"), "1").unwrap();
    }
    Phone { platform, settings }
}

/// "When the number of SRTP packets sent for an outgoing call exceeds half the value of the master
/// key lifetime."
#[test]
fn a_new_key_after_half_the_lifetime_of_an_outgoing_call() {
    let mut phone = phone(Platform::Other, &["enable", "offer"]);
    assert!(!phone.rekey_due(true, u64::MAX), "no lifetime, no new key");
    phone.settings.set("sec.srtp.key.lifetime", "1024").unwrap();
    for (outgoing, sent, due) in [
        (true, 0, false),
        (true, 512, false),
        (true, 513, true),
        (true, u64::MAX, true),
        (false, 513, false),
    ] {
        assert_eq!(phone.rekey_due(outgoing, sent), due, "{outgoing} {sent}");
    }
}

/// TB 25751, sec.srtp.key.lifetime: a number of packets has no sign, and a value that is refused
/// leaves the one before.
#[test]
fn a_lifetime_is_digits() {
    let mut settings = Settings::default();
    settings.set("sec.srtp.key.lifetime", "2048").unwrap();
    for wrong in ["+1024", "-1", " 1024", "1e3", "18446744073709551616"] {
        let refused = settings.set("sec.srtp.key.lifetime", wrong);
        assert_eq!(refused, Err(SettingError::NotANumber), "{wrong:?}");
        assert_eq!(settings.key_lifetime, 2048);
    }
    settings.set("sec.srtp.key.lifetime", "").unwrap();
    assert_eq!(settings.key_lifetime, 0, "nothing is Null, the default");
}

/// leg.enable × leg.allowLocalConf × voIpProt.SIP.conference.address, on a legacy phone; all others
/// are never kept from conferences.
#[test]
fn local_conferences() {
    #[rustfmt::skip]
    let table = [
        // leg.enable  allowLocalConf  address  allowed
        (false,        false,          false,   true),
        (false,        true,           false,   true),
        (true,         true,           false,   true),
        (true,         false,          false,   false),
        (true,         false,          true,    true),
        (false,        false,          true,    true),
    ];
    for (enable, allow, address, allowed) in table {
        let mut settings = Settings::default();
        let value = |on: bool| if on { "1" } else { "0" };
        settings.set("sec.srtp.leg.enable", value(enable)).unwrap();
        settings.set("sec.srtp.leg.allowLocalConf", value(allow)).unwrap();
        let server = if address { "conf@example.com" } else { "" };
        settings.set("voIpProt.SIP.conference.address", server).unwrap();
        for platform in [Platform::Legacy, Platform::Ip4000, Platform::Other, Platform::WithoutSrtp]
        {
            let is = matches!(
                Phone { platform, settings }.local_conference(),
                LocalConference::Allowed(_)
            );
            let expected = allowed || platform != Platform::Legacy;
            assert_eq!(is, expected, "{enable} {allow} {address} {platform:?}");
        }
    }
}

/// "If require is set to 1, offer is logically set to 1 no matter what."
#[test]
fn require_implies_offer() {
    let implied = |on: &[&str]| {
        let phone = phone(Platform::Other, on);
        let pairs = phone.settings.implied().map(|implied| (implied.attribute, implied.by));
        pairs.collect::<Vec<_>>()
    };
    assert_eq!(implied(&["offer"]), []);
    assert_eq!(implied(&["require"]), [("sec.srtp.offer", "sec.srtp.require")]);
    assert_eq!(implied(&["require", "offer"]), []);
    for tag in ["", "leg.", "IP_4000."] {
        for parameter in ["noAuth", "noEncrypRTCP", "noEncrypRTP"] {
            let name = |what| format!("sessionParams.{tag}{parameter}.{what}");
            let of = implied(&[&name("require")]);
            let (offer, require) = (name("offer"), name("require"));
            let (offer, require) = (format!("sec.srtp.{offer}"), format!("sec.srtp.{require}"));
            assert_eq!(of, [(offer.as_str(), require.as_str())]);
        }
    }
}

/// The form of an offer by enable, offer and require; a phone that demands what it does not have
/// writes nothing.
#[test]
fn forms_of_offers() {
    for (on, form) in [
        (&[][..], OfferForm::Rtp),
        (&["enable"], OfferForm::Rtp),
        (&["offer"], OfferForm::Rtp),
        (&["enable", "offer"], OfferForm::SrtpThenRtp),
        (&["enable", "require"], OfferForm::Srtp),
        (&["enable", "offer", "require"], OfferForm::Srtp),
        (&["require"], OfferForm::Srtp),
    ] {
        assert_eq!(phone(Platform::Other, on).offer_form(), form, "{on:?}");
    }
    let contradiction = phone(Platform::Other, &["require"]);
    let errors: Vec<_> = contradiction.configuration_errors().collect();
    assert_eq!(errors, [ConfigurationError::RequiredButDisabled]);
    assert!(contradiction.offered_lines([&[1; 30], &[2; 30]]).unwrap().is_empty());
    let (net_type, addr_type, address) = ("IN", "IP4", "192.0.2.3");
    let media = srtp_negotiation::polycom::OfferMedia {
        origin: sdes_sdp::Origin {
            username: "-",
            session_id: "1",
            session_version: "1",
            net_type,
            addr_type,
            address,
        },
        connection: sdes_sdp::Connection { net_type, addr_type, address },
        port: 2222,
        formats: &[("0", "PCMU/8000")],
    };
    let mut text = String::new();
    let written = contradiction.write_offer(&mut text, &media, &[]);
    assert_eq!((written, text.as_str()), (Err(OfferError::NoCryptoLine { stream: 0 }), ""));
}

/// The models the bulletin names, with and without `IP` before the number; every other model is of
/// the last class.
#[test]
fn models_have_their_classes() {
    for (models, platform) in [
        (&["301", "IP501", "IP 600", "SoundPoint IP 601"][..], Platform::Legacy),
        (&["4000", "SoundStation IP 4000"], Platform::Ip4000),
        (&["300", "IP 500"], Platform::WithoutSrtp),
        (&["IP650", "VVX 310", "", "6010"], Platform::Other),
    ] {
        for model in models {
            assert_eq!(Platform::of_model(model), platform, "{model}");
        }
    }
}

/// The reason of an offer names the attribute that decides, also where there is no SRTP in it.
#[test]
fn an_offer_has_the_reason_of_its_attribute() {
    for (on, sentence) in [
        (&[][..], "SRTP is not enabled on the phone"),
        (&["enable"], "the phone accepts SRTP, but does not offer it"),
        (&["enable", "offer"], "the phone offers SRTP beside RTP, on one port"),
        (&["enable", "require"], "SRTP is required on the phone: its offer has no other m-line"),
    ] {
        assert_eq!(phone(Platform::Other, on).offer_rule().sentence, sentence, "{on:?}");
    }
}

/// A lifetime that is too short is reported and borne with; what leaves nothing to offer is not.
#[test]
fn only_contradictions_prevent_offers() {
    for (error, prevents) in [
        (ConfigurationError::LifetimeTooShort { packets: 1 }, false),
        (ConfigurationError::NothingToOffer, true),
        (ConfigurationError::RequiredButDisabled, true),
    ] {
        assert_eq!(error.prevents_offers(), prevents, "{error}");
    }
}

/// Each offered session parameter stands on the phone's lines, and no other.
#[test]
fn offered_parameters_are_those_of_the_attributes() {
    for (attribute, noted) in [
        ("noAuth", (true, false, false)),
        ("noEncrypRTCP", (false, true, false)),
        ("noEncrypRTP", (false, false, true)),
    ] {
        let offer = format!("sessionParams.{attribute}.offer");
        let offered = phone(Platform::Other, &["enable", "offer", &offer]).offered_parameters();
        let is =
            (offered.unauthenticated_srtp, offered.unencrypted_srtcp, offered.unencrypted_srtp);
        assert_eq!(is, noted, "{attribute}");
    }
}
