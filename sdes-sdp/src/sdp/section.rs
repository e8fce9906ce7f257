//! A stretch of an SDP's lines, either the session level or one media section: what both have in
//! common, collected in one pass over the lines.
//!
//! Read first: RFC 8866 §5.13, §6; RFC 4568 §4; RFC 4145; RFC 8122; RFC 9335 §4.

use crate::error::{CryptoError, CryptoErrorKind};
use crate::line::{CryptoLine, begins_with_key_params};
use crate::sdp::field::{Connection, Direction};
use crate::sdp::lines::{Attribute, Line, Lines};

/// Lines of an SDP that belong together.
#[derive(Clone, Copy)]
pub(crate) struct Section<'a> {
    pub(crate) text: &'a str,
    /// Number of the first of these lines.
    pub(crate) line_number: usize,
}

impl<'a> Section<'a> {
    pub(crate) const fn lines(&self) -> Lines<'a> {
        Lines::new(self.text, self.line_number)
    }

    pub(crate) fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + Clone + use<'a> {
        self.lines().filter_map(|line| line.attribute())
    }

    pub(crate) fn values<'n>(
        &self,
        name: &'n str,
    ) -> impl Iterator<Item = &'a str> + Clone + use<'a, 'n> {
        self.attributes()
            .filter(move |attribute| attribute.name == name)
            .filter_map(|attribute| attribute.value)
    }

    /// The crypto lines that `facts` saw in this section.
    pub(crate) fn crypto(&self, facts: &Facts<'a>) -> CryptoLines<'a> {
        let CryptoPlace { start, line_number, count } = facts.crypto;
        let from_first = self.text.get(start..).unwrap_or_default();
        CryptoLines { lines: Lines::new(from_first, line_number), left: count }
    }
}

/// Where the crypto lines of a section are: they mostly stand together, and are then found
/// without looking through the section once more.
#[derive(Clone, Copy, Default)]
pub(crate) struct CryptoPlace {
    /// Byte offset of the first one in the text of the section.
    pub(crate) start: usize,
    line_number: usize,
    pub(crate) count: usize,
}

/// What a section says once. Of several lines that say the same thing the first counts.
#[derive(Clone, Copy, Default)]
pub(crate) struct Facts<'a> {
    pub(crate) connection: Option<Connection<'a>>,
    pub(crate) direction: Option<Direction>,
    pub(crate) mid: Option<&'a str>,
    pub(crate) rtcp: Option<&'a str>,
    pub(crate) setup: Option<&'a str>,
    pub(crate) fingerprint: Option<&'a str>,
    pub(crate) ptime: Option<&'a str>,
    pub(crate) rtcp_mux: bool,
    pub(crate) cryptex: bool,
    pub(crate) crypto: CryptoPlace,
}

impl<'a> Facts<'a> {
    /// Takes note of a line; `section` is the byte offset at which its section begins.
    #[inline]
    pub(crate) fn observe(&mut self, line: &Line<'a>, section: usize) {
        match line.field() {
            Some((b'c', value)) if self.connection.is_none() => {
                self.connection = Connection::parse(value);
            }
            Some((b'a', attribute)) => self.observe_attribute(attribute, line, section),
            _ => {}
        }
    }

    /// The first letter sorts out most attributes before their names are looked at.
    #[inline]
    fn observe_attribute(&mut self, attribute: &'a str, line: &Line<'a>, section: usize) {
        let keep = |place: &mut Option<&'a str>, name: &str| {
            if place.is_none() {
                *place = attribute.strip_prefix(name).and_then(|rest| rest.strip_prefix(':'));
            }
        };
        let named = |name: &str| is_named(attribute, name);
        match attribute.as_bytes().first() {
            Some(b'c') if named("crypto") => {
                if self.crypto.count == 0 {
                    self.crypto.start = line.start.saturating_sub(section);
                    self.crypto.line_number = line.number;
                }
                self.crypto.count = self.crypto.count.saturating_add(1);
            }
            Some(b'c') if named("cryptex") => self.cryptex = true,
            Some(b'f') => keep(&mut self.fingerprint, "fingerprint"),
            Some(b'm') => keep(&mut self.mid, "mid"),
            Some(b'p') => keep(&mut self.ptime, "ptime"),
            Some(b'r') if named("rtcp-mux") => self.rtcp_mux = true,
            Some(b'r') if named("rtcp") => keep(&mut self.rtcp, "rtcp"),
            Some(b's') if named("setup") => keep(&mut self.setup, "setup"),
            Some(b'r' | b's' | b'i') if self.direction.is_none() => {
                self.direction = Direction::from_name(attribute);
            }
            _ => {}
        }
    }
}

/// Whether an attribute, with or without a value, has this name.
fn is_named(attribute: &str, name: &str) -> bool {
    attribute.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}

/// The crypto lines of a section, valid or not.
#[derive(Clone)]
pub struct CryptoLines<'a> {
    lines: Lines<'a>,
    left: usize,
}

/// One `a=crypto` line of an SDP.
#[derive(Clone, Copy, Debug)]
pub struct CryptoEntry<'a> {
    /// The line it stands in, the SDP's first being line 1.
    pub line_number: usize,
    /// The line, or why it is none. A bad one says nothing about the others.
    pub parsed: Result<CryptoLine<'a>, CryptoError>,
}

impl<'a> Iterator for CryptoLines<'a> {
    type Item = CryptoEntry<'a>;

    fn next(&mut self) -> Option<CryptoEntry<'a>> {
        self.left = self.left.checked_sub(1)?;
        let line = self.lines.find(is_crypto)?;
        let parsed = CryptoLine::parse(line.text).map_err(|error| {
            let next = || self.lines.clone().next();
            let broken = error.kind == CryptoErrorKind::MissingKey
                && next().is_some_and(|line| begins_with_key_params(line.text));
            if broken { CryptoErrorKind::BrokenInTwo.at(error.column) } else { error }
        });
        Some(CryptoEntry { line_number: line.number, parsed })
    }
}

fn is_crypto(line: &Line<'_>) -> bool {
    line.text.strip_prefix("a=").is_some_and(|attribute| is_named(attribute, "crypto"))
}
