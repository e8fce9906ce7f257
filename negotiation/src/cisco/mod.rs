//! Cisco IOS voice gateways and Unified Border Element: configuration, releases, what they offer and
//! how they answer, by "Configuring SIP Support for SRTP" (Cisco, August 2009) and "Cisco IOS SIP
//! Gateway Signaling Support over TLS Transport" (February 2006).
//!
//! ```
//! use srtp_negotiation::cisco::{Configuration, Gateway, Outgoing, Release};
//!
//! let text = "voice service voip\n srtp\n!\ndial-peer voice 111 voip\n srtp fallback\n";
//! let configuration = Configuration::parse(text)?;
//! let mut gateway = Gateway::new(&configuration);
//! gateway.release = "12.4(15)T".parse().unwrap();
//! let call = gateway.outgoing();
//! assert_eq!((call.action, call.rule.source), (
//!     Outgoing::Fail,
//!     "Cisco Table 1, TLS off × SRTP on, no srtp fallback",
//! ));
//! gateway.dial_peer = Some(111);
//! assert_eq!(gateway.outgoing().action, Outgoing::Rtp);
//! # Ok::<(), srtp_negotiation::cisco::ConfigurationError>(())
//! ```

mod configuration;
mod elsewhere;
mod keyword;
mod modes;
mod parse;
mod release;
mod tables;

use sdes_sdp::sdp::{Connection, Media, Origin};
use sdes_sdp::{CryptoAttribute, CryptoErrorKind, CryptoSuite, MasterKey, SessionParameters};

pub use configuration::{
    Configuration, DialPeer, DialPeerKind, Listeners, MAX_DIAL_PEERS, MAX_REGISTRARS,
    MAX_TRUSTPOINTS, Registrar, STRICT_CIPHER, Srtp, Transport, Trustpoint, UrlScheme,
};
pub use parse::{ConfigurationError, ConfigurationErrorKind};
pub use release::{Device, FEATURES, Feature, Release, ReleaseError};
pub use tables::{
    AFTER_SETUP, DefaultRow, Event, FALLBACK, NO_FALLBACK, OTHER_FAILURE, Outgoing, OutgoingCell,
    OutgoingRow, R1_OTHER_READING, R3_LITERAL, REDIRECTION, TABLE_1, TABLE_3, TABLE_4, after_setup,
};

use crate::answer::LocalSession;
use crate::fork::ForkPolicy;
use crate::offer::{Layout, OfferForm, OfferedStream};
use crate::party::{ParameterRules, Party, StreamPolicy};
use crate::reason::Rule;
use crate::renegotiate::moved;

/// The only suite of release 12.4(15)T and later: "the gateway selects an SRTP offer it supports
/// (AES_CM_128_HMAC_SHA1_32)".
pub const SUITES: &[CryptoSuite] = &[CryptoSuite::AesCm128HmacSha1_32];

/// What a forked INVITE means to a gateway: "always honors the last answer".
pub const FORK_POLICY: ForkPolicy = ForkPolicy::LastWins;

/// Readings of the document that are not the default, each defensible.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Readings {
    /// R1: late releases offer SRTP without TLS even where `srtp fallback` is configured.
    pub prefer_srtp_without_tls: bool,
    /// R3: an RTP alternative is taken without `srtp fallback` where no crypto line will do.
    pub alternative_without_fallback: bool,
}

/// The gateway as the answerer of an incoming call: its one suite, the first valid line with it,
/// Table 3. "The gateway neither writes nor parses session parameters", so a line with a mandatory
/// one is not acceptable to it. An MKI is (its own examples have one, 32 bytes long).
pub const fn party(srtp: Srtp) -> Party<'static> {
    let mut parameters = ParameterRules::SECURE;
    parameters.understood = false;
    parameters.source = "Cisco, SRTP Offer and Answer Exchange";
    Party::new(StreamPolicy::Off)
        .with_row(srtp.row())
        .with_suites(SUITES)
        .with_parameters(parameters)
        .with_capabilities(false)
}

/// Who decides about an incoming call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(clippy::large_enum_variant)] // a party is a few words
pub enum Incoming {
    /// The gateway, as this party.
    Decide(Party<'static>),
    /// The conferencing application, by this rule.
    Delegate(Rule),
}

/// A gateway or border element: a configuration on a device with a release.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Gateway<'c> {
    /// The configuration.
    pub configuration: &'c Configuration<'c>,
    /// What it runs on.
    pub device: Device,
    /// The release.
    pub release: Release,
    /// The dial peer of the call; `None` for a call by the global configuration.
    pub dial_peer: Option<u32>,
    /// How the document is read where it can be read in two ways.
    pub readings: Readings,
}

impl<'c> Gateway<'c> {
    /// A gateway of the newest release described, without a dial peer.
    pub const fn new(configuration: &'c Configuration<'c>) -> Self {
        Self {
            configuration,
            device: Device::Gateway,
            release: Release::NEWEST_DESCRIBED,
            dial_peer: None,
            readings: Readings {
                prefer_srtp_without_tls: false,
                alternative_without_fallback: false,
            },
        }
    }

