//! The parties that can be played against each other, and what each does at its turn.

use sdes_sdp::{CryptoAttribute, CryptoErrorKind, CryptoSuite, MasterKey, SessionParameters};
use srtp_core::suite::MAX_KEY_SALT_LEN;
use zeroize::Zeroizing;

use crate::cisco::{Feature, Gateway, Outgoing, OutgoingCell, Transport, UrlScheme};
use crate::offer::OfferForm;
use crate::party::{Party, StreamPolicy};
use crate::polycom::Phone;
use crate::reason::Rule;
use crate::twilio::{TLS_REQUIRED, Trunk};

/// The most crypto lines a played offer has; a party with more suites offers its first.
pub const MAX_OFFERED_LINES: usize = 12;

type Lines = heapless::Vec<CryptoAttribute, MAX_OFFERED_LINES>;

/// A party that is no vendor's: `srtp`, `srtp-preferred`, `rtp`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Generic<'c> {
    /// How it answers, and with its suites what it offers.
    pub party: Party<'c>,
    /// The form of its offers.
    pub form: OfferForm,
}

impl Generic<'_> {
    /// A party by this policy: with SRTP required it offers SRTP alone, with SRTP preferred SRTP and
    /// RTP, else RTP alone.
    pub const fn new(policy: StreamPolicy) -> Self {
        Self {
            party: Party::new(policy),
            form: match policy {
                StreamPolicy::Required => OfferForm::Srtp,
                StreamPolicy::Preferred => OfferForm::SrtpThenRtp,
                StreamPolicy::Off => OfferForm::Rtp,
            },
        }
    }

    const fn rule(&self) -> Rule {
        let (sentence, source) = match self.form {
            OfferForm::Rtp => ("SRTP is switched off here: RTP alone is offered", "RFC 3264 §5"),
            OfferForm::Srtp => ("SRTP is required here: it alone is offered", "RFC 4568 §5.1.1"),
            OfferForm::SrtpThenRtp | OfferForm::RtpThenSrtp => (
                "SRTP is preferred here: it is offered with RTP as the alternative",
                "RFC 4568 §5.1.1",
            ),
            OfferForm::Opportunistic => {
                ("SRTP is offered in a plain m-line, to be taken or left", "RFC 8643 §3.1")
            }
            OfferForm::BestEffort => (
                "SRTP is offered as a potential configuration of a plain m-line",
                "RFC 5939 §3.6.1",
            ),
        };
        Rule { sentence, source }
    }
}

/// One end of a played call.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Endpoint<'c> {
    /// No vendor's.
    Generic(Generic<'c>),
    /// A Cisco gateway or border element.
    Cisco(Gateway<'c>),
    /// A Polycom phone.
    Polycom(Phone),
    /// A Twilio domain or trunk.
    Twilio(Trunk),
}

/// An INVITE to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) form: OfferForm,
    pub(crate) transport: Transport,
    pub(crate) rule: Rule,
    pub(crate) retry: bool,
}

impl Plan {
    pub(crate) fn tls(&self) -> bool {
        self.transport == Transport::TcpTls
    }

    const fn new(form: OfferForm, transport: Transport, rule: Rule) -> Self {
        Self { form, transport, rule, retry: false }
    }

    fn of_cell(cell: OutgoingCell, transport: Transport) -> Result<Self, Rule> {
        let form = match cell.action {
            Outgoing::Srtp => OfferForm::Srtp,
            Outgoing::Rtp => OfferForm::Rtp,
            Outgoing::Fail => return Err(cell.rule),
        };
        Ok(Self::new(form, transport, cell.rule))
    }
}

const fn over(tls: bool) -> Transport {
    if tls { Transport::TcpTls } else { Transport::Udp }
}

const UNHEARD: Rule = Rule {
    sentence: "the gateway does not listen on the transport of the INVITE (`no transport`)",
    source: "Cisco SIP over TLS, transport",
};

const NO_TLS: Rule = Rule {
    sentence: "the release of the gateway has no SIP over TLS",
    source: "Cisco SIP over TLS, 12.4(6)T",
};

