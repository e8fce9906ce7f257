//! Whole calls: what a few of them say step by step, and every configuration against every other
//! with the rules that hold for all of them.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use sdes_sdp::SessionParameters;
use srtp_negotiation::cisco::{Configuration, Device, Gateway, Readings, Release, Srtp, UrlScheme};
use srtp_negotiation::connect::{
    Act, Circumstances, ConnectError, Connected, Endpoint, Generic, MAX_STEPS, connect,
};
use srtp_negotiation::polycom::{OfferRequire, Phone, Platform, SessionParams, Settings};
use srtp_negotiation::twilio::Trunk;
use srtp_negotiation::{NegotiatedParameter, OfferForm, Outcome, StreamPolicy};
use srtp_test_vectors::times;

/// Bytes that never repeat, as a random source would give them.
fn fresh() -> impl FnMut(&mut [u8]) {
    let mut counter = 0_u64;
    move |key: &mut [u8]| {
        counter += 1;
        key.fill(0x11);
        key[..8].copy_from_slice(&counter.to_be_bytes());
    }
}

fn play(caller: &Endpoint<'_>, callee: &Endpoint<'_>, around: Circumstances) -> Connected {
    connect(caller, callee, &around, &mut fresh()).unwrap()
}

fn generic(policy: StreamPolicy) -> Endpoint<'static> {
    Endpoint::Generic(Generic::new(policy))
}

/// A call as `from action: summary | reason | source` lines.
fn told(call: &Connected) -> Vec<String> {
    let step = |step: &srtp_negotiation::connect::Step| {
        format!(
            "{} {}: {} | {} | {}",
            step.from.as_str(),
            step.act.as_str(),
            step.summary,
            step.reason,
            step.reason.source()
        )
    };
    call.steps.iter().map(step).collect()
}

/// A gateway with fallback calls a phone without SRTP: refused, then plain RTP.
#[test]
fn a_gateway_falls_back() {
    let configuration =
        Configuration::parse("voice service voip\nsrtp fallback\nsip\nurl sips").unwrap();
    let gateway = Endpoint::Cisco(Gateway::new(&configuration));
    let phone = Endpoint::Polycom(Phone::default());
    let call = play(&gateway, &phone, Circumstances::default());
    assert_eq!((call.outcome, call.status, call.tls), (Outcome::Rtp, Some(200), true));
    assert_eq!(
        told(&call),
        [
            "caller offer: INVITE over TLS: SRTP only | signalling and media are secure: SRTP is \
             offered over SIPS | Cisco Table 1, TLS on × SRTP on",
            "callee reject: 488 Not Acceptable Here | SRTP is not enabled on the phone, and only \
             SRTP is offered | Polycom TB 25751, sec.srtp.enable",
            "caller retry: INVITE over TLS: RTP only | the SRTP offer was refused with a 4xx: with \
             `srtp fallback` a new INVITE offers RTP alone | Cisco, SDP Negotiation",
            "callee answer: 200 OK: RTP | RTP is offered, and SRTP is not enabled on the phone | \
             Polycom TB 25751, sec.srtp.enable",
            "caller accept: the answer is held against the offer | plain RTP was offered and \
             accepted | RFC 3264 §6",
        ]
    );
    assert_eq!(
        call.reason().to_string(),
        "RTP is offered, and SRTP is not enabled on the phone",
        "the answerer's reason, not the last step's"
    );
}

/// The 488 nobody understands: a phone offers `_80` alone, the gateway knows `_32` alone.
#[test]
fn the_reason_of_a_488_is_the_most_specific_one() {
    let configuration = Configuration::parse("voice service voip\nsrtp").unwrap();
    let gateway = Endpoint::Cisco(Gateway::new(&configuration));
    let mut phone = Phone::default();
    for attribute in ["sec.srtp.enable", "sec.srtp.require"] {
        phone.settings.set(attribute, "1").unwrap();
    }
    let call = play(&Endpoint::Polycom(phone), &gateway, Circumstances::default());
    assert_eq!((call.outcome, call.status), (Outcome::Rejected, Some(488)));
    assert_eq!(
        call.reason().to_string(),
        "AES_CM_128_HMAC_SHA1_80 is not among the suites in use here"
    );
    phone.settings.set("sec.srtp.offer.HMAC_SHA1_32", "1").unwrap();
    let call = play(&Endpoint::Polycom(phone), &gateway, Circumstances::default());
    assert_eq!((call.outcome, call.padlock), (Outcome::Srtp, true));
    assert_eq!(call.media.unwrap().tag, 2);
}

