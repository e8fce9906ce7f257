//! The small values of an SDP that negotiation needs: addresses, directions, profiles, kinds of
//! media. Each can be read from a line and written into one.
//!
//! Read first: RFC 8866 §5.2, §5.7, §5.14, §6.7; RFC 3605; RFC 3711 §12; RFC 5124; RFC 5764 §8.

use core::fmt;
use core::net::IpAddr;

use crate::scan::{is_blank, next_word, trim, trim_end, words};

/// A connection address, `c=` (RFC 8866 §5.7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Connection<'a> {
    /// The network type, `IN`.
    pub net_type: &'a str,
    /// The address type, `IP4` or `IP6`.
    pub addr_type: &'a str,
    /// The address or host name, as written; a multicast address with its `/ttl/count`.
    pub address: &'a str,
}

impl<'a> Connection<'a> {
    /// The value of a `c=` line, `None` unless it has its three fields.
    pub fn parse(value: &'a str) -> Option<Self> {
        let mut words = words(value);
        let (Some(net_type), Some(addr_type), Some(address), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return None;
        };
        Some(Self { net_type, addr_type, address })
    }

    /// The address without a multicast `/ttl/count`.
    pub fn host(&self) -> &'a str {
        self.address.split('/').next().unwrap_or_default()
    }

    /// The address as a number, `None` for a host name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host().parse().ok()
    }

    /// Whether it is `0.0.0.0` or `::`, with which RFC 2543 put a call on hold (RFC 3264 §8.4).
    pub fn is_unspecified(&self) -> bool {
        self.ip().is_some_and(|ip| ip.is_unspecified())
    }
}

impl fmt::Display for Connection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.net_type, self.addr_type, self.address)
    }
}

/// The originator, `o=` (RFC 8866 §5.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Origin<'a> {
    /// The user name, `-` for none. Some gateways put blanks into it.
    pub username: &'a str,
    /// The session's id, decimal, of any size.
    pub session_id: &'a str,
    /// The version of this description, decimal, of any size.
    pub session_version: &'a str,
    /// The network type, `IN`.
    pub net_type: &'a str,
    /// The address type, `IP4` or `IP6`.
    pub addr_type: &'a str,
    /// The address of the machine that made the session.
    pub address: &'a str,
}

impl<'a> Origin<'a> {
    /// The value of an `o=` line, `None` unless it has its six fields. It is read from the end,
    /// so that a user name with blanks in it does no harm.
    pub fn parse(value: &'a str) -> Option<Self> {
        let mut rest = trim(value);
        let mut fields = [""; 5];
        for field in fields.iter_mut().rev() {
            let length = rest.bytes().rev().position(is_blank)?;
            let (before, word) = rest.split_at_checked(rest.len().saturating_sub(length))?;
            (rest, *field) = (trim_end(before), word);
        }
        let [session_id, session_version, net_type, addr_type, address] = fields;
        let username = rest;
        let decimal = |id: &str| id.bytes().all(|c| c.is_ascii_digit());
        (!username.is_empty() && decimal(session_id) && decimal(session_version)).then_some(Self {
            username,
            session_id,
            session_version,
            net_type,
            addr_type,
            address,
        })
    }
}

impl fmt::Display for Origin<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { username, session_id, session_version, net_type, addr_type, address } = self;
        write!(f, "{username} {session_id} {session_version} {net_type} {addr_type} {address}")
    }
}

/// Who sends media (RFC 8866 §6.7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Direction {
    /// `a=sendrecv`, and the default without any of the four.
    #[default]
    SendRecv,
    /// `a=sendonly`.
    SendOnly,
    /// `a=recvonly`.
    RecvOnly,
    /// `a=inactive`.
    Inactive,
}

