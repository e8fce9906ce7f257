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

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The first byte for which `is` holds, eight at a time. `marks` sets, of every byte that may be
/// one, the high bit; the lowest that is set must not stand beyond the first such byte.
///
/// Not `memchr`: what is looked for here stands a word or a line away, where the call and the
/// choice among instruction sets take longer than the search.
#[inline(always)]
fn find_by(bytes: &[u8], marks: impl Fn(u64) -> u64, is: impl Fn(u8) -> bool) -> Option<usize> {
    let mut at = 0usize;
    loop {
        let rest = bytes.get(at..)?;
        let found = match (rest.first_chunk(), bytes.last_chunk()) {
            (Some(word), _) => marks(u64::from_le_bytes(*word)),
            // The last word again, without the bytes that were looked at already.
            (None, Some(word)) if !rest.is_empty() => {
                marks(u64::from_le_bytes(*word)) >> (8 * (8 - rest.len()))
            }
            _ => return rest.iter().position(|c| is(*c)).map(|more| at + more),
        };
        if found == 0 {
            at += 8;
            continue;
        }
        at += (found.trailing_zeros() / 8) as usize;
        if bytes.get(at).is_some_and(|c| is(*c)) {
            return Some(at);
        }
        at += 1;
    }
}

/// Marks the bytes of `word` below `limit`, at most 0x80. A borrow can add a mark, but only above
/// a byte that has one by right.
pub(crate) const fn marks_below(word: u64, limit: u8) -> u64 {
    word.wrapping_sub(ONES * limit as u64) & !word & HIGH
}

/// The first of these bytes.
#[inline(always)]
pub(crate) fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    find_by(bytes, |word| marks_below(word ^ (ONES * u64::from(byte)), 1), |c| c == byte)
}

/// The first CR or LF.
#[inline(always)]
pub(crate) fn find_line_end(bytes: &[u8]) -> Option<usize> {
    find_by(bytes, |word| marks_below(word, b'\r' + 1), |c| c == b'\r' || c == b'\n')
}

/// The first blank.
#[inline(always)]
pub(crate) fn find_blank(bytes: &[u8]) -> Option<usize> {
    find_by(bytes, |word| marks_below(word, b' ' + 1), is_blank)
}

/// Whether a byte is neither printing US-ASCII nor a space; tabs count as well. Of every text it
/// looks at every byte, since some are of keys.
pub(crate) fn has_strange(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words.iter().fold(0, |seen, word| {
        let word = u64::from_le_bytes(*word);
        seen | marks_below(word, b' ') | word | word.wrapping_add(ONES)
    });
    let rest = rest.iter().fold(false, |seen, c| seen | !(b' '..=b'~').contains(c));
    words & HIGH != 0 || rest
}

/// What stands before and after the first `separator`.
#[inline(always)]
pub(crate) fn split_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = find(text.as_bytes(), separator)?;
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

impl Pieces<'_> {
    pub(crate) const fn has_next(&self) -> bool {
        self.rest.is_some()
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    #[inline]
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
    let blanks = rest.iter().take_while(|c| is_blank(**c)).count();
    let word = rest.get(blanks..).unwrap_or_default();
    let length = find_blank(word).unwrap_or(word.len());
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// The search by eights finds what a search one by one finds, wherever it stands and
        /// whatever stands around it.
        #[test]
        fn eight_at_a_time(
            mut bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0u8..0x30], 0..40),
            needle: u8,
        ) {
            loop {
                prop_assert_eq!(find(&bytes, needle), bytes.iter().position(|c| *c == needle));
                prop_assert_eq!(find_blank(&bytes), bytes.iter().position(|c| is_blank(*c)));
                let end = bytes.iter().position(|c| matches!(c, b'\r' | b'\n'));
                prop_assert_eq!(find_line_end(&bytes), end);
                let strange = bytes.iter().any(|c| !(c.is_ascii_graphic() || *c == b' '));
                prop_assert_eq!(has_strange(&bytes), strange);
                if bytes.pop().is_none() {
                    break;
                }
            }
        }
    }

    /// Printing US-ASCII and spaces are not strange, however long the text; one tab in it is.
    #[test]
    fn clean_text_is_not_strange() {
        let text: Vec<u8> = (b' '..=b'~').collect();
        assert!(!has_strange(&text) && !has_strange(b"") && !has_strange(b"short"));
        for at in 0..text.len() {
            for strange in [b'\t', 0x7f, 0x80, 0] {
                let mut odd = text.clone();
                odd[at] = strange;
                assert!(has_strange(&odd), "{strange} at {at}");
                // A second one in the same place of the next eight does not make up for it.
                let again = (at + 8) % text.len();
                odd[again] = strange;
                assert!(has_strange(&odd), "{strange} at {at} and {again}");
            }
        }
    }

    /// Every byte beside every byte: neither hides the other, and neither is taken for another.
    #[test]
    fn neighbours() {
        for a in 0..=u8::MAX {
            for b in 0..=u8::MAX {
                for place in 0..7 {
                    let mut bytes = [b'x'; 9];
                    bytes[place] = a;
                    bytes[place + 1] = b;
                    let blank = bytes.iter().position(|c| is_blank(*c));
                    assert_eq!(find_blank(&bytes), blank, "{a} {b} {place}");
                    let end = bytes.iter().position(|c| matches!(c, b'\r' | b'\n'));
                    assert_eq!(find_line_end(&bytes), end, "{a} {b} {place}");
                    assert_eq!(find(&bytes, b), bytes.iter().position(|c| *c == b));
                    let strange = bytes.iter().any(|c| !(c.is_ascii_graphic() || *c == b' '));
                    assert_eq!(has_strange(&bytes), strange, "{a} {b} {place}");
                }
            }
        }
    }
}
