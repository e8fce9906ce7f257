//! A crypto line as it was written: a borrowed, lossless view, split where the grammar splits it
//! and judged no further. What it means is the business of `validate`.
//!
//! Read first: RFC 4568 §4, §6.1, §9.1, §9.2.

use core::fmt;

use srtp_core::CryptoSuite;

use crate::error::{CryptoError, CryptoErrorKind};
use crate::scan::{
    Pieces, Span, find_line_end, has_strange, is_blank, next_word, pieces, split_once, trim,
    trim_end,
};

/// An `a=crypto` line, borrowed from the text it stands in.
///
/// Parsing splits it by the generic grammar (RFC 4568 §9.1); unknown suites, key methods and
/// session parameters are no obstacle. [`Display`](fmt::Display) prints the text back byte for
/// byte, **key included**; [`Debug`](fmt::Debug) shows no key.
///
/// ```
/// use sdes_sdp::{CryptoLine, CryptoSuite, SessionParam};
///
/// let line = CryptoLine::parse(
///     "a=crypto:1 AES_CM_128_HMAC_SHA1_80 \
///      inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4 FEC_ORDER=FEC_SRTP",
/// )?;
/// assert_eq!(line.tag(), 1);
/// assert_eq!(line.suite(), Some(CryptoSuite::AesCm128HmacSha1_80));
/// let key = line.keys().next().unwrap();
/// assert_eq!((key.lifetime(), key.mki()), (Some("2^20"), Some(("1", "4"))));
/// assert_eq!(line.session_params().next(), Some(SessionParam::FecOrder("FEC_SRTP")));
/// # Ok::<(), sdes_sdp::CryptoError>(())
/// ```
#[derive(Clone, Copy)]
pub struct CryptoLine<'a> {
    text: &'a str,
    tag: u32,
    /// Byte ranges of `text`; `params` runs from behind the keys to the last character that is not a blank.
    pub(crate) tag_at: Span,
    pub(crate) suite_at: Span,
    pub(crate) keys_at: Span,
    pub(crate) params_at: Span,
}

/// The line without its ending, and the ending.
pub(crate) fn split_ending(text: &str) -> (&str, &str) {
    let content = text.strip_suffix('\n').unwrap_or(text);
    let content = content.strip_suffix('\r').unwrap_or(content);
    text.split_at_checked(content.len()).unwrap_or((text, ""))
}

impl<'a> CryptoLine<'a> {
    /// Splits a crypto line, given as a whole line (`a=crypto:1 …`), as an attribute
    /// (`crypto:1 …`, the form inside RFC 5939's `a=acap`) or as an attribute's value (`1 …`),
    /// with or without its line ending.
    ///
    /// # Errors
    /// A [`CryptoError`] with a column where the text does not follow RFC 4568 §9.1.
    pub fn parse(text: &'a str) -> Result<Self, CryptoError> {
        let (content, _) = split_ending(text);
        let clean = !has_strange(content.as_bytes());
        if !clean && let Some(at) = find_line_end(content.as_bytes()) {
            return Err(line_break(content, at));
        }
        let value = content.strip_prefix("a=").unwrap_or(content);
        let value = value.strip_prefix("crypto:").unwrap_or(content);
        let tag_at = next_word(content, content.len().saturating_sub(value.len()));
        let tag = parse_tag(tag_at.of(content)).map_err(|kind| kind.at(tag_at.column()))?;

        let suite_at = next_word(content, tag_at.end);
        let suite = suite_at.of(content);
        if suite.is_empty() {
            return Err(CryptoErrorKind::MissingSuite.at(suite_at.column()));
        }
        if let Some(at) = suite.bytes().position(|c| !is_name_character(c)) {
            return Err(CryptoErrorKind::SuiteCharacter.at(suite_at.column().saturating_add(at)));
        }

        let keys_at = next_word(content, suite_at.end);
        if keys_at.of(content).is_empty() {
            return Err(CryptoErrorKind::MissingKey.at(keys_at.column()));
        }
        let strange = |c: u8| !(c.is_ascii_graphic() || is_blank(c));
        if !clean && let Some(at) = content.bytes().position(strange) {
            return Err(CryptoErrorKind::Character.at(at.saturating_add(1)));
        }
        KeyParams::new(keys_at.of(content), keys_at.start).check()?;

        let params_at = Span { start: keys_at.end, end: trim_end(content).len() };
        Ok(Self { text, tag, tag_at, suite_at, keys_at, params_at })
    }