impl Direction {
    /// The attribute's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// The direction of this attribute name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "sendrecv" => Self::SendRecv,
            "sendonly" => Self::SendOnly,
            "recvonly" => Self::RecvOnly,
            "inactive" => Self::Inactive,
            _ => return None,
        })
    }

    /// The same as the other side sees it: what an answerer may at most answer (RFC 3264 §6.1).
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            same => same,
        }
    }

    /// Whether the owner of the description sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the owner of the description receives.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The transport of an m-line (RFC 8866 §5.14).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Profile<'a> {
    /// `RTP/AVP`.
    RtpAvp,
    /// `RTP/AVPF`.
    RtpAvpf,
    /// `RTP/SAVP` (RFC 3711 §12).
    RtpSavp,
    /// `RTP/SAVPF` (RFC 5124).
    RtpSavpf,
    /// `UDP/TLS/RTP/SAVP`: keys come over DTLS (RFC 5764 §8).
    UdpTlsRtpSavp,
    /// `UDP/TLS/RTP/SAVPF`: keys come over DTLS (RFC 5764 §8).
    UdpTlsRtpSavpf,
    /// `udptl`: T.38 fax over UDP, which has no SRTP.
    Udptl,
    /// Any other, as written.
    Other(&'a str),
}

const PROFILES: [Profile<'static>; 7] = [
    Profile::RtpAvp,
    Profile::RtpAvpf,
    Profile::RtpSavp,
    Profile::RtpSavpf,
    Profile::UdpTlsRtpSavp,
    Profile::UdpTlsRtpSavpf,
    Profile::Udptl,
];

impl<'a> Profile<'a> {
    /// The profile of this name, in any case of letters.
    pub fn parse(name: &'a str) -> Self {
        let known = PROFILES.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(name));
        known.unwrap_or(Self::Other(name))
    }

    /// The registered name, or the one that was read.
    pub const fn as_str(self) -> &'a str {
        match self {
            Self::RtpAvp => "RTP/AVP",
            Self::RtpAvpf => "RTP/AVPF",
            Self::RtpSavp => "RTP/SAVP",
            Self::RtpSavpf => "RTP/SAVPF",
            Self::UdpTlsRtpSavp => "UDP/TLS/RTP/SAVP",
            Self::UdpTlsRtpSavpf => "UDP/TLS/RTP/SAVPF",
            Self::Udptl => "udptl",
            Self::Other(name) => name,
        }
    }

    /// Whether `a=crypto` belongs here: `RTP/SAVP` and `RTP/SAVPF` (RFC 4568 §6).
    pub const fn is_sdes(self) -> bool {
        matches!(self, Self::RtpSavp | Self::RtpSavpf)
    }

    /// Whether it is RTP in the clear: `RTP/AVP` and `RTP/AVPF`.
    pub const fn is_plain(self) -> bool {
        matches!(self, Self::RtpAvp | Self::RtpAvpf)
    }

    /// Whether SRTP keys come over DTLS.
    pub const fn is_dtls(self) -> bool {
        matches!(self, Self::UdpTlsRtpSavp | Self::UdpTlsRtpSavpf)
    }

    /// The secured profile of a plain one; every other stays what it is.
    #[must_use]
    pub const fn secured(self) -> Self {
        match self {
            Self::RtpAvp => Self::RtpSavp,
            Self::RtpAvpf => Self::RtpSavpf,
            other => other,
        }
    }

    /// The plain profile of one for `a=crypto`; every other stays what it is.
    #[must_use]
    pub const fn plain(self) -> Self {
        match self {
            Self::RtpSavp => Self::RtpAvp,
            Self::RtpSavpf => Self::RtpAvpf,
            other => other,
        }
    }
}

impl fmt::Display for Profile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What an m-line carries (RFC 8866 §5.14).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum MediaKind<'a> {
    /// `audio`.
    Audio,
    /// `video`.
    Video,
    /// `text`.
    Text,
    /// `application`.
    Application,
    /// `message`.
    Message,
    /// `image`, in VoIP a T.38 fax.
    Image,
    /// Any other, as written.
    Other(&'a str),
}

const KINDS: [MediaKind<'static>; 6] = [
    MediaKind::Audio,
    MediaKind::Video,
    MediaKind::Text,
    MediaKind::Application,
    MediaKind::Message,
    MediaKind::Image,
];