/// No INVITE at all: earlier release, no TLS, no fallback; and a redirection to a SIP contact.
#[test]
fn calls_that_fail_before_they_begin() {
    let configuration = Configuration::parse("voice service voip\nsrtp").unwrap();
    let mut gateway = Gateway::new(&configuration);
    gateway.release = "12.4(15)T".parse().unwrap();
    let callee = generic(StreamPolicy::Required);
    let call = play(&Endpoint::Cisco(gateway), &callee, Circumstances::default());
    assert_eq!((call.outcome, call.status, call.steps.len()), (Outcome::Rejected, None, 1));
    assert_eq!(call.steps[0].summary.to_string(), "no INVITE is sent");

    let tls = Circumstances { tls: Some(true), ..Circumstances::default() };
    assert_eq!(play(&Endpoint::Cisco(gateway), &callee, tls).outcome, Outcome::Srtp);
    let redirected = Circumstances { redirect: Some(UrlScheme::Sip), ..tls };
    let call = play(&Endpoint::Cisco(gateway), &callee, redirected);
    assert_eq!((call.outcome, call.status), (Outcome::Rejected, Some(302)));
    let redirected = Circumstances { redirect: Some(UrlScheme::Sips), ..tls };
    let call = play(&Endpoint::Cisco(gateway), &callee, redirected);
    assert_eq!((call.outcome, call.steps.len()), (Outcome::Srtp, 5));
}

/// A gateway hears only what it listens on.
#[test]
fn a_gateway_that_does_not_listen() {
    let configuration = Configuration::parse("sip-ua\nno transport tcp tls").unwrap();
    let gateway = Endpoint::Cisco(Gateway::new(&configuration));
    let caller = generic(StreamPolicy::Off);
    let call = play(&caller, &gateway, Circumstances::default());
    assert_eq!((call.outcome, call.status), (Outcome::Rejected, None));
    let clear = Circumstances { tls: Some(false), ..Circumstances::default() };
    assert_eq!(play(&caller, &gateway, clear).outcome, Outcome::Rtp);
}

/// Twilio: both TLS and SRTP or neither; the gateway is where encryption ends.
#[test]
fn twilio_takes_both_or_neither() {
    use Outcome::{Rejected, Rtp, Srtp as Secured};
    use StreamPolicy::{Off, Preferred, Required};
    #[rustfmt::skip]
    let table = [
        // secure  TLS    required              preferred             off
        (true,     true,  [(Secured, 200),      (Secured, 200),       (Rejected, 488)]),
        (true,     false, [(Rejected, 403),     (Rejected, 403),      (Rejected, 403)]),
        (false,    true,  [(Rejected, 488),     (Rtp, 200),           (Rtp, 200)]),
        (false,    false, [(Rejected, 488),     (Rtp, 200),           (Rtp, 200)]),
    ];
    for (secure, tls, row) in table {
        let trunk = Endpoint::Twilio(Trunk { secure });
        let around = Circumstances { tls: Some(tls), ..Circumstances::default() };
        for (policy, (outcome, status)) in [Required, Preferred, Off].into_iter().zip(row) {
            let call = play(&generic(policy), &trunk, around);
            assert_eq!(
                (call.outcome, call.status),
                (outcome, Some(status)),
                "{secure} {tls} {policy:?}"
            );
            assert_eq!(call.extent.is_some(), outcome == Secured);
        }
    }
    assert_eq!(Trunk { secure: true }.uri_parameters(), ";transport=tls");
    let call = play(
        &Endpoint::Twilio(Trunk { secure: true }),
        &generic(Required),
        Circumstances::default(),
    );
    assert_eq!((call.outcome, call.tls), (Secured, true));
}

