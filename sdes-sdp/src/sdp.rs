//! An SDP as scanned text: nothing is copied, nothing is lost, and only what negotiation needs is
//! understood.
//!
//! Read first: RFC 8866 §5 and §9; RFC 4568 §4.

mod capability;
mod error;
mod field;
mod grammar;
mod lines;
mod media;
mod remark;
mod rewrite;
mod section;
mod write;

use core::fmt;

pub use capability::{AttributeAlternative, AttributeCapability, Configuration};
pub use error::{Remark, RemarkKind, SdpError, SdpErrorKind};
pub use field::{Connection, Direction, MediaKind, Origin, Profile, Rtcp};
pub use lines::Attribute;
pub use media::{Media, MediaSections};
pub use remark::Remarks;
pub use rewrite::{CryptoEdit, MediaEdit, Rewrite, SessionEdit};
pub use section::{CryptoEntry, CryptoLines};
pub use write::{LineEnding, MediaDescription, SdpWriter, SessionDescription, WriteError};

use crate::note::Tolerance;
use crate::scan::trim;
use lines::Lines;
use media::After;
use section::{Facts, Section};

/// A session description, borrowed from its text.
///
/// Reading it fails only where it would be left open which media it describes. Every other
/// oddity is a [`Remark`]; a bad crypto line is an error of its own and of nobody else's.
///
/// ```
/// use sdes_sdp::{Profile, Sdp};
///
/// let sdp = Sdp::parse(
///     "v=0\r\n\
///      o=- 7826 3751 IN IP4 192.0.2.1\r\n\
///      s=-\r\n\
///      c=IN IP4 192.0.2.1\r\n\
///      t=0 0\r\n\
///      m=audio 51372 RTP/SAVP 0\r\n\
///      a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:too-short\r\n\
///      a=crypto:2 AES_CM_128_HMAC_SHA1_32 inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj\r\n",
/// )?;
/// let audio = sdp.media().next().unwrap();
/// assert_eq!((audio.port(), audio.profile()), (51372, Profile::RtpSavp));
/// assert_eq!(audio.connection().unwrap().address, "192.0.2.1");
/// let usable = audio.crypto().filter_map(|entry| entry.parsed.ok()?.meaning().ok());
/// assert_eq!(usable.map(|attribute| attribute.tag()).collect::<Vec<_>>(), [2]);
/// # Ok::<(), sdes_sdp::SdpError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Sdp<'a> {
    text: &'a str,
    session: Section<'a>,
    facts: Facts<'a>,
    /// The value of the first `o=` line.
    origin: Option<&'a str>,
    name: Option<&'a str>,
    media_count: usize,
    /// The first media section, and what follows it: most SDPs have no other.
    first: Option<Media<'a>>,
    after: After<'a>,
}

impl<'a> Sdp<'a> {
    /// Scans an SDP, forgiving whatever the field is known to send.
    ///
    /// # Errors
    /// An [`SdpError`] with line and column, where it cannot be known which media it describes.
    pub fn parse(text: &'a str) -> Result<Self, SdpError> {
        let mut session = Section { text, line_number: 1 };
        let mut facts = Facts::default();
        let mut after = After { first: None, lines: Lines::new(text, 1), text };
        let (mut version, mut origin, mut name) = (false, None, None);
        for line in &mut after.lines {
            match line.field() {
                Some((b'm', _)) => {
                    session.text = text.get(..line.start).unwrap_or_default();
                    after.first = Some(line);
                    break;
                }
                Some((b'v', value)) => {
                    version = true;
                    if trim(value) != "0" {
                        return Err(error(line.number, 3, SdpErrorKind::Version));
                    }
                }
                Some((b'o', value)) => origin = origin.or(Some(value)),
                Some((b's', value)) => name = name.or(Some(value)),
                _ => facts.observe(&line, 0),
            }
        }
        if !version && after.first.is_none() {
            return Err(error(1, 1, SdpErrorKind::NotSdp));
        }
        let first = after.section(0, &facts).transpose()?;
        let mut media_count = usize::from(first.is_some());
        let mut rest = after;
        while let Some(section) = rest.section(media_count, &facts) {
            section?;
            media_count = media_count.saturating_add(1);
        }
        Ok(Self { text, session, facts, origin, name, media_count, first, after })
    }