impl<'a> MediaKind<'a> {
    /// The kind of this name.
    pub fn parse(name: &'a str) -> Self {
        let known = KINDS.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(name));
        known.unwrap_or(Self::Other(name))
    }

    /// The registered name, or the one that was read.
    pub const fn as_str(self) -> &'a str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Text => "text",
            Self::Application => "application",
            Self::Message => "message",
            Self::Image => "image",
            Self::Other(name) => name,
        }
    }
}

impl fmt::Display for MediaKind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where RTCP goes when not to the port above RTP's, `a=rtcp` (RFC 3605).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Rtcp<'a> {
    /// The port.
    pub port: u16,
    /// The address, `None` for the one of the media.
    pub connection: Option<Connection<'a>>,
}

impl<'a> Rtcp<'a> {
    /// The value of an `a=rtcp` attribute, `None` where it is malformed.
    pub fn parse(value: &'a str) -> Option<Self> {
        let port = next_word(value, 0);
        let rest = trim(value.get(port.end..)?);
        let connection = if rest.is_empty() { None } else { Some(Connection::parse(rest)?) };
        Some(Self { port: decimal(port.of(value))?, connection })
    }
}

/// A decimal number without sign.
pub(crate) fn decimal<T: core::str::FromStr>(text: &str) -> Option<T> {
    (!text.is_empty() && text.bytes().all(|c| c.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Blanks in the user name have been seen; the other five fields never hold any.
    #[test]
    fn origin_is_read_from_its_end() {
        let origin = Origin::parse("Cisco Systems GW 7826 3751 IN IP4 172.18.193.98").unwrap();
        assert_eq!(origin.username, "Cisco Systems GW");
        assert_eq!((origin.session_id, origin.session_version), ("7826", "3751"));
        assert_eq!(origin.to_string(), "Cisco Systems GW 7826 3751 IN IP4 172.18.193.98");
        for wrong in ["", "- 1 2 IN IP4", "1 2 IN IP4 host", "- 1 x IN IP4 host", " 1 2 IN IP4 h"] {
            assert_eq!(Origin::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn connection_has_three_fields() {
        let hold = Connection::parse("IN IP4 0.0.0.0").unwrap();
        assert!(hold.is_unspecified());
        let multicast = Connection::parse("IN IP4 233.252.0.1/127/3").unwrap();
        assert_eq!(multicast.ip(), Some([233, 252, 0, 1].into()));
        let ip6 = Connection::parse("IN IP6 2001:db8::1").unwrap();
        assert!(ip6.ip().unwrap().is_ipv6());
        assert_eq!(Connection::parse("IN IP4 pbx.example.com").unwrap().ip(), None);
        for wrong in ["", "IN", "IN IP4", "IN IP4 1.2.3.4 5"] {
            assert_eq!(Connection::parse(wrong), None, "{wrong}");
        }
    }

    /// Names lead back to their values, and turning round twice changes nothing.
    #[test]
    fn names_lead_back() {
        for profile in PROFILES {
            assert_eq!(Profile::parse(&profile.as_str().to_ascii_lowercase()), profile);
            if profile.is_plain() {
                assert!(profile.secured().is_sdes());
                assert_eq!(profile.secured().plain(), profile);
            }
        }
        for kind in KINDS {
            assert_eq!(MediaKind::parse(kind.as_str()), kind);
        }
        for name in ["sendrecv", "sendonly", "recvonly", "inactive"] {
            let direction = Direction::from_name(name).unwrap();
            assert_eq!(direction.as_str(), name);
            assert_eq!(direction.reversed().reversed(), direction);
            assert_eq!(direction.reversed().sends(), direction.receives());
        }
    }

    #[test]
    fn rtcp_with_and_without_address() {
        assert_eq!(Rtcp::parse("53020"), Some(Rtcp { port: 53020, connection: None }));
        let with = Rtcp::parse("53020 IN IP4 126.16.64.4").unwrap();
        assert_eq!(with.connection.unwrap().address, "126.16.64.4");
        for wrong in ["", "x", "65536", "+1", "1 IN IP4"] {
            assert_eq!(Rtcp::parse(wrong), None, "{wrong}");
        }
    }
}