/// Twilio takes neither a zero-length tag nor an MKI.
#[test]
fn twilio_refuses_weak_and_marked_lines() {
    let trunk = Endpoint::Twilio(Trunk { secure: true });
    let phone = |attribute: &str| {
        let mut phone = Phone::default();
        for name in ["sec.srtp.enable", "sec.srtp.offer", attribute] {
            phone.settings.set(name, "1").unwrap();
        }
        Endpoint::Polycom(phone)
    };
    for (attribute, reason) in [
        ("sec.srtp.sessionParams.noAuth.offer", "UNAUTHENTICATED_SRTP is not accepted here"),
        (
            "sec.srtp.mki.enabled",
            "the line announces an MKI of 4 bytes, and MKIs are not used here",
        ),
    ] {
        let call = play(&phone(attribute), &trunk, Circumstances::default());
        assert_eq!((call.status, call.reason().to_string().as_str()), (Some(488), reason));
    }
    let call = play(&phone("sec.srtp.enable"), &trunk, Circumstances::default());
    assert_eq!(call.outcome, Outcome::Srtp);
}

/// An MKI of four bytes in the INVITE and in the 200 OK.
#[test]
fn polycom_mkis_on_both_sides() {
    let mut phone = Phone::default();
    for name in ["sec.srtp.enable", "sec.srtp.require", "sec.srtp.mki.enabled"] {
        phone.settings.set(name, "1").unwrap();
    }
    phone.settings.set("sec.srtp.key.lifetime", "2048").unwrap();
    let phone = Endpoint::Polycom(phone);
    let call = play(&phone, &phone, Circumstances::default());
    let media = call.media.unwrap();
    for key in [&media.caller_key, &media.callee_key] {
        assert_eq!((key.mki().as_bytes(), key.lifetime()), (&[0, 0, 0, 1][..], Some(2048)));
    }
}

/// Keys that are not fresh are found out, not used.
#[test]
fn a_random_source_that_repeats_itself_is_found_out() {
    let party = generic(StreamPolicy::Required);
    let repeating = &mut |key: &mut [u8]| key.fill(7);
    let call = connect(&party, &party, &Circumstances::default(), repeating);
    assert!(matches!(call, Err(ConnectError::Offer(_))), "{call:?}");
}

/// Signalling goes over TLS as the call has it, else as the configuration has it; a redirection goes
/// by the scheme of its contact, both ways. No call but Twilio's ends at a gateway of the network.
#[test]
fn the_transport_of_the_signalling() {
    let sips = Configuration::parse("voice service voip\nsrtp\nsip\nurl sips").unwrap();
    let sip = Configuration::parse("voice service voip\nsrtp").unwrap();
    let callee = generic(StreamPolicy::Required);
    let tls = |caller: &Endpoint<'_>, tls, redirect| {
        let call = play(caller, &callee, Circumstances { tls, redirect });
        assert_eq!((call.outcome, call.extent), (Outcome::Srtp, None), "{caller:?}");
        call.tls
    };
    let (to_sip, to_sips) = (Some(UrlScheme::Sip), Some(UrlScheme::Sips));
    for (caller, own) in [
        (generic(StreamPolicy::Required), true),
        (Endpoint::Cisco(Gateway::new(&sips)), true),
        (Endpoint::Cisco(Gateway::new(&sip)), false),
    ] {
        assert_eq!(tls(&caller, None, None), own, "{caller:?}");
        for is in [false, true] {
            assert_eq!(tls(&caller, Some(is), None), is, "{caller:?}");
            assert!(tls(&caller, Some(is), to_sips), "{caller:?}");
            assert!(!tls(&caller, Some(is), to_sip), "{caller:?}");
        }
    }
    let twilio = Endpoint::Twilio(Trunk { secure: false });
    let redirected = Circumstances { tls: Some(true), redirect: to_sip };
    assert!(!play(&twilio, &generic(StreamPolicy::Off), redirected).tls);
}

/// What is wrong with a configuration is told first, of either side, also where the call goes on.
#[test]
fn an_error_in_a_configuration_is_the_first_step() {
    let mut phone = Phone::default();
    phone.settings.set("sec.srtp.key.lifetime", "17").unwrap();
    let (phone, other) = (Endpoint::Polycom(phone), generic(StreamPolicy::Off));
    for (caller, callee) in [(&phone, &other), (&other, &phone)] {
        let call = play(caller, callee, Circumstances::default());
        assert_eq!((call.steps[0].act, call.outcome), (Act::Configuration, Outcome::Rtp));
        assert_eq!(
            call.steps[0].reason.to_string(),
            "sec.srtp.key.lifetime must be 0 or at least 1024"
        );
    }
}

