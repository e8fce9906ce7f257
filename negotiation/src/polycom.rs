//! Polycom SoundPoint IP phones: the `sec.srtp.*` attributes of Technical Bulletin 25751, what they
//! offer and how they answer.
//!
//! Resolutions of what the bulletin says twice are marked R6 to R8.

use core::fmt;

use sdes_sdp::sdp::{
    Connection, Direction, MediaDescription, Origin, SdpWriter, SessionDescription, WriteError,
};
use sdes_sdp::{CryptoAttribute, CryptoErrorKind, CryptoSuite, Emit, MasterKey, SessionParameters};

use crate::party::{Action, AnswerRow, Cell, ParameterRule, ParameterRules, Party, StreamPolicy};
use crate::reason::{NegotiatedParameter, Rule};

const SOURCE: &str = "Polycom TB 25751, sec.srtp attributes";

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

/// `offer` and `require` of one session parameter. `require` implies `offer`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct OfferRequire {
    /// The parameter is offered.
    pub offer: bool,
    /// The parameter is required of the other side.
    pub require: bool,
}

impl OfferRequire {
    /// Answering an SAVP line, as the bulletin has it: columns "line without X", "line with X".
    ///
    /// | require | offer | without | with |
    /// |---|---|---|---|
    /// | 0 | 0 | ok | refuse |
    /// | 0 | 1 | ok | ok (R8: else two phones of scenario three could not talk) |
    /// | 1 | (1) | refuse | ok |
    const fn rule(self) -> ParameterRule {
        match (self.require, self.offer) {
            (false, false) => ParameterRule::Refuse,
            (false, true) => ParameterRule::Accept,
            (true, _) => ParameterRule::Require,
        }
    }

    const fn offered(self) -> bool {
        self.offer || self.require
    }
}

/// The `sec.srtp.sessionParams` of one class of phones.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SessionParams {
    /// `noAuth`: `UNAUTHENTICATED_SRTP`.
    pub no_auth: OfferRequire,
    /// `noEncrypRTCP`: `UNENCRYPTED_SRTCP`.
    pub no_encryp_rtcp: OfferRequire,
    /// `noEncrypRTP`: `UNENCRYPTED_SRTP`.
    pub no_encryp_rtp: OfferRequire,
}

/// The SRTP attributes of a `sip.cfg`. The default is every attribute Null.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct Settings {
    /// `sec.srtp.enable`.
    pub enable: bool,
    /// `sec.srtp.leg.enable`; 1 is on (R6: the printed text is inverted).
    pub leg_enable: bool,
    /// `sec.srtp.leg.allowLocalConf`.
    pub leg_allow_local_conf: bool,
    /// `sec.srtp.offer`.
    pub offer: bool,
    /// `sec.srtp.require`; implies `offer`.
    pub require: bool,
    /// `sec.srtp.offer.HMAC_SHA1_80`; Null is 1.
    pub offer_hmac_sha1_80: bool,
    /// `sec.srtp.offer.HMAC_SHA1_32`.
    pub offer_hmac_sha1_32: bool,
    /// `sec.srtp.key.lifetime` in packets, 0 for none.
    pub key_lifetime: u64,
    /// `sec.srtp.mki.enabled`.
    pub mki_enabled: bool,
    /// `sec.srtp.sessionParams.*`.
    pub session_params: SessionParams,
    /// `sec.srtp.sessionParams.leg.*`.
    pub leg_session_params: SessionParams,
    /// `sec.srtp.sessionParams.IP_4000.*`.
    pub ip_4000_session_params: SessionParams,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            enable: false,
            leg_enable: false,
            leg_allow_local_conf: false,
            offer: false,
            require: false,
            offer_hmac_sha1_80: true,
            offer_hmac_sha1_32: false,
            key_lifetime: 0,
            mki_enabled: false,
            session_params: SessionParams::default(),
            leg_session_params: SessionParams::default(),
            ip_4000_session_params: SessionParams::default(),
        }
    }
}