    /// The text as it was given, key included.
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The tag, 0 to 999999999 (RFC 4568 §4.1).
    pub const fn tag(&self) -> u32 {
        self.tag
    }

    /// The crypto-suite as it is spelt in the line.
    pub fn suite_name(&self) -> &'a str {
        self.suite_at.of(self.text)
    }

    /// The crypto-suite, `None` for one that srtp-core's table does not have.
    pub fn suite(&self) -> Option<CryptoSuite> {
        let name = self.suite_name();
        // Nearly all are spelt as registered.
        let registered = CryptoSuite::ALL.iter().find(|suite| suite.name() == name);
        registered.copied().or_else(|| CryptoSuite::from_name(name))
    }

    /// The key parameters, at least one, in the order of the line.
    pub fn keys(&self) -> KeyParams<'a> {
        KeyParams::new(self.keys_at.of(self.text), self.keys_at.start)
    }

    /// The session parameters in the order of the line.
    pub fn session_params(&self) -> impl Iterator<Item = SessionParam<'a>> + Clone + use<'a> {
        self.param_words().map(|(_, word)| SessionParam::from_word(word))
    }

    /// The session parameters as words with where they stand.
    pub(crate) fn param_words(&self) -> ParamWords<'a> {
        ParamWords { text: self.text, rest: self.params_at }
    }

    /// What the RFC leaves of the line after its tag: the place to point to for a fault of the
    /// line as a whole.
    pub(crate) fn ending(&self) -> &'a str {
        split_ending(self.text).1
    }
}

/// For every byte, whether a suite or a key method may have it (RFC 4568 §9.1).
static NAME_CHARACTERS: [bool; 256] = {
    let mut table = [false; 256];
    let mut c = 0u8;
    while c < 0x80 {
        let (_, row) = table.split_at_mut(c as usize);
        if let [first, ..] = row {
            *first = c.is_ascii_alphanumeric() || c == b'_';
        }
        c += 1;
    }
    table
};

fn is_name_character(c: u8) -> bool {
    NAME_CHARACTERS.get(usize::from(c)).is_some_and(|is| *is)
}

/// RFC 4568 §9.1: 1*9DIGIT; §4.1: leading zeroes MUST NOT be used.
fn parse_tag(tag: &str) -> Result<u32, CryptoErrorKind> {
    match tag.as_bytes() {
        [] => Err(CryptoErrorKind::Tag),
        digits if !digits.iter().all(u8::is_ascii_digit) => Err(CryptoErrorKind::Tag),
        [b'0', _, ..] => Err(CryptoErrorKind::TagLeadingZero),
        digits if digits.len() > 9 => Err(CryptoErrorKind::TagTooLong),
        _ => tag.parse().map_err(|_| CryptoErrorKind::Tag),
    }
}

/// A line break in the middle: a line broken in two as in print, or simply too much text.
fn line_break(content: &str, at: usize) -> CryptoError {
    let next = content.get(at..).unwrap_or_default();
    let broken = begins_with_key_params(next.trim_ascii_start());
    let kind = if broken { CryptoErrorKind::BrokenInTwo } else { CryptoErrorKind::LineBreak };
    kind.at(at.saturating_add(1))
}

/// Whether a line of an SDP is the second half of a crypto line that was broken in two.
pub(crate) fn begins_with_key_params(line: &str) -> bool {
    trim(line)
        .split_at_checked("inline:".len())
        .is_some_and(|(start, _)| start.eq_ignore_ascii_case("inline:"))
}

impl fmt::Display for CryptoLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl fmt::Debug for CryptoLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CryptoLine")
            .field("tag", &self.tag)
            .field("suite", &self.suite())
            .field("keys", &self.keys().count())
            .field("session_params", &self.session_params().count())
            .finish_non_exhaustive()
    }
}

