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

/// leg.enable × leg.allowLocalConf × voIpProt.SIP.conference.address, on a legacy phone; all others
/// are never kept from conferences.
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
}

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
