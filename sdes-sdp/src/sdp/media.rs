//! One media section: its m-line and what the lines up to the next one say about it.
//!
//! Read first: RFC 8866 §5.14, §6; RFC 3264 §5 and §6; RFC 4568 §4; RFC 5939 §3.

use core::fmt;

use crate::scan::{next_word, split_once, trim, words};
use crate::sdp::capability::{self, AttributeCapability, Configuration};
use crate::sdp::error::{SdpError, SdpErrorKind};
use crate::sdp::field::{Connection, Direction, MediaKind, Profile, Rtcp, decimal};
use crate::sdp::lines::{Attribute, Line, Lines};
use crate::sdp::section::{CryptoLines, Facts, Section};

/// The fields of an m-line.
#[derive(Clone, Copy)]
pub(crate) struct MediaLine<'a> {
    pub(crate) kind: &'a str,
    pub(crate) port: u16,
    /// The port with its number of ports, as written.
    pub(crate) port_text: &'a str,
    pub(crate) port_count: u32,
    pub(crate) profile: &'a str,
    pub(crate) formats: &'a str,
}

impl<'a> MediaLine<'a> {
    /// Reads an m-line; a fault comes with its byte offset in the value.
    pub(crate) fn parse(value: &'a str) -> Result<Self, (usize, SdpErrorKind)> {
        let mut at = 0;
        let mut word = || {
            let span = next_word(value, at);
            at = span.end;
            match span.of(value) {
                "" => Err((span.start, SdpErrorKind::MediaLineTooShort)),
                word => Ok((span.start, word)),
            }
        };
        let (_, kind) = word()?;
        let (port_at, port_text) = word()?;
        let (_, profile) = word()?;
        let formats = trim(value.get(at..).unwrap_or_default());
        let (port, count) = match split_once(port_text, b'/') {
            Some((port, count)) => (port, Some(count)),
            None => (port_text, None),
        };
        let count_at = port_at.saturating_add(port.len()).saturating_add(1);
        let port = decimal(port).ok_or((port_at, SdpErrorKind::Port))?;
        let port_count = match count {
            Some(count) => decimal(count)
                .filter(|count| *count > 0)
                .ok_or((count_at, SdpErrorKind::PortCount))?,
            None => 1,
        };
        Ok(Self { kind, port, port_text, port_count, profile, formats })
    }
}

/// A media section of an SDP, borrowed from its text.
#[derive(Clone, Copy)]
pub struct Media<'a> {
    index: usize,
    section: Section<'a>,
    line: MediaLine<'a>,
    facts: Facts<'a>,
    session: Facts<'a>,
}

impl<'a> Media<'a> {
    /// Its place among the media sections, the first being 0: an answer has the same ones in the
    /// same places (RFC 3264 §6).
    pub const fn index(&self) -> usize {
        self.index
    }

    /// The line its m-line stands in, the SDP's first being line 1.
    pub const fn line_number(&self) -> usize {
        self.section.line_number
    }

