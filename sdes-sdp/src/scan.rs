//! Finding separators in a line, byte by byte: all of them are US-ASCII, so that a cut beside one
//! is a cut between characters. It is what an SDP costs to read, hence no `char` in sight.

/// A range of bytes of a line, counted from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    /// Where it begins, the first byte being column 1.
    pub(crate) const fn column(self) -> usize {
        self.start.saturating_add(1)
    }

    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// WSP of RFC 4568 §9.1.
pub(crate) const fn is_blank(c: u8) -> bool {
    c == b' ' || c == b'\t'
}

/// What stands before and after the first `separator`.
pub(crate) fn split_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = memchr::memchr(separator, text.as_bytes())?;
    Some((text.get(..at)?, text.get(at.checked_add(1)?..)?))
}

/// What stands between the separators of a text: one piece more than there are separators.
#[derive(Clone, Copy)]
pub(crate) struct Pieces<'a> {
    rest: Option<&'a str>,
    separator: u8,
}

pub(crate) const fn pieces(text: &str, separator: u8) -> Pieces<'_> {
    Pieces { rest: Some(text), separator }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest.take()?;
        match split_once(rest, self.separator) {
            Some((piece, rest)) => {
                self.rest = Some(rest);
                Some(piece)
            }
            None => Some(rest),
        }
    }
}

/// The first word of `text` at or after byte `from`: a run of anything but blanks, empty at the
/// end of the text.
pub(crate) fn next_word(text: &str, from: usize) -> Span {
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    let blanks = rest.iter().position(|c| !is_blank(*c)).unwrap_or(rest.len());
    let word = rest.get(blanks..).unwrap_or_default();
    let length = memchr::memchr2(b' ', b'\t', word).unwrap_or(word.len());
    let start = from.saturating_add(blanks);
    Span { start, end: start.saturating_add(length) }
}

/// The words of a value.
#[derive(Clone)]
pub(crate) struct Words<'a> {
    text: &'a str,
    at: usize,
}

pub(crate) const fn words(text: &str) -> Words<'_> {
    Words { text, at: 0 }
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let span = next_word(self.text, self.at);
        self.at = span.end;
        Some(span.of(self.text)).filter(|word| !word.is_empty())
    }
}

pub(crate) fn trim_end(text: &str) -> &str {
    let blanks = text.bytes().rev().take_while(|c| is_blank(*c)).count();
    text.get(..text.len().saturating_sub(blanks)).unwrap_or_default()
}

pub(crate) fn trim(text: &str) -> &str {
    let blanks = text.bytes().take_while(|c| is_blank(*c)).count();
    trim_end(text.get(blanks..).unwrap_or_default())
}