/// Why an attribute was not set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SettingError {
    /// There is no such `sec.srtp` attribute.
    UnknownAttribute,
    /// The value is not one of 0, 1 and nothing.
    NotASwitch,
    /// The value is not a number of packets.
    NotANumber,
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownAttribute => "no such sec.srtp attribute (Polycom TB 25751)",
            Self::NotASwitch => "the value must be 0, 1 or nothing (Polycom TB 25751)",
            Self::NotANumber => {
                "the value must be a number of packets or nothing (Polycom TB 25751)"
            }
        })
    }
}

impl core::error::Error for SettingError {}

impl Settings {
    /// Sets an attribute by its name in `sip.cfg`, `sec.srtp.enable` for example. An empty value is
    /// Null, the default. The bulletin's other spelling `noEncryptRTCP` is accepted.
    ///
    /// # Errors
    /// [`SettingError`]; the settings are then as before.
    pub fn set(&mut self, attribute: &str, value: &str) -> Result<(), SettingError> {
        let name = attribute
            .strip_prefix("sec.srtp.")
            .ok_or(SettingError::UnknownAttribute)?;
        if name == "key.lifetime" {
            self.key_lifetime = match value {
                "" => 0,
                digits => digits.parse().map_err(|_| SettingError::NotANumber)?,
            };
            return Ok(());
        }
        let null = Self::default();
        let (place, null) = match name {
            "enable" => (&mut self.enable, null.enable),
            "leg.enable" => (&mut self.leg_enable, null.leg_enable),
            "leg.allowLocalConf" => (&mut self.leg_allow_local_conf, null.leg_allow_local_conf),
            "offer" => (&mut self.offer, null.offer),
            "require" => (&mut self.require, null.require),
            "offer.HMAC_SHA1_80" => (&mut self.offer_hmac_sha1_80, null.offer_hmac_sha1_80),
            "offer.HMAC_SHA1_32" => (&mut self.offer_hmac_sha1_32, null.offer_hmac_sha1_32),
            "mki.enabled" => (&mut self.mki_enabled, null.mki_enabled),
            _ => {
                let name = name
                    .strip_prefix("sessionParams.")
                    .ok_or(SettingError::UnknownAttribute)?;
                (
                    self.session_parameter(name)
                        .ok_or(SettingError::UnknownAttribute)?,
                    false,
                )
            }
        };
        *place = match value {
            "" => null,
            "0" => false,
            "1" => true,
            _ => return Err(SettingError::NotASwitch),
        };
        Ok(())
    }

    /// The place of `[leg.|IP_4000.]noAuth.offer` and its kin.
    fn session_parameter(&mut self, name: &str) -> Option<&mut bool> {
        let (params, name) = if let Some(name) = name.strip_prefix("leg.") {
            (&mut self.leg_session_params, name)
        } else if let Some(name) = name.strip_prefix("IP_4000.") {
            (&mut self.ip_4000_session_params, name)
        } else {
            (&mut self.session_params, name)
        };
        let (parameter, which) = name.split_once('.')?;
        let pair = match parameter {
            "noAuth" => &mut params.no_auth,
            "noEncrypRTCP" | "noEncryptRTCP" => &mut params.no_encryp_rtcp,
            "noEncrypRTP" | "noEncryptRTP" => &mut params.no_encryp_rtp,
            _ => return None,
        };
        match which {
            "offer" => Some(&mut pair.offer),
            "require" => Some(&mut pair.require),
            _ => None,
        }
    }
}

/// What is wrong with a configuration.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// `key.lifetime` is 1 to 1023 (R7).
    LifetimeTooShort {
        /// The packets configured.
        packets: u64,
    },
    /// SRTP is to be offered, and both HMAC switches are off.
    NothingToOffer,
    /// `require` is on and `enable` off: SRTP is demanded and declined.
    RequiredButDisabled,
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LifetimeTooShort { packets } => {
                write!(
                    f,
                    "sec.srtp.key.lifetime is {packets}; it must be 0 or at least 1024"
                )
            }
            Self::NothingToOffer => f.write_str(
                "SRTP is to be offered, but sec.srtp.offer.HMAC_SHA1_80 and _32 are both 0",
            ),
            Self::RequiredButDisabled => f.write_str(
                "sec.srtp.require is 1 while SRTP is not enabled: every call is declined",
            ),
        }
    }
}

impl core::error::Error for ConfigurationError {}

