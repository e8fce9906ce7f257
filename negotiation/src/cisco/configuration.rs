//! What an administrator can set on a gateway and what follows from it: dial peer before global,
//! global before default.
//!
//! Read first: "Cisco IOS SIP Gateway Signaling Support over TLS Transport", command reference;
//! "Implementing SIP Gateways" (Cisco Press), Tables 4-2 and 4-3.

use core::net::Ipv4Addr;

/// The most dial peers of one configuration.
pub const MAX_DIAL_PEERS: usize = 64;
/// The most trustpoint entries (`crypto signaling`).
pub const MAX_TRUSTPOINTS: usize = 16;
/// The most registrars: one, and a secondary one.
pub const MAX_REGISTRARS: usize = 2;

/// How a dial peer, or without one the global configuration, is set up for SRTP.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Srtp {
    /// Neither `srtp` nor `srtp fallback`.
    #[default]
    Off,
    /// `srtp`.
    Only,
    /// `srtp` and `srtp fallback`.
    WithFallback,
}

/// The scheme of the URLs that are made: `url {sip|sips|tel}`. SIPS is TLS.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum UrlScheme {
    /// `sip:`, the default.
    #[default]
    Sip,
    /// `sips:`.
    Sips,
    /// `tel:`.
    Tel,
}

impl UrlScheme {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Sip, Self::Sips, Self::Tel];

    /// `sip`, `sips` or `tel`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sip => "sip",
            Self::Sips => "sips",
            Self::Tel => "tel",
        }
    }
}

/// The transport of SIP messages.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Transport {
    /// `udp`, the default.
    #[default]
    Udp,
    /// `tcp`.
    Tcp,
    /// `tcp tls`.
    TcpTls,
}

/// The sockets on which SIP is heard: `transport {tcp [tls]|udp}` under `sip-ua`. All by default.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Listeners {
    /// UDP.
    pub udp: bool,
    /// TCP.
    pub tcp: bool,
    /// TLS over TCP.
    pub tcp_tls: bool,
}

impl Default for Listeners {
    fn default() -> Self {
        Self { udp: true, tcp: true, tcp_tls: true }
    }
}

impl Listeners {
    /// Whether a transport is heard.
    pub const fn hears(self, transport: Transport) -> bool {
        match transport {
            Transport::Udp => self.udp,
            Transport::Tcp => self.tcp,
            Transport::TcpTls => self.tcp_tls,
        }
    }
}

/// A registrar: `registrar … [tcp [tls]] [secondary] [scheme …]`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Registrar<'c> {
    /// `dns:` or `ipv4:` and the address, as written.
    pub address: &'c str,
    /// UDP unless `tcp` or `tcp tls` is given.
    pub transport: Transport,
    /// SIP unless `scheme sips` is given.
    pub scheme: UrlScheme,
    /// `secondary`.
    pub secondary: bool,
}

/// An entry of `crypto signaling`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Trustpoint<'c> {
    /// The address and mask of `remote-addr`, `None` for `default`.
    pub remote: Option<(Ipv4Addr, Ipv4Addr)>,
    /// The name of the trustpoint.
    pub name: &'c str,
    /// `strict-cipher`: only `TLS_RSA_WITH_AES_128_CBC_SHA`.
    pub strict_cipher: bool,
}

/// The cipher suite that `strict-cipher` leaves.
pub const STRICT_CIPHER: &str = "TLS_RSA_WITH_AES_128_CBC_SHA";

impl Trustpoint<'_> {
    fn matches(&self, peer: Ipv4Addr) -> bool {
        self.remote.is_none_or(|(address, mask)| {
            let (address, mask, peer) = (u32::from(address), u32::from(mask), u32::from(peer));
            address & mask == peer & mask
        })
    }

    /// How much of an address it names; the default entry nothing.
    fn specificity(&self) -> Option<u32> {
        self.remote.map(|(_, mask)| u32::from(mask).count_ones())
    }
}

/// What a dial peer leads to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DialPeerKind {
    /// `voip`.
    Voip,
    /// `pots`: the telephone network, where there is no SRTP.
    Pots,
    /// `vofr` and others.
    Other,
}

