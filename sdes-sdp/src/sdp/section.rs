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
    pub(crate) fn observe(&mut self, line: &Line<'a>, section: usize) {
        match line.field() {
            Some((b'c', value)) if self.connection.is_none() => {
                self.connection = Connection::parse(value);
            }
            Some((b'a', value)) => {
                let attribute = Attribute::of(line.number, value);
                if attribute.name == "crypto" {
                    if self.crypto.count == 0 {
                        self.crypto.start = line.start.saturating_sub(section);
                        self.crypto.line_number = line.number;
                    }
                    self.crypto.count = self.crypto.count.saturating_add(1);
                } else {
                    self.observe_attribute(&attribute);
                }
            }
            _ => {}
        }
    }

    fn observe_attribute(&mut self, attribute: &Attribute<'a>) {
        let keep = |place: &mut Option<&'a str>| *place = place.or(attribute.value);
        match attribute.name {
            "mid" => keep(&mut self.mid),
            "rtcp" => keep(&mut self.rtcp),
            "setup" => keep(&mut self.setup),
            "fingerprint" => keep(&mut self.fingerprint),
            "ptime" => keep(&mut self.ptime),
            "rtcp-mux" => self.rtcp_mux = true,
            "cryptex" => self.cryptex = true,
            name if attribute.value.is_none() => {
                self.direction = self.direction.or_else(|| Direction::from_name(name));
            }
            _ => {}
        }
    }
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
    line.text.strip_prefix("a=crypto").is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
}
