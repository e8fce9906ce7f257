//! The lines of an SDP with their numbers, whatever they end with.
//!
//! Read first: RFC 8866 §5 and §9.

use core::fmt;

use crate::scan::{marks_below, split_once};

/// The lines of a text, one by one. CR LF, LF and CR each end a line; a text that does not end
/// with one of them has a last line without.
#[derive(Clone, Copy)]
pub(crate) struct Lines<'a> {
    text: &'a str,
    /// Byte offset of the next line.
    at: usize,
    number: usize,
    ends: LineEnds,
}

/// Where CR and LF stand, found eight bytes at a time and kept from line to line: lines are short,
/// and a search begun anew for each costs more than the search.
#[derive(Clone, Copy)]
struct LineEnds {
    /// Marks of the word before `next`, each the high bit of its byte; those that turned out to be
    /// something else or were handed out are gone.
    marks: u64,
    /// Byte offset of the next word.
    next: usize,
}

impl LineEnds {
    /// A place at which CR or LF may stand, and none before it.
    #[inline(always)]
    fn next(&mut self, text: &[u8]) -> Option<usize> {
        while self.marks == 0 {
            let rest = text.get(self.next..).filter(|rest| !rest.is_empty())?;
            let word = match rest.first_chunk() {
                Some(word) => *word,
                None => {
                    let mut word = [b' '; 8];
                    word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
                    word
                }
            };
            self.marks = marks_below(u64::from_le_bytes(word), b'\r' + 1);
            self.next = self.next.saturating_add(8);
        }
        let byte = (self.marks.trailing_zeros() / 8) as usize;
        self.marks &= self.marks - 1;
        Some((self.next - 8).saturating_add(byte))
    }

    /// Leaves out the next mark of this word, if it has one: behind a CR, that of the LF.
    #[inline(always)]
    fn drop_one(&mut self) {
        self.marks &= self.marks.wrapping_sub(1);
    }
}

impl<'a> Lines<'a> {
    /// The lines of `text`, whose first is line `number` of the SDP.
    pub(crate) const fn new(text: &'a str, number: usize) -> Self {
        Self { text, at: 0, number, ends: LineEnds { marks: 0, next: 0 } }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = Line<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Line<'a>> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        if start >= bytes.len() {
            return None;
        }
        let (end, ending) = loop {
            let Some(at) = self.ends.next(bytes) else {
                break (bytes.len(), "");
            };
            match bytes.get(at) {
                // The LF of the CR LF that ended the line before.
                _ if at < start => {}
                Some(b'\r') if bytes.get(at + 1) == Some(&b'\n') => {
                    self.ends.drop_one();
                    break (at, "\r\n");
                }
                Some(b'\r') => break (at, "\r"),
                Some(b'\n') => break (at, "\n"),
                _ => {}
            }
        };
        let line = Line { number: self.number, start, text: self.text.get(start..end)?, ending };
        self.at = line.end();
        self.number = self.number.saturating_add(1);
        Some(line)
    }
}

/// One line.
#[derive(Clone, Copy)]
pub(crate) struct Line<'a> {
    /// The first line of the SDP is line 1.
    pub(crate) number: usize,
    /// Byte offset in the text the lines are those of.
    pub(crate) start: usize,
    /// Without its ending.
    pub(crate) text: &'a str,
    /// As written, empty at the end of a text that does not end with one.
    pub(crate) ending: &'static str,
}

impl<'a> Line<'a> {
    /// Byte offset behind the line and its ending.
    pub(crate) const fn end(&self) -> usize {
        self.start.saturating_add(self.text.len()).saturating_add(self.ending.len())
    }

    /// Type and value of a line of the shape `x=…` (RFC 8866 §5).
    #[inline]
    pub(crate) fn field(&self) -> Option<(u8, &'a str)> {
        match self.text.as_bytes() {
            [letter, b'=', ..] if letter.is_ascii_alphabetic() => {
                Some((*letter, self.text.get(2..).unwrap_or_default()))
            }
            _ => None,
        }
    }

    /// The attribute an `a=` line holds.
    pub(crate) fn attribute(&self) -> Option<Attribute<'a>> {
        match self.field()? {
            (b'a', attribute) => Some(Attribute::of(self.number, attribute)),
            _ => None,
        }
    }
}

/// An attribute, `a=name` or `a=name:value` (RFC 8866 §5.13).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// The line it stands in, the SDP's first being line 1.
    pub line_number: usize,
    /// The name, case-sensitive.
    pub name: &'a str,
    /// What follows the `:`, `None` without one. That of `crypto` and `acap` can hold a key.
    pub value: Option<&'a str>,
}

impl<'a> Attribute<'a> {
    /// The attribute that is the value of an `a=` line.
    pub(crate) fn of(line_number: usize, attribute: &'a str) -> Self {
        match split_once(attribute, b':') {
            Some((name, value)) => Self { line_number, name, value: Some(value) },
            None => Self { line_number, name: attribute, value: None },
        }
    }
}

/// Without the value, which can hold a key.
impl fmt::Debug for Attribute<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attribute")
            .field("line_number", &self.line_number)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Nothing is lost between the lines, and the numbers are those an editor would show that
        /// knows all three endings.
        #[test]
        fn lines_are_the_text(text in "[a=\r\n]{0,40}") {
            let lines: Vec<_> = Lines::new(&text, 1).collect();
            let again: String = lines.iter().flat_map(|line| [line.text, line.ending]).collect();
            prop_assert_eq!(&again, &text);
            let model = text.replace("\r\n", "\n").replace('\r', "\n");
            let texts: Vec<_> = lines.iter().map(|line| line.text).collect();
            prop_assert_eq!(texts, model.split_terminator('\n').collect::<Vec<_>>());
            for (i, line) in lines.iter().enumerate() {
                prop_assert_eq!(line.number, i + 1);
                let whole = [line.text, line.ending].concat();
                prop_assert_eq!(text.get(line.start..line.end()), Some(whole.as_str()));
            }
        }
    }
}