/// What the INVITE of a gateway goes by without TLS is the row of Table 1 without TLS.
#[test]
fn a_gateway_without_tls_goes_by_the_row_without_tls() {
    let sips = Configuration::parse("voice service voip\nsrtp\nsip\nurl sips").unwrap();
    let callee = generic(StreamPolicy::Required);
    for (tls, row) in [(true, "TLS on"), (false, "TLS off")] {
        let around = Circumstances { tls: Some(tls), redirect: None };
        let call = play(&Endpoint::Cisco(Gateway::new(&sips)), &callee, around);
        let source = call.steps[0].reason.source();
        assert!(source.contains(row), "{source}");
    }
}

/// A release without SIP over TLS neither sends nor hears it, and knows everything else.
#[test]
fn a_release_without_tls() {
    let configuration = Configuration::parse("voice service voip").unwrap();
    let mut gateway = Gateway::new(&configuration);
    gateway.release = "12.4(4)T".parse().unwrap();
    let (gateway, other) = (Endpoint::Cisco(gateway), generic(StreamPolicy::Off));
    for (tls, outcome) in [(false, Outcome::Rtp), (true, Outcome::Rejected)] {
        let around = Circumstances { tls: Some(tls), redirect: None };
        for (caller, callee) in [(&gateway, &other), (&other, &gateway)] {
            let call = play(caller, callee, around);
            assert_eq!(call.outcome, outcome, "{tls}");
            let no_tls = call.reason().to_string().contains("no SIP over TLS");
            assert_eq!(no_tls, tls, "{}", call.reason());
        }
    }
}

/// Whether a party may never end in plain RTP.
fn requires(endpoint: &Endpoint<'_>) -> bool {
    match endpoint {
        Endpoint::Generic(generic) => !generic.form.allows_rtp(),
        Endpoint::Cisco(gateway) => {
            gateway.srtp() == Srtp::Only && !gateway.readings.alternative_without_fallback
        }
        Endpoint::Polycom(phone) => phone.requires_srtp(),
        Endpoint::Twilio(trunk) => trunk.secure,
        _ => panic!(),
    }
}

/// What every line offered by a party says.
fn offers(endpoint: &Endpoint<'_>) -> SessionParameters {
    match endpoint {
        Endpoint::Polycom(phone) => phone.offered_parameters(),
        _ => SessionParameters::default(),
    }
}

/// Whether a party can live with these parameters, by its own configuration.
fn can_live_with(endpoint: &Endpoint<'_>, parameters: &SessionParameters) -> bool {
    let Endpoint::Polycom(phone) = endpoint else {
        return *parameters == SessionParameters::default();
    };
    let own = match phone.platform {
        Platform::Legacy => phone.settings.leg_session_params,
        Platform::Ip4000 => phone.settings.ip_4000_session_params,
        _ => phone.settings.session_params,
    };
    let pairs = [
        (own.no_auth, parameters.unauthenticated_srtp),
        (own.no_encryp_rtcp, parameters.unencrypted_srtcp),
        (own.no_encryp_rtp, parameters.unencrypted_srtp),
    ];
    pairs.iter().all(|(own, is)| if *is { own.offer || own.require } else { !own.require })
}