const fn cell(action: Action, sentence: &'static str) -> Cell {
    Cell {
        action,
        rule: Rule {
            sentence,
            source: SOURCE,
        },
    }
}

const TAKEN: Cell = cell(
    Action::Srtp,
    "an acceptable SRTP line is offered: SRTP, RTP gets port 0",
);

/// Answering, as the bulletin has it: rows by `enable` and `require`, columns by what is offered
/// (SRTP only, both, RTP only).
pub const ANSWERS: [((bool, bool), AnswerRow); 4] = [
    (
        (false, false),
        AnswerRow {
            srtp: cell(
                Action::Refuse,
                "SRTP is not enabled on the phone, and only SRTP is offered",
            ),
            both: cell(
                Action::Rtp,
                "SRTP is not enabled on the phone: RTP, SRTP gets port 0",
            ),
            rtp: cell(
                Action::Rtp,
                "RTP is offered, and SRTP is not enabled on the phone",
            ),
        },
    ),
    (
        (false, true),
        AnswerRow {
            srtp: cell(
                Action::Refuse,
                "SRTP is required on the phone, but not enabled",
            ),
            both: cell(
                Action::Refuse,
                "SRTP is required on the phone, but not enabled",
            ),
            rtp: cell(
                Action::Refuse,
                "SRTP is required on the phone, but not enabled",
            ),
        },
    ),
    (
        (true, false),
        AnswerRow {
            srtp: TAKEN,
            both: TAKEN,
            rtp: cell(
                Action::Rtp,
                "no acceptable SRTP line is offered; the phone takes RTP",
            ),
        },
    ),
    (
        (true, true),
        AnswerRow {
            srtp: TAKEN,
            both: TAKEN,
            rtp: cell(
                Action::Refuse,
                "the phone requires SRTP, and no acceptable line is offered",
            ),
        },
    ),
];

/// The suites a phone understands, in the order in which it offers them.
const SUITES: &[CryptoSuite] = &[
    CryptoSuite::AesCm128HmacSha1_80,
    CryptoSuite::AesCm128HmacSha1_32,
];

/// A phone: what it is and how it is configured.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Phone {
    /// The class of phone.
    pub platform: Platform,
    /// Its configuration.
    pub settings: Settings,
}