const TRUNK_SECURE: Rule = Rule {
    sentence: "Secure Media is on: SRTP alone is offered, over TLS",
    source: "Twilio, Using SRTP with Twilio",
};

const TRUNK_PLAIN: Rule = Rule {
    sentence: "Secure Media is off: RTP alone is offered",
    source: "Twilio, Using SRTP with Twilio",
};

impl Endpoint<'static> {
    /// The parties that need no configuration: `srtp`, `srtp-preferred`, `rtp`, and `twilio` with
    /// Secure Media on.
    pub fn from_word(word: &str) -> Option<Self> {
        let policy = match word {
            "srtp" => StreamPolicy::Required,
            "srtp-preferred" => StreamPolicy::Preferred,
            "rtp" => StreamPolicy::Off,
            "twilio" => return Some(Self::Twilio(Trunk { secure: true })),
            _ => return None,
        };
        Some(Self::Generic(Generic::new(policy)))
    }
}

impl Endpoint<'_> {
    pub(crate) const fn is_twilio(&self) -> bool {
        matches!(self, Self::Twilio(_))
    }

    pub(crate) const fn is_polycom(&self) -> bool {
        matches!(self, Self::Polycom(_))
    }

    /// What is wrong with its configuration.
    pub fn configuration_errors(&self) -> impl Iterator<Item = Rule> {
        let phone = match self {
            Self::Polycom(phone) => Some(*phone),
            _ => None,
        };
        let errors: heapless::Vec<_, 3> =
            phone.iter().flat_map(Phone::configuration_errors).map(|error| error.rule()).collect();
        errors.into_iter()
    }

    /// How it answers offers.
    pub fn party(&self) -> Party<'_> {
        match self {
            Self::Generic(generic) => generic.party,
            Self::Cisco(gateway) => gateway.party(),
            Self::Polycom(phone) => phone.party(),
            Self::Twilio(trunk) => trunk.party(),
        }
    }

    /// Its INVITE, or why there is none.
    pub(crate) fn plan(&self, tls: Option<bool>) -> Result<Plan, Rule> {
        match self {
            Self::Generic(generic) => {
                let transport = over(tls.unwrap_or(true));
                Ok(Plan::new(generic.form, transport, generic.rule()))
            }
            Self::Cisco(gateway) => {
                let own = gateway.scheme();
                let scheme = match (tls, own) {
                    (Some(true), _) => UrlScheme::Sips,
                    (Some(false), UrlScheme::Sips) => UrlScheme::Sip,
                    _ => own,
                };
                if scheme == UrlScheme::Sips && !gateway.release.has(Feature::Tls, gateway.device) {
                    return Err(NO_TLS);
                }
                let transport = match (tls, transport(gateway, scheme)) {
                    (Some(false), Transport::TcpTls) => Transport::Tcp,
                    (_, transport) => transport,
                };
                Plan::of_cell(gateway.outgoing_over(scheme), transport)
            }
            Self::Polycom(phone) => {
                let mut errors = phone.configuration_errors();
                if let Some(error) = errors.find(|error| error.prevents_offers()) {
                    return Err(error.rule());
                }
                let transport = over(tls.unwrap_or(true));
                Ok(Plan::new(phone.offer_form(), transport, phone.offer_rule()))
            }
            Self::Twilio(trunk) => {
                let tls = tls.unwrap_or(trunk.secure);
                if trunk.secure && !tls {
                    return Err(TLS_REQUIRED);
                }
                let rule = if trunk.secure { TRUNK_SECURE } else { TRUNK_PLAIN };
                Ok(Plan::new(trunk.offer_form(), over(tls), rule))
            }
        }
    }

    /// Its INVITE after a 3xx answer with a contact of this scheme.
    pub(crate) fn redirected(&self, plan: &Plan, contact: UrlScheme) -> Result<Plan, Rule> {
        let tls = contact == UrlScheme::Sips;
        match self {
            Self::Cisco(gateway) => {
                Plan::of_cell(gateway.redirected(contact), transport(gateway, contact))
            }
            Self::Twilio(trunk) => {
                trunk.admits(tls).map(|()| Plan { transport: over(tls), ..*plan })
            }
            Self::Generic(_) | Self::Polycom(_) => Ok(Plan { transport: over(tls), ..*plan }),
        }
    }

    /// Whether it lets an INVITE in, or the status and rule with which it does not; no status where
    /// it does not even hear it.
    pub(crate) fn admits(&self, transport: Transport) -> Result<(), (Option<u16>, Rule)> {
        match self {
            Self::Cisco(gateway) => {
                let tls = transport == Transport::TcpTls;
                if tls && !gateway.release.has(Feature::Tls, gateway.device) {
                    return Err((None, NO_TLS));
                }
                if gateway.configuration.listeners.hears(transport) {
                    Ok(())
                } else {
                    Err((None, UNHEARD))
                }
            }
            Self::Twilio(trunk) => {
                trunk.admits(transport == Transport::TcpTls).map_err(|rule| (Some(403), rule))
            }
            Self::Generic(_) | Self::Polycom(_) => Ok(()),
        }
    }

    /// Whether it tries again with RTP after an SRTP offer failed with this status; `None` where it
    /// never does.
    pub(crate) fn falls_back(&self, status: u16) -> Option<(bool, Rule)> {
        match self {
            Self::Cisco(gateway) => Some(gateway.falls_back(status)),
            _ => None,
        }
    }

    /// The crypto lines of its offers.
    pub(crate) fn offered_lines(
        &self,
        keys: &mut dyn FnMut(&mut [u8]),
    ) -> Result<Lines, CryptoErrorKind> {
        let mut lines = Lines::new();
        let mut offer = |suite, parameters| {
            let tag = u32::try_from(lines.len()).unwrap_or(u32::MAX).saturating_add(1);
            let line = CryptoAttribute::new(tag, self.key(suite, tag, keys)?, parameters)?;
            // What has no place is not offered.
            let _ = lines.push(line);
            Ok(())
        };
        let plain = SessionParameters::default();
        match self {
            Self::Generic(generic) => generic
                .party
                .suites
                .iter()
                .take(MAX_OFFERED_LINES)
                .try_for_each(|suite| offer(*suite, plain)),
            Self::Cisco(_) => {
                crate::cisco::SUITES.iter().try_for_each(|suite| offer(*suite, plain))
            }
            Self::Polycom(phone) => phone
                .offered_suites()
                .try_for_each(|suite| offer(suite, phone.offered_parameters())),
            Self::Twilio(_) => {
                crate::twilio::SUITES.iter().try_for_each(|suite| offer(*suite, plain))
            }
        }?;
        Ok(lines)
    }

    /// A fresh key it sends with, with what its configuration adds: a Polycom phone its lifetime and
    /// MKI.
    ///
    /// # Errors
    /// A lifetime out of range.
    pub fn key(
        &self,
        suite: CryptoSuite,
        number: u32,
        keys: &mut dyn FnMut(&mut [u8]),
    ) -> Result<MasterKey, CryptoErrorKind> {
        let wrong = CryptoErrorKind::Lifetime { suite };
        let mut bytes = Zeroizing::new([0; MAX_KEY_SALT_LEN]);
        let key_salt = bytes.get_mut(..suite.key_salt_len()).ok_or(wrong)?;
        keys(key_salt);
        match self {
            Self::Polycom(phone) => phone.key(suite, key_salt, number),
            _ => MasterKey::new(suite, key_salt),
        }
        .map_err(|_| wrong)
    }
}

/// The transport of an INVITE under a scheme that need not be the configured one.
fn transport(gateway: &Gateway<'_>, scheme: UrlScheme) -> Transport {
    let configured = gateway.configuration.transport_of(gateway.dial_peer);
    match (scheme, gateway.scheme()) {
        (UrlScheme::Sips, _) => Transport::TcpTls,
        (_, UrlScheme::Sips) => Transport::Tcp,
        _ => configured,
    }
}