/// The rules that hold for every call.
fn check(caller: &Endpoint<'_>, callee: &Endpoint<'_>, around: Circumstances) -> Outcome {
    let call = play(caller, callee, around);
    let context = || format!("{caller:?}\n{callee:?}\n{around:?}\n{:#?}", told(&call));
    match call.outcome {
        Outcome::Srtp => {
            let media = call.media.as_ref().unwrap_or_else(|| panic!("{}", context()));
            let (ours, theirs) = (&media.caller_key, &media.callee_key);
            assert_eq!((ours.suite(), theirs.suite()), (media.suite, media.suite), "{}", context());
            assert!(!ours.same_key_salt(theirs), "{}", context());
            assert_eq!(media.parameters, offers(caller).negotiated(), "{}", context());
            assert!(can_live_with(callee, &media.parameters), "{}", context());
            let weakened =
                NegotiatedParameter::ALL.iter().any(|parameter| parameter.is_in(&media.parameters));
            assert!(!(call.padlock && weakened), "{}", context());
        }
        Outcome::Rtp => {
            assert!(!requires(caller) && !requires(callee), "{}", context());
            assert!(call.media.is_none() && !call.padlock, "{}", context());
        }
        Outcome::Rejected => {
            let last = call.steps.last().map(|step| step.act);
            assert!(matches!(last, Some(Act::Reject | Act::Fail)), "{}", context());
            assert_ne!(call.status, Some(200), "{}", context());
        }
    }
    // An answer that was given always verifies.
    let answered = call.steps.iter().position(|step| step.act == Act::Answer);
    if let Some(at) = answered {
        assert_eq!(call.steps[at + 1].act, Act::Accept, "{}", context());
    }
    assert!(!call.steps.is_empty() && call.steps.len() < MAX_STEPS - 4, "{}", context());
    call.outcome
}

/// Every decision has a reason and a source, and none has a key in it.
fn check_words(caller: &Endpoint<'_>, callee: &Endpoint<'_>) {
    let call = play(caller, callee, Circumstances::default());
    for step in told(&call) {
        let parts: Vec<_> = step.split(" | ").collect();
        assert!(parts.len() == 3 && parts.iter().all(|part| part.len() > 5), "{step}");
        assert!(!step.contains("inline:") && !step.contains("ERER"), "a key: {step}");
    }
}

fn configurations() -> Vec<Configuration<'static>> {
    let mut all = Vec::new();
    for srtp in Srtp::ALL {
        for url in [UrlScheme::Sip, UrlScheme::Sips] {
            let mut configuration = Configuration::default();
            (configuration.srtp, configuration.url) = (srtp, url);
            all.push(configuration);
        }
    }
    all
}

/// Every setting × device × release that differs × reading.
fn gateways<'c>(configurations: &'c [Configuration<'static>]) -> Vec<Endpoint<'c>> {
    let mut all = Vec::new();
    for configuration in configurations {
        for device in [Device::Gateway, Device::BorderElement] {
            for release in ["12.4(11)T", "12.4(15)T", "12.4(20)T", "12.4(22)T"] {
                for bits in 0..4_u8 {
                    let mut gateway = Gateway::new(configuration);
                    gateway.device = device;
                    gateway.release = release.parse::<Release>().unwrap();
                    gateway.readings = Readings {
                        prefer_srtp_without_tls: bits & 1 != 0,
                        alternative_without_fallback: bits & 2 != 0,
                    };
                    all.push(Endpoint::Cisco(gateway));
                }
            }
        }
    }
    all
}

fn bit(bits: u32, place: u32) -> bool {
    bits >> place & 1 != 0
}

/// A phone: bits for enable, offer, require, `_80`, `_32`, MKI, and a value from 0 to 26 for the
/// three session parameters, each neither, offered, required.
fn phone(bits: u32, parameters: u32) -> Endpoint<'static> {
    let own = |place: u32| {
        let value = parameters / 3_u32.pow(place) % 3;
        OfferRequire { offer: value == 1, require: value == 2 }
    };
    let mut settings = Settings::default();
    settings.enable = bit(bits, 0);
    settings.offer = bit(bits, 1);
    settings.require = bit(bits, 2);
    settings.offer_hmac_sha1_80 = bit(bits, 3);
    settings.offer_hmac_sha1_32 = bit(bits, 4);
    settings.mki_enabled = bit(bits, 5);
    settings.session_params =
        SessionParams { no_auth: own(0), no_encryp_rtcp: own(1), no_encryp_rtp: own(2) };
    Endpoint::Polycom(Phone { platform: Platform::Other, settings })
}

/// Phones as far as they differ in what they offer, where a required parameter is an offered one.
fn calling_phones() -> Vec<Endpoint<'static>> {
    let parameters = || (0..27).filter(|p| (0..3).all(|place| p / 3_u32.pow(place) % 3 < 2));
    (0..64).flat_map(|bits| parameters().map(move |p| phone(bits, p))).collect()
}

