//! What a crypto line was forgiven: each oddity with its position, so that strictness is the
//! caller's choice and not the parser's.
//!
//! Read first: RFC 4568 §4 (letter case), §6.1, §9; RFC 4648 §3.2 and §3.5.

use core::fmt;

use crate::error::CryptoError;

/// How much a crypto line may deviate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Tolerance {
    /// Everything the field is known to send, as long as its meaning is beyond doubt.
    #[default]
    Tolerant,
    /// What the text of RFC 4568 allows: letter case, tabs and runs of blanks among it.
    Rfc4568,
    /// Only the form RFC 4568 encourages everyone to write: no note at all.
    Strict,
}

impl Tolerance {
    /// Whether a line with this oddity is still accepted.
    pub const fn allows(self, note: NoteKind) -> bool {
        match self {
            Self::Tolerant => true,
            Self::Rfc4568 => note.is_allowed_by_rfc(),
            Self::Strict => false,
        }
    }
}

/// One oddity of a crypto line that was accepted all the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Note {
    /// Where in the line, in bytes, the first being column 1; counted as in [`CryptoError`].
    pub column: usize,
    /// What was odd there.
    pub kind: NoteKind,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: {}", self.column, self.kind)
    }
}

/// The oddities a crypto line can be forgiven.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum NoteKind {
    /// The base64 text lacks the `=` that would fill its last group (RFC 4648 §3.2).
    MissingPadding,
    /// The base64 text has more `=` than its last group needs (RFC 4648 §3.2).
    ExtraPadding,
    /// Bits of the last base64 character that belong to no byte are not zero (RFC 4648 §3.5).
    /// Two different texts then stand for the same key: compare bytes, never texts.
    NonZeroLastBits,
    /// The crypto-suite has the name it had in a draft, not the registered one.
    DraftSuiteName,
    /// The crypto-suite, the key method or a session parameter is not in the registered case of
    /// letters (allowed by RFC 4568 §4).
    LetterCase,
    /// The tag is 0, which some stacks take for "no tag" (allowed by RFC 4568 §9.1).
    TagZero,
    /// A tab between two fields (allowed by RFC 4568 §9.1).
    Tab,
    /// More than one blank between two fields (allowed by RFC 4568 §9.1).
    RunOfBlanks,
    /// Blanks before the tag.
    LeadingBlanks,
    /// Blanks at the end of the line.
    TrailingBlanks,
    /// The line ends with LF alone (RFC 8866 §5).
    BareLf,
    /// The line ends with CR alone (RFC 8866 §5).
    BareCr,
    /// The MKI is 0 where RFC 4568 §6.1 asks for a positive number.
    MkiZero,
    /// Two keys of the line, FEC_KEY included, are the same bytes (RFC 4568 §6.1, §6.3.5).
    RepeatedKey,
    /// The name of an optional session parameter is empty or begins with a second `-`
    /// (RFC 4568 §9.2); the parameter is ignored as every optional one.
    ExtensionName,
}

impl NoteKind {
    /// Whether RFC 4568 allows it, odd as it is.
    pub const fn is_allowed_by_rfc(self) -> bool {
        matches!(self, Self::LetterCase | Self::TagZero | Self::Tab | Self::RunOfBlanks)
    }
}

impl fmt::Display for NoteKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MissingPadding => "the base64 padding `=` is missing (RFC 4648 §3.2)",
            Self::ExtraPadding => "more base64 padding `=` than needed (RFC 4648 §3.2)",
            Self::NonZeroLastBits => {
                "the last base64 character has bits set that belong to no byte (RFC 4648 §3.5)"
            }
            Self::DraftSuiteName => "the crypto-suite has the name of a draft",
            Self::LetterCase => "not in the registered case of letters (allowed, RFC 4568 §4)",
            Self::TagZero => "the tag is 0 (allowed, RFC 4568 §9.1)",
            Self::Tab => "a tab between two fields (allowed, RFC 4568 §9.1)",
            Self::RunOfBlanks => "more than one blank between two fields (allowed, RFC 4568 §9.1)",
            Self::LeadingBlanks => "blanks before the tag (RFC 4568 §9.1)",
            Self::TrailingBlanks => "blanks at the end of the line (RFC 4568 §9.1)",
            Self::BareLf => "the line ends with LF alone (RFC 8866 §5)",
            Self::BareCr => "the line ends with CR alone (RFC 8866 §5)",
            Self::MkiZero => "the MKI is 0 and not positive (RFC 4568 §6.1)",
            Self::RepeatedKey => "the same key stands in the line twice (RFC 4568 §6.1)",
            Self::ExtensionName => {
                "the name of an optional session parameter is empty or begins with a second `-` \
                 (RFC 4568 §9.2)"
            }
        })
    }
}

/// How many notes one line can collect; more are only counted.
pub const MAX_NOTES: usize = 16;

/// The notes of one line in the order in which they were found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Notes {
    kept: heapless::Vec<Note, MAX_NOTES>,
    dropped: usize,
}

impl Notes {
    /// The notes, at most [`MAX_NOTES`].
    pub fn as_slice(&self) -> &[Note] {
        &self.kept
    }

    /// The notes, one by one.
    pub fn iter(&self) -> core::slice::Iter<'_, Note> {
        self.kept.iter()
    }

    /// Whether there was nothing to note.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// How many notes there were, those beyond [`MAX_NOTES`] included.
    pub fn count(&self) -> usize {
        self.kept.len().saturating_add(self.dropped)
    }

    /// Whether one of the notes kept is of this kind.
    pub fn contains(&self, kind: NoteKind) -> bool {
        self.iter().any(|note| note.kind == kind)
    }

    /// Notes an oddity, or refuses it.
    pub(crate) fn note(
        &mut self,
        tolerance: Tolerance,
        column: usize,
        kind: NoteKind,
    ) -> Result<(), CryptoError> {
        if !tolerance.allows(kind) {
            return Err(crate::CryptoErrorKind::Refused(kind).at(column));
        }
        if self.kept.push(Note { column, kind }).is_err() {
            self.dropped = self.dropped.saturating_add(1);
        }
        Ok(())
    }
}

impl<'a> IntoIterator for &'a Notes {
    type Item = &'a Note;
    type IntoIter = core::slice::Iter<'a, Note>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
