//! Writing an SDP line by line, in the order its author chooses; every value is looked at before
//! it goes out, so that none can smuggle in a line of its own.
//!
//! Read first: RFC 8866 §5 and §9.

use core::fmt;

use crate::emit::CryptoText;
use crate::sdp::field::{Connection, Direction, Origin};
use crate::sdp::media::MediaLine;

/// What ends a line that is written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum LineEnding {
    /// CR LF, the only one RFC 8866 §9 knows.
    #[default]
    CrLf,
    /// LF alone.
    Lf,
    /// CR alone.
    Cr,
}

impl LineEnding {
    /// The characters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CrLf => "\r\n",
            Self::Lf => "\n",
            Self::Cr => "\r",
        }
    }
}

/// Why an SDP could not be written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The place it was written to refused, usually because it is full.
    Output,
    /// A value is empty, has a blank where none can stand, or a line break or NUL anywhere.
    Value {
        /// The field it was meant for.
        field: &'static str,
    },
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Output => f.write_str("the SDP could not be written to its destination"),
            Self::Value { field } => write!(
                f,
                "the {field} is empty or has a character that cannot stand in it (RFC 8866 §9)"
            ),
        }
    }
}

impl core::error::Error for WriteError {}

impl From<fmt::Error> for WriteError {
    fn from(_: fmt::Error) -> Self {
        Self::Output
    }
}

/// One word: not empty, no blank, no control character.
pub(crate) fn check_word(field: &'static str, word: &str) -> Result<(), WriteError> {
    let good = |c: u8| c > b' ' && c != 0x7f;
    if word.is_empty() || !word.bytes().all(good) {
        Err(WriteError::Value { field })
    } else {
        Ok(())
    }
}

/// The rest of a line: no line break, no NUL.
pub(crate) fn check_text(field: &'static str, text: &str) -> Result<(), WriteError> {
    if text.bytes().any(|c| matches!(c, b'\r' | b'\n' | 0)) {
        Err(WriteError::Value { field })
    } else {
        Ok(())
    }
}

/// The name of an attribute: a word without `:`.
pub(crate) fn check_name(name: &str) -> Result<(), WriteError> {
    check_word("attribute name", name)?;
    if name.contains(':') { Err(WriteError::Value { field: "attribute name" }) } else { Ok(()) }
}

pub(crate) fn check_connection(connection: &Connection<'_>) -> Result<(), WriteError> {
    check_word("network type", connection.net_type)?;
    check_word("address type", connection.addr_type)?;
    check_word("connection address", connection.address)
}

pub(crate) fn check_origin(origin: &Origin<'_>) -> Result<(), WriteError> {
    let digits = |id: &str| id.bytes().all(|c| c.is_ascii_digit());
    check_word("user name", origin.username)?;
    check_word("session id", origin.session_id)?;
    check_word("session version", origin.session_version)?;
    if !digits(origin.session_id) || !digits(origin.session_version) {
        return Err(WriteError::Value { field: "session id or version" });
    }
    check_word("network type", origin.net_type)?;
    check_word("address type", origin.addr_type)?;
    check_word("origin address", origin.address)
}

/// The session level of a new SDP, up to its attributes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SessionDescription<'a> {
    /// `o=`.
    pub origin: Origin<'a>,
    /// `s=`, `-` where there is nothing to say (RFC 8866 §5.3).
    pub name: &'a str,
    /// `c=` at the session level, `None` where every media section has its own.
    pub connection: Option<Connection<'a>>,
    /// `t=`: start and stop in seconds since 1900, both 0 for a call.
    pub time: (u64, u64),
}

/// The m-line of a new media section.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MediaDescription<'a> {
    /// The kind, `audio` for example.
    pub kind: &'a str,
    /// The port.
    pub port: u16,
    /// The profile, `RTP/SAVP` for example.
    pub profile: &'a str,
    /// The formats, at least one, the preferred first.
    pub formats: &'a [&'a str],
}

/// Writes a new SDP to any [`fmt::Write`]: one call, one line, in the caller's order.
///
/// ```
/// use sdes_sdp::{
///     Connection, CryptoAttribute, CryptoSuite, Direction, Emit, MasterKey, MediaDescription,
///     Origin, SdpWriter, SessionDescription, SessionParameters,
/// };
///
/// let mut text = String::new();
/// let mut sdp = SdpWriter::new(&mut text);
/// let (net_type, addr_type, address) = ("IN", "IP4", "192.0.2.7");
/// sdp.session(&SessionDescription {
///     origin: Origin {
///         username: "-", session_id: "1", session_version: "1", net_type, addr_type, address,
///     },
///     name: "-",
///     connection: Some(Connection { net_type, addr_type, address }),
///     time: (0, 0),
/// })?;
/// sdp.media(&MediaDescription {
///     kind: "audio", port: 2230, profile: "RTP/SAVP", formats: &["0", "101"],
/// })?;
/// sdp.direction(Direction::SendRecv)?;
/// let key = MasterKey::new(CryptoSuite::AesCm128HmacSha1_80, &[7; 30])?;
/// let crypto = CryptoAttribute::new(1, key, SessionParameters::default())?;
/// sdp.crypto(&crypto.line(&Emit::default()))?;
/// sdp.rtpmap("0", "PCMU/8000")?;
/// sdp.attribute("rtpmap", Some("101 telephone-event/8000"))?;
/// assert!(text.contains("m=audio 2230 RTP/SAVP 0 101\r\na=sendrecv\r\na=crypto:1 AES_CM_128"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SdpWriter<W> {
    out: W,
    ending: LineEnding,
}