    /// The same, but with [`Tolerance::Rfc4568`] or [`Tolerance::Strict`] refusing an SDP that
    /// RFC 8866 does not allow, with its first [`Remark`]. Crypto lines are not looked into; they
    /// have their own [`validate`](crate::CryptoLine::validate).
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and [`SdpErrorKind::Refused`].
    pub fn parse_with(text: &'a str, tolerance: Tolerance) -> Result<Self, SdpError> {
        let sdp = Self::parse(text)?;
        match sdp.remarks().next() {
            Some(Remark { line_number, column, kind }) if tolerance != Tolerance::Tolerant => {
                Err(SdpError { line_number, column, kind: SdpErrorKind::Refused(kind) })
            }
            _ => Ok(sdp),
        }
    }

    /// The text, keys included.
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The media sections in their order.
    pub const fn media(&self) -> MediaSections<'a> {
        MediaSections::new(self.first, self.after)
    }

    /// How many media sections there are.
    pub const fn media_count(&self) -> usize {
        self.media_count
    }

    /// The originator, `None` without an `o=` line that can be read.
    pub fn origin(&self) -> Option<Origin<'a>> {
        self.origin.and_then(Origin::parse)
    }

    /// The session's name, `s=`.
    pub const fn session_name(&self) -> Option<&'a str> {
        self.name
    }

    /// The connection address at the session level.
    pub const fn connection(&self) -> Option<Connection<'a>> {
        self.facts.connection
    }

    /// The direction at the session level.
    pub const fn direction(&self) -> Option<Direction> {
        self.facts.direction
    }

    /// `a=setup` at the session level.
    pub const fn setup(&self) -> Option<&'a str> {
        self.facts.setup
    }

    /// `a=fingerprint` at the session level.
    pub const fn fingerprint(&self) -> Option<&'a str> {
        self.facts.fingerprint
    }

    /// `a=cryptex` at the session level, which holds for every media section (RFC 9335 §4).
    pub const fn cryptex(&self) -> bool {
        self.facts.cryptex
    }

    /// The attributes at the session level, in their order.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + Clone + use<'a> {
        self.session.attributes()
    }

    /// The values of all session-level attributes of this name.
    pub fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a str> + Clone + use<'a, 'n> {
        self.session.values(name)
    }

    /// The transports of `a=tcap` at the session level with their numbers (RFC 5939 §3.4.2).
    pub fn transport_capabilities(
        &self,
    ) -> impl Iterator<Item = (u32, Profile<'a>)> + Clone + use<'a> {
        self.values("tcap").flat_map(capability::transports)
    }

    /// The attributes of `a=acap` at the session level (RFC 5939 §3.4.1).
    pub fn attribute_capabilities(
        &self,
    ) -> impl Iterator<Item = AttributeCapability<'a>> + Clone + use<'a> {
        self.values("acap").filter_map(AttributeCapability::parse)
    }

    /// Crypto lines at the session level, where they must not stand (RFC 4568 §4): to be
    /// reported, never to be used.
    pub fn session_crypto(&self) -> CryptoLines<'a> {
        self.session.crypto(&self.facts)
    }

    /// What is odd about the SDP, line by line.
    pub fn remarks(&self) -> Remarks<'a> {
        Remarks::new(self.text)
    }

    pub(crate) const fn session(&self) -> &Section<'a> {
        &self.session
    }
}

const fn error(line_number: usize, column: usize, kind: SdpErrorKind) -> SdpError {
    SdpError { line_number, column, kind }
}

impl fmt::Display for Sdp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

/// Without the text, which can hold keys.
impl fmt::Debug for Sdp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sdp")
            .field("origin", &self.origin())
            .field("media", &MediaList(self))
            .finish_non_exhaustive()
    }
}

struct MediaList<'s, 'a>(&'s Sdp<'a>);

impl fmt::Debug for MediaList<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.media()).finish()
    }
}