    /// What it carries.
    pub fn kind(&self) -> MediaKind<'a> {
        MediaKind::parse(self.line.kind)
    }

    /// The port; 0 for a stream that is rejected or switched off (RFC 3264 §6, §8.2).
    pub const fn port(&self) -> u16 {
        self.line.port
    }

    /// The number of ports, 1 unless the m-line says otherwise.
    pub const fn port_count(&self) -> u32 {
        self.line.port_count
    }

    /// The transport profile.
    pub fn profile(&self) -> Profile<'a> {
        Profile::parse(self.line.profile)
    }

    /// The formats in the order of preference, for RTP the payload types.
    pub fn formats(&self) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        words(self.line.formats)
    }

    /// The connection address: the section's own, else the session's (RFC 8866 §5.7).
    pub fn connection(&self) -> Option<Connection<'a>> {
        self.facts.connection.or(self.session.connection)
    }

    /// The connection address the section itself has.
    pub const fn own_connection(&self) -> Option<Connection<'a>> {
        self.facts.connection
    }

    /// The direction: the section's own, else the session's, else `sendrecv` (RFC 8866 §6.7).
    pub fn direction(&self) -> Direction {
        self.facts.direction.or(self.session.direction).unwrap_or_default()
    }

    /// The direction the section itself has.
    pub const fn own_direction(&self) -> Option<Direction> {
        self.facts.direction
    }

    /// All attributes of the section, in their order.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + Clone + use<'a> {
        self.section.attributes()
    }

    /// The values of all attributes of this name: `tcap`, `acap`, `pcfg` and `acfg` of RFC 5939
    /// among others.
    pub fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a str> + Clone + use<'a, 'n> {
        self.section.values(name)
    }

    /// The transports of the section's `a=tcap` with their numbers; those of the session count as
    /// well (RFC 5939 §3.4.2).
    pub fn transport_capabilities(
        &self,
    ) -> impl Iterator<Item = (u32, Profile<'a>)> + Clone + use<'a> {
        self.values("tcap").flat_map(capability::transports)
    }

    /// The attributes of the section's `a=acap`, crypto lines among them; those of the session
    /// count as well (RFC 5939 §3.4.1).
    pub fn attribute_capabilities(
        &self,
    ) -> impl Iterator<Item = AttributeCapability<'a>> + Clone + use<'a> {
        self.values("acap").filter_map(AttributeCapability::parse)
    }

    /// The potential configurations, `a=pcfg`, in the order of the lines (RFC 5939 §3.5.1).
    pub fn potential_configurations(
        &self,
    ) -> impl Iterator<Item = Configuration<'a>> + Clone + use<'a> {
        self.values("pcfg").filter_map(Configuration::parse)
    }

    /// The configuration an answer took, `a=acfg` (RFC 5939 §3.5.2).
    pub fn actual_configuration(&self) -> Option<Configuration<'a>> {
        self.values("acfg").find_map(Configuration::parse)
    }

    /// Whether the section has an attribute of this name.
    pub fn has_attribute(&self, name: &str) -> bool {
        self.attributes().any(|attribute| attribute.name == name)
    }

    /// The section's `a=crypto` lines in their order, which is that of preference
    /// (RFC 4568 §5.1.1), each with its line number and read by itself.
    pub fn crypto(&self) -> CryptoLines<'a> {
        self.section.crypto(&self.facts)
    }

    /// Whether there is an `a=crypto` line, valid or not.
    pub const fn has_crypto(&self) -> bool {
        self.facts.crypto.count > 0
    }

    /// `a=mid` (RFC 5888).
    pub const fn mid(&self) -> Option<&'a str> {
        self.facts.mid
    }

    /// `a=rtcp` (RFC 3605), `None` also where it is malformed.
    pub fn rtcp(&self) -> Option<Rtcp<'a>> {
        self.facts.rtcp.and_then(Rtcp::parse)
    }

    /// `a=rtcp-mux`: RTP and RTCP on one port (RFC 5761).
    pub const fn rtcp_mux(&self) -> bool {
        self.facts.rtcp_mux
    }

    /// `a=setup` of the section, else of the session: with [`fingerprint`](Self::fingerprint)
    /// the sign that DTLS-SRTP is on offer too (RFC 5763 §5).
    pub fn setup(&self) -> Option<&'a str> {
        self.facts.setup.or(self.session.setup)
    }

    /// `a=fingerprint` of the section, else of the session (RFC 8122 §5).
    pub fn fingerprint(&self) -> Option<&'a str> {
        self.facts.fingerprint.or(self.session.fingerprint)
    }

    /// `a=ptime`: the length of a packet in milliseconds, as written (RFC 8866 §6.4).
    pub const fn ptime(&self) -> Option<&'a str> {
        self.facts.ptime
    }

    /// `a=cryptex` of the section or of the session (RFC 9335 §4).
    pub const fn cryptex(&self) -> bool {
        self.facts.cryptex || self.session.cryptex
    }

    /// The `a=rtpmap` of a format, such as `PCMU/8000` (RFC 8866 §6.6).
    pub fn rtpmap(&self, format: &str) -> Option<&'a str> {
        self.format_value("rtpmap", format)
    }

    /// The `a=fmtp` of a format (RFC 8866 §6.15).
    pub fn fmtp(&self, format: &str) -> Option<&'a str> {
        self.format_value("fmtp", format)
    }

    fn format_value(&self, name: &str, format: &str) -> Option<&'a str> {
        self.values(name).find_map(|value| {
            let of = next_word(value, 0);
            (of.of(value) == format).then(|| trim(value.get(of.end..).unwrap_or_default()))
        })
    }

    /// The SSRCs announced with `a=ssrc` (RFC 5576), one for every such line: an SSRC with
    /// several attributes comes several times.
    pub fn ssrcs(&self) -> impl Iterator<Item = u32> + Clone + use<'a> {
        self.values("ssrc").filter_map(|value| decimal(words(value).next()?))
    }

    /// The section's lines.
    pub(crate) const fn lines(&self) -> Lines<'a> {
        self.section.lines()
    }

    pub(crate) const fn line(&self) -> &MediaLine<'a> {
        &self.line
    }

    /// The text of the section, from its `m=` to the next, keys included.
    pub const fn as_str(&self) -> &'a str {
        self.section.text
    }
}