impl<W> fmt::Debug for SdpWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not what it writes to: that may be text with keys.
        f.debug_struct("SdpWriter").field("ending", &self.ending).finish_non_exhaustive()
    }
}

impl<W: fmt::Write> SdpWriter<W> {
    /// A writer whose lines end with CR LF.
    pub const fn new(out: W) -> Self {
        Self::with_line_ending(out, LineEnding::CrLf)
    }

    /// A writer whose lines end otherwise.
    pub const fn with_line_ending(out: W, ending: LineEnding) -> Self {
        Self { out, ending }
    }

    fn end(&mut self) -> Result<(), WriteError> {
        Ok(self.out.write_str(self.ending.as_str())?)
    }

    fn display(&mut self, letter: char, value: impl fmt::Display) -> Result<(), WriteError> {
        write!(self.out, "{letter}={value}")?;
        self.end()
    }

    /// `v=0`, `o=`, `s=`, `c=` and `t=`, in this order.
    ///
    /// # Errors
    /// [`WriteError`], like every method here; of a line with a bad value nothing is written.
    pub fn session(&mut self, session: &SessionDescription<'_>) -> Result<(), WriteError> {
        check_origin(&session.origin)?;
        check_text("session name", session.name)?;
        if session.name.is_empty() {
            return Err(WriteError::Value { field: "session name" });
        }
        session.connection.iter().try_for_each(check_connection)?;
        self.display('v', 0)?;
        self.display('o', session.origin)?;
        self.display('s', session.name)?;
        if let Some(connection) = session.connection {
            self.display('c', connection)?;
        }
        let (start, stop) = session.time;
        self.display('t', format_args!("{start} {stop}"))
    }

    /// An m-line; all that is written after it belongs to its section.
    ///
    /// # Errors
    /// [`WriteError`], also where there is no format.
    pub fn media(&mut self, media: &MediaDescription<'_>) -> Result<(), WriteError> {
        check_word("kind of media", media.kind)?;
        check_word("profile", media.profile)?;
        if media.formats.is_empty() {
            return Err(WriteError::Value { field: "list of formats" });
        }
        media.formats.iter().try_for_each(|format| check_word("format", format))?;
        write!(self.out, "m={} {} {}", media.kind, media.port, media.profile)?;
        media.formats.iter().try_for_each(|format| write!(self.out, " {format}"))?;
        self.end()
    }

    /// A `c=` line.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn connection(&mut self, connection: &Connection<'_>) -> Result<(), WriteError> {
        check_connection(connection)?;
        self.display('c', connection)
    }

    /// An attribute, with or without a value.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn attribute(&mut self, name: &str, value: Option<&str>) -> Result<(), WriteError> {
        check_name(name)?;
        match value {
            None => self.display('a', name),
            Some(value) => {
                check_text("attribute value", value)?;
                self.display('a', format_args!("{name}:{value}"))
            }
        }
    }

    /// `a=sendrecv` or one of its three siblings.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn direction(&mut self, direction: Direction) -> Result<(), WriteError> {
        self.display('a', direction)
    }

    /// `a=rtpmap` for a payload type.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn rtpmap(&mut self, format: &str, encoding: &str) -> Result<(), WriteError> {
        check_word("format", format)?;
        check_word("encoding", encoding)?;
        self.display('a', format_args!("rtpmap:{format} {encoding}"))
    }

    /// A crypto line, **with its keys**, whichever of its three forms was asked for.
    ///
    /// # Errors
    /// [`WriteError`].
    pub fn crypto(&mut self, crypto: &CryptoText<'_>) -> Result<(), WriteError> {
        write!(self.out, "{}", crypto.as_line())?;
        self.end()
    }

    /// A line of any type, such as `b`, or an m-line with a number of ports.
    ///
    /// # Errors
    /// [`WriteError`], also for a version or an m-line with which the SDP could not be read.
    pub fn line(&mut self, letter: char, value: &str) -> Result<(), WriteError> {
        check_text("line", value)?;
        match letter {
            'v' if value != "0" => return Err(WriteError::Value { field: "version" }),
            'm' if !MediaLine::parse(value).is_ok_and(|line| !line.formats.is_empty()) => {
                return Err(WriteError::Value { field: "m-line" });
            }
            _ => {}
        }
        if !letter.is_ascii_lowercase() {
            return Err(WriteError::Value { field: "type of a line" });
        }
        self.display(letter, value)
    }
}
