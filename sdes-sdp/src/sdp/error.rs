//! Why an SDP was refused, and what was odd about one that was not: each with line and column.
//!
//! Read first: RFC 8866 §5 and §9.

use core::fmt;

/// An SDP that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SdpError {
    /// The line, the first being line 1.
    pub line_number: usize,
    /// Where in the line, in bytes, the first being column 1.
    pub column: usize,
    /// What is wrong there.
    pub kind: SdpErrorKind,
}

impl fmt::Display for SdpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line_number, self.column, self.kind)
    }
}

impl core::error::Error for SdpError {}

/// What makes an SDP unreadable: only what would leave it open which media it describes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum SdpErrorKind {
    /// There is neither a `v=` nor an `m=` line.
    NotSdp,
    /// A version other than 0 (RFC 8866 §5.1).
    Version,
    /// An `m=` line that ends too early: it needs kind, port and profile (RFC 8866 §5.14).
    MediaLineTooShort,
    /// The port is not 0 to 65535 (RFC 8866 §5.14).
    Port,
    /// The number of ports is not a positive decimal number (RFC 8866 §5.14).
    PortCount,
    /// An oddity that the chosen [`Tolerance`](crate::Tolerance) does not allow.
    Refused(RemarkKind),
}

impl fmt::Display for SdpErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSdp => {
                "there is neither a `v=` nor an `m=` line; this is no SDP (RFC 8866 §5)"
            }
            Self::Version => "the version is not 0 (RFC 8866 §5.1)",
            Self::MediaLineTooShort => "an `m=` line needs kind, port and profile (RFC 8866 §5.14)",
            Self::Port => "the port is not a number from 0 to 65535 (RFC 8866 §5.14)",
            Self::PortCount => "the number of ports is not a positive number (RFC 8866 §5.14)",
            Self::Refused(remark) => {
                return write!(f, "{remark}; refused by the tolerance chosen");
            }
        })
    }
}

impl core::error::Error for SdpErrorKind {}

/// One oddity of an SDP that was read all the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Remark {
    /// The line, the first being line 1.
    pub line_number: usize,
    /// Where in the line, in bytes, the first being column 1.
    pub column: usize,
    /// What was odd there.
    pub kind: RemarkKind,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line_number, self.column, self.kind)
    }
}

/// The oddities an SDP can be forgiven.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum RemarkKind {
    /// Lines end with LF alone; said once, for the first (RFC 8866 §5).
    BareLf,
    /// Lines end with CR alone; said once, for the first (RFC 8866 §5).
    BareCr,
    /// The last line has no ending (RFC 8866 §9).
    NoLineEnding,
    /// An empty line.
    EmptyLine,
    /// A line that is not `x=` and a value: ignored (RFC 8866 §5).
    NotALine,
    /// The second half of a crypto line that was broken in two, as documents print it.
    BrokenCryptoLine,
    /// A line of a type RFC 8866 does not know: ignored.
    UnknownType,
    /// A line of a known type where it must not stand, or a second one of a type that can stand
    /// only once (RFC 8866 §5): read all the same.
    OutOfOrder,
    /// No `v=` line at the beginning (RFC 8866 §5.1).
    MissingVersion,
    /// No `o=` line (RFC 8866 §5.2).
    MissingOrigin,
    /// No `s=` line (RFC 8866 §5.3).
    MissingSessionName,
    /// No `t=` line (RFC 8866 §5.9).
    MissingTime,
    /// An `o=` line without its six fields: ignored (RFC 8866 §5.2).
    Origin,
    /// A `c=` line without its three fields: ignored (RFC 8866 §5.7).
    Connection,
    /// Tabs, runs of blanks, or blanks at either end of a `v=`, `o=`, `c=` or `m=` line
    /// (RFC 8866 §9).
    Blanks,
    /// An `m=` line without a format (RFC 8866 §5.14).
    NoFormats,
    /// A crypto line before the first `m=` line: reported and not used, because it must only
    /// appear at the media level (RFC 4568 §4).
    SessionCrypto,
    /// A NUL byte (RFC 8866 §9).
    Nul,
    /// An `s=` or `i=` line without text (RFC 8866 §5.3, §5.4).
    EmptyText,
    /// A `u=` line that is no URI (RFC 8866 §5.5).
    Uri,
    /// An `e=` line that is no e-mail address (RFC 8866 §5.6).
    Email,
    /// A `p=` line that is no telephone number (RFC 8866 §5.6).
    Phone,
    /// A `b=` line that is not a type, `:` and a figure (RFC 8866 §5.8).
    Bandwidth,
    /// A `t=` line that is not two times, each 0 or at least ten digits (RFC 8866 §5.9).
    Time,
    /// An `r=` line that is not an interval, a duration and offsets (RFC 8866 §5.10).
    RepeatTimes,
    /// A `z=` line that is not pairs of a time and an offset (RFC 8866 §5.11).
    TimeZones,
    /// A `k=` line, which must not be used any more: ignored (RFC 8866 §5.12).
    KeyField,
    /// An attribute whose name is no token (RFC 8866 §5.13).
    AttributeName,
    /// An attribute with a value where it has none, without one where it needs one, or with one
    /// that is not its own kind (RFC 8866 §5.13 and §6).
    AttributeValue,
    /// A field of an `m=` line that is no token (RFC 8866 §5.14).
    MediaField,
    /// A blank or a control character in the user name of the `o=` line (RFC 8866 §5.2).
    UserName,
    /// An address in an `o=` or `c=` line that is none of its type (RFC 8866 §5.2, §5.7).
    Address,
    /// A media section with no `c=` line, in an SDP that has none at the session level either
    /// (RFC 8866 §5.7).
    MissingConnection,
}

