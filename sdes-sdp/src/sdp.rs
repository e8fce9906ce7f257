//! An SDP as scanned text: nothing is copied, nothing is lost, and only what negotiation needs is
//! understood.
//!
//! Read first: RFC 8866 §5 and §9; RFC 4568 §4.

mod error;
mod field;
mod lines;
mod media;
mod remark;
mod rewrite;
mod section;
mod write;

use core::fmt;

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
use media::MediaLine;
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
    /// The line number of the first m-line.
    media_line: usize,
}

impl<'a> Sdp<'a> {
    /// Scans an SDP, forgiving whatever the field is known to send.
    ///
    /// # Errors
    /// An [`SdpError`] with line and column, where it cannot be known which media it describes.
    pub fn parse(text: &'a str) -> Result<Self, SdpError> {
        let mut sdp = Self {
            text,
            session: Section { text: "", line_number: 1 },
            facts: Facts::default(),
            origin: None,
            name: None,
            media_count: 0,
            media_line: 1,
        };
        let mut version = false;
        for line in Lines::new(text, 1) {
            match line.field() {
                Some((b'm', _)) => break,
                Some((b'v', value)) => {
                    version = true;
                    if trim(value) != "0" {
                        return Err(error(line.number, 3, SdpErrorKind::Version));
                    }
                }
                Some((b'o', value)) => sdp.origin = sdp.origin.or(Some(value)),
                Some((b's', value)) => sdp.name = sdp.name.or(Some(value)),
                _ => sdp.facts.observe(&line, 0),
            }
            sdp.session.text = text.get(..line.end()).unwrap_or_default();
            sdp.media_line = line.number.saturating_add(1);
        }
        sdp.media_count = check_media_lines(text, sdp.session.text.len())?;
        if !version && sdp.media_count == 0 {
            return Err(error(1, 1, SdpErrorKind::NotSdp));
        }
        Ok(sdp)
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
    pub fn media(&self) -> MediaSections<'a> {
        let rest = self.text.get(self.session.text.len()..).unwrap_or_default();
        let mut lines = Lines::new(rest, self.media_line);
        let next = lines.next();
        MediaSections { text: rest, lines, next, index: 0, session: self.facts }
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

    /// The attributes at the session level, in their order.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + Clone + use<'a> {
        self.session.attributes()
    }

    /// The values of all session-level attributes of this name.
    pub fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a str> + Clone + use<'a, 'n> {
        self.session.values(name)
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

/// Reads every m-line from byte `from` on and counts them. It goes from one `m=` to the next and
/// not from line to line, since what stands between is read when a section is asked for.
fn check_media_lines(text: &str, from: usize) -> Result<usize, SdpError> {
    let bytes = text.as_bytes().get(from..).unwrap_or_default();
    let mut count = 0usize;
    for at in memchr::memmem::find_iter(bytes, b"m=") {
        let at = at.saturating_add(from);
        let before = at.checked_sub(1).and_then(|at| text.as_bytes().get(at));
        if !matches!(before, None | Some(b'\r' | b'\n')) {
            continue;
        }
        let line = Lines::new(text.get(at..).unwrap_or_default(), 1).next();
        let Some((_, value)) = line.and_then(|line| line.field()) else {
            continue;
        };
        MediaLine::parse(value).map_err(|(column, kind)| {
            let lines_before = Lines::new(text.get(..at).unwrap_or_default(), 1).count();
            // Columns count from 1, and the value stands behind `m=`.
            error(lines_before.saturating_add(1), column.saturating_add(3), kind)
        })?;
        count = count.saturating_add(1);
    }
    Ok(count)
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