/// The key parameters of a line, or of a `FEC_KEY`: an iterator over what stands between the `;`.
#[derive(Clone, Copy)]
pub struct KeyParams<'a> {
    rest: Pieces<'a>,
    at: usize,
}

impl<'a> KeyParams<'a> {
    /// Key parameters that begin at byte `at` of their line, not yet looked at.
    pub(crate) const fn new(text: &'a str, at: usize) -> Self {
        Self { rest: pieces(text, b';'), at }
    }

    /// Splits key parameters that stand on their own, such as the value of a `FEC_KEY`.
    ///
    /// # Errors
    /// A [`CryptoError`] with a column where the text does not follow RFC 4568 §9.1.
    pub fn parse(text: &'a str) -> Result<Self, CryptoError> {
        if let Some(at) = text.bytes().position(|c| !c.is_ascii_graphic()) {
            return Err(CryptoErrorKind::Character.at(at.saturating_add(1)));
        }
        let params = Self::new(text, 0);
        params.check()?;
        Ok(params)
    }

    /// Whether one more follows.
    pub(crate) const fn has_next(&self) -> bool {
        self.rest.has_next()
    }

    /// Holds every key parameter against the grammar, after which iterating cannot fail.
    pub(crate) fn check(self) -> Result<(), CryptoError> {
        self.into_iter().try_for_each(|key| {
            let has_method = key.method == "inline"
                || !key.method.is_empty() && key.method.bytes().all(is_name_character);
            if key.method.is_empty() && key.info.is_none() {
                Err(CryptoErrorKind::EmptyKey.at(key.column()))
            } else if !has_method || key.info.is_none() {
                Err(CryptoErrorKind::KeyMethod.at(key.column()))
            } else if key.key_info().is_empty() {
                Err(CryptoErrorKind::EmptyKeyInfo.at(key.info_column()))
            } else {
                Ok(())
            }
        })
    }
}

impl<'a> Iterator for KeyParams<'a> {
    type Item = KeyParam<'a>;

    fn next(&mut self) -> Option<KeyParam<'a>> {
        let param = self.rest.next()?;
        let at = self.at;
        self.at = at.saturating_add(param.len()).saturating_add(1);
        let (method, info) = match split_once(param, b':') {
            Some((method, info)) => (method, Some(info)),
            None => (param, None),
        };
        Some(KeyParam { method, info, at })
    }
}

impl fmt::Debug for KeyParams<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(*self).finish()
    }
}

/// One key parameter as written: key method and key info (RFC 4568 §6.1).
#[derive(Clone, Copy)]
pub struct KeyParam<'a> {
    method: &'a str,
    info: Option<&'a str>,
    at: usize,
}

impl<'a> KeyParam<'a> {
    /// The key method as written, `inline` in all known cases.
    pub const fn method(&self) -> &'a str {
        self.method
    }

    /// Whether the method is `inline`, in any case of letters.
    pub fn is_inline(&self) -> bool {
        self.method == "inline" || self.method.eq_ignore_ascii_case("inline")
    }

    /// All that follows the method's `:`. It holds the key.
    pub fn key_info(&self) -> &'a str {
        self.info.unwrap_or_default()
    }

    /// Key and salt as written, in base64: the secret itself.
    pub fn key_salt(&self) -> &'a str {
        self.fields().next().unwrap_or_default()
    }

    /// The lifetime as written, such as `2^20`.
    pub fn lifetime(&self) -> Option<&'a str> {
        // "The lifetime field never includes a colon, whereas the third field always does."
        self.fields().nth(1).filter(|field| !field.contains(':'))
    }

    /// The MKI as written, its value and its length.
    pub fn mki(&self) -> Option<(&'a str, &'a str)> {
        self.fields().skip(1).find_map(|field| split_once(field, b':'))
    }

    /// The fields between the `|`.
    pub(crate) fn fields(&self) -> Pieces<'a> {
        pieces(self.key_info(), b'|')
    }

    /// Where the key parameter begins in its line, the first byte being column 1.
    pub const fn column(&self) -> usize {
        self.at.saturating_add(1)
    }

    /// Where the key info begins.
    pub(crate) const fn info_column(&self) -> usize {
        self.at.saturating_add(self.method.len()).saturating_add(2)
    }
}