impl fmt::Display for RemarkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BareLf => "lines end with LF alone (RFC 8866 §5)",
            Self::BareCr => "lines end with CR alone (RFC 8866 §5)",
            Self::NoLineEnding => "the last line has no ending (RFC 8866 §9)",
            Self::EmptyLine => "an empty line (RFC 8866 §9)",
            Self::NotALine => "not a line of the form `x=…`, ignored (RFC 8866 §5)",
            Self::BrokenCryptoLine => {
                "the second half of a crypto line that was broken in two, ignored; \
                 in an SDP it is one line (RFC 4568 §4)"
            }
            Self::UnknownType => "a line of unknown type, ignored (RFC 8866 §5)",
            Self::OutOfOrder => "a line where its type must not stand (RFC 8866 §5)",
            Self::MissingVersion => "the first line is not `v=` (RFC 8866 §5.1)",
            Self::MissingOrigin => "there is no `o=` line (RFC 8866 §5.2)",
            Self::MissingSessionName => "there is no `s=` line (RFC 8866 §5.3)",
            Self::MissingTime => "there is no `t=` line (RFC 8866 §5.9)",
            Self::Origin => "the `o=` line has not its six fields, ignored (RFC 8866 §5.2)",
            Self::Connection => "the `c=` line has not its three fields, ignored (RFC 8866 §5.7)",
            Self::Blanks => "more blanks than one between fields (RFC 8866 §9)",
            Self::NoFormats => "the `m=` line has no format (RFC 8866 §5.14)",
            Self::SessionCrypto => {
                "a crypto line before the first `m=` line is not used; \
                 it must stand in a media section (RFC 4568 §4)"
            }
            Self::Nul => "a NUL byte (RFC 8866 §9)",
            Self::EmptyText => "the line has no text (RFC 8866 §5.3, §5.4)",
            Self::Uri => "the `u=` line is no URI (RFC 8866 §5.5)",
            Self::Email => "the `e=` line is no e-mail address (RFC 8866 §5.6)",
            Self::Phone => "the `p=` line is no telephone number (RFC 8866 §5.6)",
            Self::Bandwidth => {
                "the `b=` line must be a type, `:` and a decimal figure (RFC 8866 §5.8)"
            }
            Self::Time => {
                "the `t=` line must have two times, each 0 or of at least ten digits \
                 (RFC 8866 §5.9)"
            }
            Self::RepeatTimes => {
                "the `r=` line must have an interval, a duration and offsets (RFC 8866 §5.10)"
            }
            Self::TimeZones => {
                "the `z=` line must have pairs of a time and an offset (RFC 8866 §5.11)"
            }
            Self::KeyField => {
                "a `k=` line, which must not be used any more, ignored (RFC 8866 §5.12)"
            }
            Self::AttributeName => {
                "the attribute's name has a character that cannot stand in it (RFC 8866 §5.13)"
            }
            Self::AttributeValue => {
                "the attribute has a value it cannot have, or lacks the one it needs \
                 (RFC 8866 §5.13, §6)"
            }
            Self::MediaField => {
                "a field of the `m=` line has a character that cannot stand in it \
                 (RFC 8866 §5.14)"
            }
            Self::UserName => {
                "a blank or control character in the user name of the `o=` line (RFC 8866 §5.2)"
            }
            Self::Address => "the address is none of its type (RFC 8866 §5.2, §5.7)",
            Self::MissingConnection => {
                "the media section has no `c=` line, and neither has the session (RFC 8866 §5.7)"
            }
        })
    }
}