    /// SRTP as it is in effect: the dial peer's, else the global one; off on a release that does
    /// not know the command.
    pub fn srtp(&self) -> Srtp {
        if self.release.has(Feature::Srtp, self.device) {
            self.configuration.srtp_of(self.dial_peer)
        } else {
            Srtp::Off
        }
    }

    /// The URL scheme in effect.
    pub fn scheme(&self) -> UrlScheme {
        self.configuration.url_of(self.dial_peer)
    }

    fn is_late(&self) -> bool {
        self.release.has(Feature::SrtpWithoutTls, self.device)
    }

    /// What is done with an outgoing call, by Table 1.
    pub fn outgoing(&self) -> OutgoingCell {
        self.outgoing_over(self.scheme())
    }

    /// The same over another scheme than the configured one.
    pub fn outgoing_over(&self, scheme: UrlScheme) -> OutgoingCell {
        let (srtp, late) = (self.srtp(), self.is_late());
        let other_reading = self.readings.prefer_srtp_without_tls
            && late
            && srtp == Srtp::WithFallback
            && scheme != UrlScheme::Sips;
        if other_reading {
            return R1_OTHER_READING;
        }
        tables::outgoing(&TABLE_1, scheme, srtp, late)
    }

    /// What is done after a 3xx answer with a contact of this scheme.
    pub fn redirected(&self, contact: UrlScheme) -> OutgoingCell {
        tables::outgoing(&REDIRECTION, contact, self.srtp(), self.is_late())
    }

    /// What the INVITE to the target of a transfer offers; `self` has the dial peer to the target.
    pub fn transferred(&self) -> OutgoingCell {
        OutgoingCell {
            action: match self.srtp() {
                Srtp::Off => Outgoing::Rtp,
                Srtp::Only | Srtp::WithFallback => Outgoing::Srtp,
            },
            rule: after_setup(Event::Transfer),
        }
    }

    /// Whether a new INVITE with RTP alone follows the failure of an SRTP offer with this status,
    /// and why. "Other failures never fall back."
    pub fn falls_back(&self, status: u16) -> (bool, Rule) {
        match (status, self.srtp()) {
            (400..=499, Srtp::WithFallback) => (true, FALLBACK),
            (400..=499, _) => (false, NO_FALLBACK),
            _ => (false, OTHER_FAILURE),
        }
    }

    /// The gateway as the answerer of an incoming call; `self` has the inbound dial peer, if there
    /// is one.
    pub fn party(&self) -> Party<'static> {
        let party = party(self.srtp());
        if self.readings.alternative_without_fallback {
            party.with_alternative(const { &R3_LITERAL })
        } else {
            party
        }
    }

    /// Who decides about an incoming call: for a conference, which matches no inbound dial peer, the
    /// application.
    pub fn incoming(&self, conference: bool) -> Incoming {
        if conference && self.dial_peer.is_none() {
            Incoming::Delegate(after_setup(Event::Conference))
        } else {
            Incoming::Decide(self.party())
        }
    }

    /// What the gateway brings to the session level of an offer or answer of its own.
    pub const fn session<'l>(
        address: &'l str,
        session_id: &'l str,
        session_version: &'l str,
    ) -> LocalSession<'l> {
        let (net_type, addr_type) = ("IN", "IP4");
        LocalSession {
            origin: Origin {
                username: "CiscoSystemsSIP-GW-UserAgent",
                session_id,
                session_version,
                net_type,
                addr_type,
                address,
            },
            name: "SIP Call",
            connection: Connection { net_type, addr_type, address },
        }
    }

    /// The crypto line of its offers: tag 1, its one suite, no session parameters, no MKI.
    ///
    /// # Errors
    /// [`CryptoErrorKind`] for a key of another suite.
    pub fn offered_line(key: MasterKey) -> Result<CryptoAttribute, CryptoErrorKind> {
        if !SUITES.contains(&key.suite()) {
            return Err(CryptoErrorKind::MixedKeys);
        }
        CryptoAttribute::new(1, key, SessionParameters::default())
    }

    /// The stream of its offers: one m-line, secured with `lines` or plain without, laid out as in
    /// the document's example (which prints `a=rtptime` for `a=rtpmap`).
    pub const fn offered_stream<'l>(
        port: u16,
        formats: &'l [(&'l str, &'l str)],
        lines: &'l [CryptoAttribute],
    ) -> OfferedStream<'l> {
        let form = if lines.is_empty() { OfferForm::Rtp } else { OfferForm::Srtp };
        let mut stream = OfferedStream::audio(form, port, formats, lines);
        stream.layout = Layout { crypto_last: true, says_sendrecv: false };
        stream
    }
}

/// Whether a new offer for a stream must bring a new key by the rekeying rule: it has a new address
/// or port. The gateway's own key never changes with it.
pub fn expects_new_key(before: &Media<'_>, offer: &Media<'_>) -> bool {
    moved(before, offer)
}
