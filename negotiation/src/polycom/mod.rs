//! Polycom SoundPoint IP phones: the `sec.srtp.*` attributes of Technical Bulletin 25751, what they
//! offer and how they answer.
//!
//! Resolutions of what the bulletin says twice are marked R6 to R8.

mod answering;
mod attributes;
mod offering;

use sdes_sdp::{CryptoSuite, SessionParameters};

pub use answering::ANSWERS;
pub use attributes::{
    ConfigurationError, Implied, OfferRequire, SessionParams, SettingError, Settings,
};
pub use offering::OfferMedia;

use crate::reason::{NegotiatedParameter, Rule};

/// The classes of phones that the bulletin tells apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Platform {
    /// SoundPoint IP 301, 501, 600 and 601: attributes with `leg.`.
    Legacy,
    /// SoundStation IP 4000: session parameters with `IP_4000.`.
    Ip4000,
    /// All others: untagged attributes.
    #[default]
    Other,
    /// SoundPoint IP 300 and 500, which have no SRTP.
    WithoutSrtp,
}

impl Platform {
    /// The class of a model such as `IP650`, `IP 601` or `601`.
    pub fn of_model(model: &str) -> Self {
        let number = model.trim_start_matches(|c: char| !c.is_ascii_digit());
        match number {
            "301" | "501" | "600" | "601" => Self::Legacy,
            "4000" => Self::Ip4000,
            "300" | "500" => Self::WithoutSrtp,
            _ => Self::Other,
        }
    }
}

/// The suites a phone understands, in the order in which it offers them.
pub const SUITES: &[CryptoSuite] =
    &[CryptoSuite::AesCm128HmacSha1_80, CryptoSuite::AesCm128HmacSha1_32];

/// A phone: what it is and how it is configured.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Phone {
    /// The class of phone.
    pub platform: Platform,
    /// Its configuration.
    pub settings: Settings,
}

/// What becomes of a conference that the user of a phone wants to make.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LocalConference {
    /// The phone mixes it, or has it mixed at the configured address.
    Allowed(Rule),
    /// The phone shows "Service unavailable".
    ServiceUnavailable(Rule),
}

impl Phone {
    /// Whether the phone accepts SRTP at all.
    pub const fn is_enabled(&self) -> bool {
        match self.platform {
            Platform::WithoutSrtp => false,
            Platform::Legacy => self.settings.leg_enable,
            Platform::Ip4000 | Platform::Other => self.settings.enable,
        }
    }

    /// Whether its offers have SRTP: `offer` or `require`, on a phone where SRTP is enabled.
    pub const fn offers_srtp(&self) -> bool {
        self.is_enabled() && (self.settings.offer || self.settings.require)
    }

    /// Whether it demands SRTP. A phone without SRTP knows no such attribute.
    pub const fn requires_srtp(&self) -> bool {
        self.settings.require && !matches!(self.platform, Platform::WithoutSrtp)
    }

    const fn session_params(&self) -> &SessionParams {
        match self.platform {
            Platform::Legacy => &self.settings.leg_session_params,
            Platform::Ip4000 => &self.settings.ip_4000_session_params,
            Platform::Other | Platform::WithoutSrtp => &self.settings.session_params,
        }
    }

    /// What is wrong with the configuration.
    pub fn configuration_errors(&self) -> impl Iterator<Item = ConfigurationError> {
        let settings = self.settings;
        let lifetime = (1..1024)
            .contains(&settings.key_lifetime)
            .then_some(ConfigurationError::LifetimeTooShort { packets: settings.key_lifetime });
        let nothing =
            (self.offers_srtp() && !settings.offer_hmac_sha1_80 && !settings.offer_hmac_sha1_32)
                .then_some(ConfigurationError::NothingToOffer);
        let contradiction = (self.requires_srtp() && !self.is_enabled())
            .then_some(ConfigurationError::RequiredButDisabled);
        lifetime.into_iter().chain(nothing).chain(contradiction)
    }

    /// Why its offers are what they are.
    pub const fn offer_rule(&self) -> Rule {
        let (sentence, source) = match (self.offers_srtp(), self.requires_srtp()) {
            (_, true) => (
                "SRTP is required on the phone: its offer has no other m-line",
                "Polycom TB 25751, sec.srtp.require",
            ),
            (true, false) => (
                "the phone offers SRTP beside RTP, on one port",
                "Polycom TB 25751, sec.srtp.offer",
            ),
            (false, false) if self.is_enabled() => (
                "the phone accepts SRTP, but does not offer it",
                "Polycom TB 25751, sec.srtp.offer",
            ),
            (false, false) => {
                ("SRTP is not enabled on the phone", "Polycom TB 25751, sec.srtp.enable")
            }
        };
        Rule { sentence, source }
    }

    /// Whether a conference can be made on the phone. Only legacy phones are short of processor
    /// time for it.
    pub const fn local_conference(&self) -> LocalConference {
        const SOURCE: &str = "Polycom TB 25751, sec.srtp.leg.allowLocalConf";
        const fn rule(sentence: &'static str) -> Rule {
            Rule { sentence, source: SOURCE }
        }
        use LocalConference::{Allowed, ServiceUnavailable};
        let settings = &self.settings;
        match self.platform {
            Platform::Legacy if settings.conference_address => Allowed(rule(
                "voIpProt.SIP.conference.address is set: the conference is mixed there",
            )),
            Platform::Legacy if !settings.leg_enable => {
                Allowed(rule("SRTP is off on the phone; it mixes the conference itself"))
            }
            Platform::Legacy if !settings.leg_allow_local_conf => ServiceUnavailable(rule(
                "a legacy phone with SRTP must not mix a conference itself: service unavailable",
            )),
            Platform::Legacy => Allowed(rule("sec.srtp.leg.allowLocalConf allows it")),
            Platform::Ip4000 | Platform::Other | Platform::WithoutSrtp => {
                Allowed(rule("only legacy phones with SRTP are kept from conferences"))
            }
        }
    }
}

/// Whether the phone shows its padlock: RTP encrypted and authenticated, RTCP encrypted. (RTCP
/// authentication cannot be turned off.)
pub fn padlock(parameters: &SessionParameters) -> bool {
    !NegotiatedParameter::ALL.iter().any(|parameter| parameter.is_in(parameters))
}