/// Without the text, which can hold keys.
impl fmt::Debug for Media<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media")
            .field("index", &self.index)
            .field("line_number", &self.line_number())
            .field("kind", &self.kind())
            .field("port", &self.port())
            .field("profile", &self.profile())
            .finish_non_exhaustive()
    }
}

/// The media sections of an SDP, in their order.
#[derive(Clone)]
pub struct MediaSections<'a> {
    /// The next section, read already.
    ready: Option<Media<'a>>,
    after: After<'a>,
}

/// Where a section ends: the m-line of the next one, and the lines behind that.
#[derive(Clone, Copy)]
pub(crate) struct After<'a> {
    pub(crate) first: Option<Line<'a>>,
    pub(crate) lines: Lines<'a>,
    /// The text the lines are those of.
    pub(crate) text: &'a str,
}

impl<'a> MediaSections<'a> {
    pub(crate) const fn new(ready: Option<Media<'a>>, after: After<'a>) -> Self {
        Self { ready, after }
    }
}

impl<'a> After<'a> {
    /// Reads the next section.
    #[inline]
    pub(crate) fn section(
        &mut self,
        index: usize,
        session: &Facts<'a>,
    ) -> Option<Result<Media<'a>, SdpError>> {
        let first = self.first.take()?;
        let (_, value) = first.field()?;
        let line = match MediaLine::parse(value) {
            Ok(line) => line,
            // Columns count from 1, and the value stands behind `m=`.
            Err((at, kind)) => {
                let (line_number, column) = (first.number, at.saturating_add(3));
                return Some(Err(SdpError { line_number, column, kind }));
            }
        };
        let mut facts = Facts::default();
        let mut end = first.end();
        for line in &mut self.lines {
            if matches!(line.field(), Some((b'm', _))) {
                self.first = Some(line);
                break;
            }
            facts.observe(&line, first.start);
            end = line.end();
        }
        let text = self.text.get(first.start..end).unwrap_or_default();
        let section = Section { text, line_number: first.number };
        Some(Ok(Media { index, section, line, facts, session: *session }))
    }
}

impl<'a> Iterator for MediaSections<'a> {
    type Item = Media<'a>;

    fn next(&mut self) -> Option<Media<'a>> {
        let media = self.ready.take()?;
        // The SDP was only accepted because every m-line can be read.
        let next = self.after.section(media.index.saturating_add(1), &media.session);
        self.ready = next.and_then(Result::ok);
        Some(media)
    }
}