/// What a phone brings to the SDP of its offer.
#[derive(Clone, Copy, Debug)]
pub struct OfferMedia<'l> {
    /// `o=`.
    pub origin: Origin<'l>,
    /// `c=`: where it wants to receive.
    pub connection: Connection<'l>,
    /// The one port of both m-lines.
    pub port: u16,
    /// The formats with their `a=rtpmap` encodings, the preferred first.
    pub formats: &'l [(&'l str, &'l str)],
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
        let lifetime = (1..1024).contains(&settings.key_lifetime).then_some(
            ConfigurationError::LifetimeTooShort {
                packets: settings.key_lifetime,
            },
        );
        let nothing =
            (self.offers_srtp() && !settings.offer_hmac_sha1_80 && !settings.offer_hmac_sha1_32)
                .then_some(ConfigurationError::NothingToOffer);
        let contradiction = (settings.require && !self.is_enabled())
            .then_some(ConfigurationError::RequiredButDisabled);
        lifetime.into_iter().chain(nothing).chain(contradiction)
    }

    /// The phone as the answerer of an offer.
    pub const fn party(&self) -> Party<'static> {
        const ROWS: &[((bool, bool), AnswerRow); 4] = &ANSWERS;
        let [(_, off), (_, contradiction), (_, enabled), (_, required)] = ROWS;
        let row = match (self.is_enabled(), self.settings.require) {
            (false, false) => off,
            (false, true) => contradiction,
            (true, false) => enabled,
            (true, true) => required,
        };
        let params = self.session_params();
        let mut rules = ParameterRules::SECURE;
        rules.unauthenticated_srtp = params.no_auth.rule();
        rules.unencrypted_srtcp = params.no_encryp_rtcp.rule();
        rules.unencrypted_srtp = params.no_encryp_rtp.rule();
        rules.source = "Polycom TB 25751, sec.srtp.sessionParams";
        Party::new(StreamPolicy::Off)
            .with_row(row)
            .with_suites(SUITES)
            .with_parameters(rules)
    }

    /// The session parameters of every line the phone offers: an offered one *replaces* the line
    /// without it.
    pub fn offered_parameters(&self) -> SessionParameters {
        let params = self.session_params();
        SessionParameters {
            unauthenticated_srtp: params.no_auth.offered(),
            unencrypted_srtcp: params.no_encryp_rtcp.offered(),
            unencrypted_srtp: params.no_encryp_rtp.offered(),
            ..SessionParameters::default()
        }
    }

    /// The suites of its offer, in order; their tags are 1 and, for a second one, 2.
    pub fn offered_suites(&self) -> impl Iterator<Item = CryptoSuite> {
        let settings = self.settings;
        let offers = self.offers_srtp();
        let switches = [settings.offer_hmac_sha1_80, settings.offer_hmac_sha1_32];
        let suites = SUITES.iter().zip(switches);
        suites.filter_map(move |(suite, on)| (offers && on).then_some(*suite))
    }

    /// The crypto lines of its offer, made of fresh key and salt, 30 bytes for each suite of
    /// [`offered_suites`](Self::offered_suites), with the configured lifetime and, where MKIs are
    /// enabled, the MKIs 1 and 2 in four bytes.
    ///
    /// # Errors
    /// [`CryptoErrorKind`] where a lifetime is out of range.
    pub fn offered_lines(
        &self,
        key_salts: [&[u8; 30]; 2],
    ) -> Result<heapless::Vec<CryptoAttribute, 2>, CryptoErrorKind> {
        let mut lines = heapless::Vec::new();
        for ((suite, tag), key_salt) in self.offered_suites().zip(1_u8..).zip(key_salts) {
            let wrong = CryptoErrorKind::Lifetime { suite };
            let mut key = MasterKey::new(suite, key_salt).map_err(|_| wrong)?;
            if self.settings.key_lifetime != 0 {
                key = key
                    .with_lifetime(self.settings.key_lifetime)
                    .map_err(|_| wrong)?;
            }
            if self.settings.mki_enabled {
                key = key.with_mki(&[0, 0, 0, tag]).map_err(|_| wrong)?;
            }
            let line = CryptoAttribute::new(tag.into(), key, self.offered_parameters())?;
            // Two places for two suites.
            let _ = lines.push(line);
        }
        Ok(lines)
    }

    /// Writes the offer of an INVITE as the bulletin prints it: the secured m-line first unless
    /// nothing is offered, the plain one after it on the same port unless SRTP is required.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn write_offer(
        &self,
        out: &mut impl fmt::Write,
        media: &OfferMedia<'_>,
        lines: &[CryptoAttribute],
    ) -> Result<(), WriteError> {
        let mut sdp = SdpWriter::new(out);
        sdp.session(&SessionDescription {
            origin: media.origin,
            name: "-",
            connection: Some(media.connection),
            time: (0, 0),
        })?;
        let formats: heapless::Vec<&str, 32> = media
            .formats
            .iter()
            .map(|(format, _)| *format)
            .take(32)
            .collect();
        let mut m_line = |profile, secured: bool| -> Result<(), WriteError> {
            let description = MediaDescription {
                kind: "audio",
                port: media.port,
                profile,
                formats: &formats,
            };
            sdp.media(&description)?;
            if secured {
                sdp.direction(Direction::SendRecv)?;
                lines
                    .iter()
                    .try_for_each(|line| sdp.crypto(&line.line(&Emit::DEFAULT)))?;
            }
            media
                .formats
                .iter()
                .try_for_each(|(format, encoding)| sdp.rtpmap(format, encoding))
        };
        if self.offers_srtp() {
            m_line("RTP/SAVP", true)?;
        }
        if !(self.offers_srtp() && self.settings.require) {
            m_line("RTP/AVP", false)?;
        }
        Ok(())
    }
}

/// Whether the phone shows its padlock: RTP encrypted and authenticated, RTCP encrypted. (RTCP
/// authentication cannot be turned off.)
pub fn padlock(parameters: &SessionParameters) -> bool {
    !NegotiatedParameter::ALL
        .iter()
        .any(|parameter| parameter.is_in(parameters))
}