impl fmt::Debug for KeyParam<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not even the method: in a malformed line it could be anything.
        f.debug_struct("KeyParam")
            .field("inline", &self.is_inline())
            .field("column", &self.column())
            .finish_non_exhaustive()
    }
}

/// The words of the session parameters with their byte offsets.
#[derive(Clone)]
pub(crate) struct ParamWords<'a> {
    text: &'a str,
    rest: Span,
}

impl<'a> Iterator for ParamWords<'a> {
    type Item = (Span, &'a str);

    fn next(&mut self) -> Option<(Span, &'a str)> {
        let content = self.text.get(..self.rest.end)?;
        let span = next_word(content, self.rest.start);
        self.rest.start = span.end;
        let word = span.of(content);
        (!word.is_empty()).then_some((span, word))
    }
}

/// One session parameter as written (RFC 4568 §6.3, §9.2). Values are not judged here.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionParam<'a> {
    /// `KDR=`: the exponent of the key derivation rate (§6.3.1).
    Kdr(&'a str),
    /// `UNENCRYPTED_SRTP` (§6.3.2).
    UnencryptedSrtp,
    /// `UNENCRYPTED_SRTCP` (§6.3.2).
    UnencryptedSrtcp,
    /// `UNAUTHENTICATED_SRTP` (§6.3.3).
    UnauthenticatedSrtp,
    /// `FEC_ORDER=` (§6.3.4).
    FecOrder(&'a str),
    /// `FEC_KEY=`: key parameters for [`KeyParams::parse`] (§6.3.5). It holds a key.
    FecKey(&'a str),
    /// `WSH=`: the window size hint (§6.3.6).
    WindowSizeHint(&'a str),
    /// A parameter after a `-`, here without it: unknown and free to be ignored (§6.3.7).
    Optional(&'a str),
    /// Any other parameter: unknown and not to be ignored (§6.3.7).
    Unknown(&'a str),
}

impl<'a> SessionParam<'a> {
    /// The parameter a word stands for.
    pub fn from_word(word: &'a str) -> Self {
        if let Some(extension) = word.strip_prefix('-') {
            return Self::Optional(extension);
        }
        let (name, value) = match split_once(word, b'=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let is = |registered: &str| name.eq_ignore_ascii_case(registered);
        match value {
            None if is("UNENCRYPTED_SRTP") => Self::UnencryptedSrtp,
            None if is("UNENCRYPTED_SRTCP") => Self::UnencryptedSrtcp,
            None if is("UNAUTHENTICATED_SRTP") => Self::UnauthenticatedSrtp,
            Some(value) if is("KDR") => Self::Kdr(value),
            Some(value) if is("FEC_ORDER") => Self::FecOrder(value),
            Some(value) if is("FEC_KEY") => Self::FecKey(value),
            Some(value) if is("WSH") => Self::WindowSizeHint(value),
            _ => Self::Unknown(word),
        }
    }

    /// The registered name, `None` for a parameter that has none.
    pub const fn name(&self) -> Option<&'static str> {
        match self {
            Self::Kdr(_) => Some("KDR"),
            Self::UnencryptedSrtp => Some("UNENCRYPTED_SRTP"),
            Self::UnencryptedSrtcp => Some("UNENCRYPTED_SRTCP"),
            Self::UnauthenticatedSrtp => Some("UNAUTHENTICATED_SRTP"),
            Self::FecOrder(_) => Some("FEC_ORDER"),
            Self::FecKey(_) => Some("FEC_KEY"),
            Self::WindowSizeHint(_) => Some("WSH"),
            Self::Optional(_) | Self::Unknown(_) => None,
        }
    }
}

/// Shows names and no values: one of them is a key, and a key after a stray blank would be
/// another.
impl fmt::Debug for SessionParam<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Optional(_) => f.write_str("Optional(..)"),
            Self::Unknown(_) => f.write_str("Unknown(..)"),
            known => f.write_str(known.name().unwrap_or_default()),
        }
    }
}
