//! The `sec.srtp` attributes of a `sip.cfg`, one by one, with their defaults and what is wrong with
//! them.
//!
//! Read first: Polycom Technical Bulletin 25751, "Configuration File Changes".

use core::fmt;

use crate::reason::Rule;

/// `offer` and `require` of one session parameter. `require` implies `offer`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct OfferRequire {
    /// The parameter is offered.
    pub offer: bool,
    /// The parameter is required of the other side.
    pub require: bool,
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
    /// Whether `voIpProt.SIP.conference.address` is set: conferences are then mixed elsewhere.
    pub conference_address: bool,
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
            conference_address: false,
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
    /// Sets an attribute by its name in `sip.cfg`, `sec.srtp.enable` for example, or
    /// `voIpProt.SIP.conference.address`. An empty value is Null, the default. The bulletin's other
    /// spelling `noEncryptRTCP` is accepted.
    ///
    /// # Errors
    /// [`SettingError`]; the settings are then as before.
    pub fn set(&mut self, attribute: &str, value: &str) -> Result<(), SettingError> {
        if attribute == "voIpProt.SIP.conference.address" {
            self.conference_address = !value.is_empty();
            return Ok(());
        }
        let name = attribute.strip_prefix("sec.srtp.").ok_or(SettingError::UnknownAttribute)?;
        if name == "key.lifetime" {
            self.key_lifetime = match value {
                "" => 0,
                // `parse` alone would take a sign.
                digits if digits.bytes().all(|c| c.is_ascii_digit()) => {
                    digits.parse().map_err(|_| SettingError::NotANumber)?
                }
                _ => return Err(SettingError::NotANumber),
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
                let name =
                    name.strip_prefix("sessionParams.").ok_or(SettingError::UnknownAttribute)?;
                (self.session_parameter(name).ok_or(SettingError::UnknownAttribute)?, false)
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

impl ConfigurationError {
    /// The same as a rule with its source.
    pub const fn rule(self) -> Rule {
        let (sentence, source) = match self {
            Self::LifetimeTooShort { .. } => (
                "sec.srtp.key.lifetime must be 0 or at least 1024",
                "Polycom TB 25751, sec.srtp.key.lifetime (R7)",
            ),
            Self::NothingToOffer => (
                "SRTP is to be offered, but sec.srtp.offer.HMAC_SHA1_80 and _32 are both 0",
                "Polycom TB 25751, sec.srtp.offer.HMAC_SHA1_80",
            ),
            Self::RequiredButDisabled => (
                "sec.srtp.require is 1 while SRTP is not enabled: every call is declined",
                "Polycom TB 25751, sec.srtp.require",
            ),
        };
        Rule { sentence, source }
    }

    /// Whether no call can be made with it.
    pub const fn prevents_offers(self) -> bool {
        !matches!(self, Self::LifetimeTooShort { .. })
    }
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LifetimeTooShort { packets } => {
                write!(f, "sec.srtp.key.lifetime is {packets}; it must be 0 or at least 1024")
            }
            Self::NothingToOffer | Self::RequiredButDisabled => f.write_str(self.rule().sentence),
        }
    }
}

impl core::error::Error for ConfigurationError {}

/// A value that follows from another one, whatever the file says about it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Implied {
    /// The attribute that counts as 1.
    pub attribute: &'static str,
    /// The attribute that makes it so.
    pub by: &'static str,
}

impl Settings {
    /// The attributes that count as 1 because another one is: `require` makes `offer` so, for SRTP
    /// and for each session parameter.
    pub fn implied(&self) -> impl Iterator<Item = Implied> {
        const fn row(
            is: OfferRequire,
            attribute: &'static str,
            by: &'static str,
        ) -> (bool, Implied) {
            (is.require && !is.offer, Implied { attribute, by })
        }
        let (any, leg, ip) =
            (self.session_params, self.leg_session_params, self.ip_4000_session_params);
        let whole = OfferRequire { offer: self.offer, require: self.require };
        let rows = [
            row(whole, "sec.srtp.offer", "sec.srtp.require"),
            row(
                any.no_auth,
                "sec.srtp.sessionParams.noAuth.offer",
                "sec.srtp.sessionParams.noAuth.require",
            ),
            row(
                any.no_encryp_rtcp,
                "sec.srtp.sessionParams.noEncrypRTCP.offer",
                "sec.srtp.sessionParams.noEncrypRTCP.require",
            ),
            row(
                any.no_encryp_rtp,
                "sec.srtp.sessionParams.noEncrypRTP.offer",
                "sec.srtp.sessionParams.noEncrypRTP.require",
            ),
            row(
                leg.no_auth,
                "sec.srtp.sessionParams.leg.noAuth.offer",
                "sec.srtp.sessionParams.leg.noAuth.require",
            ),
            row(
                leg.no_encryp_rtcp,
                "sec.srtp.sessionParams.leg.noEncrypRTCP.offer",
                "sec.srtp.sessionParams.leg.noEncrypRTCP.require",
            ),
            row(
                leg.no_encryp_rtp,
                "sec.srtp.sessionParams.leg.noEncrypRTP.offer",
                "sec.srtp.sessionParams.leg.noEncrypRTP.require",
            ),
            row(
                ip.no_auth,
                "sec.srtp.sessionParams.IP_4000.noAuth.offer",
                "sec.srtp.sessionParams.IP_4000.noAuth.require",
            ),
            row(
                ip.no_encryp_rtcp,
                "sec.srtp.sessionParams.IP_4000.noEncrypRTCP.offer",
                "sec.srtp.sessionParams.IP_4000.noEncrypRTCP.require",
            ),
            row(
                ip.no_encryp_rtp,
                "sec.srtp.sessionParams.IP_4000.noEncrypRTP.offer",
                "sec.srtp.sessionParams.IP_4000.noEncrypRTP.require",
            ),
        ];
        rows.into_iter().filter_map(|(applies, implied)| applies.then_some(implied))
    }
}