/// Phones as far as they differ in how they answer.
fn called_phones() -> Vec<Endpoint<'static>> {
    let bits = [0, 1, 4, 5].into_iter().flat_map(|bits| [bits | 8, bits | 8 | 32]);
    bits.flat_map(|bits| (0..27).map(move |p| phone(bits, p))).collect()
}

fn others() -> Vec<Endpoint<'static>> {
    let mut all =
        vec![Endpoint::Twilio(Trunk { secure: true }), Endpoint::Twilio(Trunk { secure: false })];
    for policy in [StreamPolicy::Required, StreamPolicy::Preferred, StreamPolicy::Off] {
        all.push(generic(policy));
    }
    for form in [OfferForm::RtpThenSrtp, OfferForm::Opportunistic, OfferForm::BestEffort] {
        let mut generic = Generic::new(StreamPolicy::Preferred);
        generic.form = form;
        generic.party = generic.party.with_opportunistic(true);
        all.push(Endpoint::Generic(generic));
    }
    all
}

/// All callers with all callees; on an emulated machine one pair in 29, a prime number, so that the
/// choice does not run along with one of their settings.
fn pairs<'p, 'c>(
    callers: &'p [Endpoint<'c>],
    callees: &'p [Endpoint<'c>],
) -> impl Iterator<Item = (&'p Endpoint<'c>, &'p Endpoint<'c>)> {
    let all = callers.iter().flat_map(|caller| callees.iter().map(move |callee| (caller, callee)));
    all.step_by(times(1, 29) as usize)
}

/// Plays all against all; every outcome has to come up, or the run proves little.
fn all_pairs(callers: &[Endpoint<'_>], callees: &[Endpoint<'_>], around: Circumstances) {
    let mut seen = [0_usize; 3];
    for (caller, callee) in pairs(callers, callees) {
        seen[check(caller, callee, around) as usize] += 1;
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

#[test]
fn every_phone_against_every_phone() {
    all_pairs(&calling_phones(), &called_phones(), Circumstances::default());
}

#[test]
fn every_phone_against_everything_else() {
    let configurations = configurations();
    let (gateways, others) = (gateways(&configurations), others());
    all_pairs(&calling_phones(), &gateways, Circumstances::default());
    all_pairs(&gateways, &called_phones(), Circumstances::default());
    all_pairs(&calling_phones(), &others, Circumstances::default());
    all_pairs(&others, &called_phones(), Circumstances::default());
}

#[test]
fn everything_else_in_all_circumstances() {
    let configurations = configurations();
    let mut all = gateways(&configurations);
    all.extend(others());
    all_pairs(&all, &all, Circumstances::default());
    // How a gateway answers is all that counts now.
    let mut callees: Vec<Endpoint<'_>> = Vec::new();
    for one in &all {
        if !callees.iter().any(|other| other.party() == one.party()) {
            callees.push(*one);
        }
    }
    let schemes = [None, Some(UrlScheme::Sip), Some(UrlScheme::Sips)];
    for tls in [None, Some(false), Some(true)] {
        for redirect in schemes {
            all_pairs(&all, &callees, Circumstances { tls, redirect });
        }
    }
    for (caller, callee) in pairs(&all, &all) {
        check_words(caller, callee);
    }
}

/// Each class of phones goes by its own attributes and by no other's.
#[test]
fn platforms_go_by_their_own_attributes() {
    for (platform, tag) in
        [(Platform::Other, ""), (Platform::Legacy, "leg."), (Platform::Ip4000, "IP_4000.")]
    {
        for other in ["", "leg.", "IP_4000."] {
            let mut phone = Phone { platform, settings: Settings::default() };
            let attribute = format!("sec.srtp.sessionParams.{other}noAuth.require");
            for name in ["sec.srtp.enable", "sec.srtp.leg.enable", "sec.srtp.offer", &attribute] {
                phone.settings.set(name, "1").unwrap();
            }
            let phone = Endpoint::Polycom(phone);
            let call = play(&phone, &phone, Circumstances::default());
            let unauthenticated = call.media.unwrap().parameters.unauthenticated_srtp;
            assert_eq!(unauthenticated, other == tag, "{platform:?} {other}");
            assert_eq!(call.padlock, other != tag);
        }
    }
}