/// A dial peer. `None` leaves a setting to the global configuration.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct DialPeer<'c> {
    /// Its number.
    pub tag: u32,
    /// What it leads to.
    pub kind: DialPeerKind,
    /// `srtp`, `srtp fallback`, `no srtp`; `None` without any, and for `srtp system`.
    pub srtp: Option<Srtp>,
    /// `srtp negotiate`, with a fallback also for delayed offers.
    pub srtp_negotiate: bool,
    /// `voice-class sip url`; `None` for `system`.
    pub url: Option<UrlScheme>,
    /// `session transport`; `None` for `system`.
    pub transport: Option<Transport>,
    /// `voice-class sip transport switch udp tcp`.
    pub transport_switch: bool,
    /// `session protocol sipv2`.
    pub sip: bool,
    /// `session target`, as written.
    pub target: Option<&'c str>,
    /// `destination-pattern`, as written.
    pub destination_pattern: Option<&'c str>,
    /// `incoming called-number`, as written.
    pub incoming_called_number: Option<&'c str>,
}

impl DialPeer<'_> {
    pub(crate) const fn new(tag: u32, kind: DialPeerKind) -> Self {
        Self {
            tag,
            kind,
            srtp: None,
            srtp_negotiate: false,
            url: None,
            transport: None,
            transport_switch: false,
            sip: false,
            target: None,
            destination_pattern: None,
            incoming_called_number: None,
        }
    }
}

/// The configuration of a gateway or border element, as far as it decides about SRTP and the
/// transport of SIP. Its default is an empty configuration.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Configuration<'c> {
    /// `srtp`, `srtp fallback` under `voice service voip`.
    pub srtp: Srtp,
    /// `srtp negotiate`.
    pub srtp_negotiate: bool,
    /// `url` under `sip`.
    pub url: UrlScheme,
    /// `session transport` under `sip`.
    pub transport: Transport,
    /// `transport switch udp tcp` under `sip`.
    pub transport_switch: bool,
    /// `transport` under `sip-ua`.
    pub listeners: Listeners,
    /// `registrar` under `sip-ua`.
    pub registrars: heapless::Vec<Registrar<'c>, MAX_REGISTRARS>,
    /// `crypto signaling` under `sip-ua`.
    pub trustpoints: heapless::Vec<Trustpoint<'c>, MAX_TRUSTPOINTS>,
    /// `dial-peer voice`.
    pub dial_peers: heapless::Vec<DialPeer<'c>, MAX_DIAL_PEERS>,
    /// Lines that have nothing to do with all this.
    pub passed_over: usize,
    /// Lines that only IOS has, passed over or not. If there are none, the text is hardly a
    /// configuration: empty, of another kind, or commands without the line that opens their mode.
    pub recognized: usize,
}

impl<'c> Configuration<'c> {
    /// The dial peer of a number.
    pub fn dial_peer(&self, tag: u32) -> Option<&DialPeer<'c>> {
        self.dial_peers.iter().find(|peer| peer.tag == tag)
    }

    fn of<T>(&self, peer: Option<u32>, setting: impl Fn(&DialPeer<'c>) -> Option<T>) -> Option<T> {
        self.dial_peer(peer?).and_then(setting)
    }

    /// SRTP of a call by this dial peer, or without one by the global configuration.
    pub fn srtp_of(&self, dial_peer: Option<u32>) -> Srtp {
        self.of(dial_peer, |peer| peer.srtp).unwrap_or(self.srtp)
    }

    /// The URL scheme: the dial peer's, the global one, SIP.
    pub fn url_of(&self, dial_peer: Option<u32>) -> UrlScheme {
        self.of(dial_peer, |peer| peer.url).unwrap_or(self.url)
    }

    /// The transport: the dial peer's, the global one, UDP; but SIPS is TLS.
    pub fn transport_of(&self, dial_peer: Option<u32>) -> Transport {
        if self.url_of(dial_peer) == UrlScheme::Sips {
            return Transport::TcpTls;
        }
        let own = self.of(dial_peer, |peer| peer.transport);
        own.unwrap_or(self.transport)
    }

    /// The transport of one message of this length, in bytes: UDP becomes TCP within 200 bytes of
    /// the MTU where `transport switch udp tcp` is configured.
    pub fn transport_of_message(
        &self,
        dial_peer: Option<u32>,
        length: usize,
        mtu: usize,
    ) -> Transport {
        let own = self.of(dial_peer, |peer| peer.transport_switch.then_some(true));
        let switches = own.unwrap_or(self.transport_switch);
        match self.transport_of(dial_peer) {
            Transport::Udp if switches && length.saturating_add(200) > mtu => Transport::Tcp,
            transport => transport,
        }
    }

    /// The trustpoint for a TLS connection with `peer`: that of the most specific matching entry.
    pub fn trustpoint_for(&self, peer: Ipv4Addr) -> Option<&Trustpoint<'c>> {
        let matching = self.trustpoints.iter().filter(|entry| entry.matches(peer));
        matching.max_by_key(|entry| entry.specificity())
    }
}
