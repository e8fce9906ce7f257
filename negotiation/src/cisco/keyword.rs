//! Words of a configuration line, and keywords as IOS takes them: in full, or as any beginning of
//! theirs that no other keyword of the mode has.

use core::net::Ipv4Addr;

use crate::cisco::parse::ConfigurationErrorKind as Kind;

/// Where and why a command is wrong.
pub(crate) type Wrong = (usize, Kind);

/// The words of one command, taken from the left.
#[derive(Clone, Copy)]
pub(crate) struct Words<'c> {
    line: &'c str,
    at: usize,
}

/// Whether a word is a keyword: `dial-p[eer]` can be cut down to `dial-p`, since `dialer` and others
/// begin like it.
pub(crate) fn is(word: &str, keyword: &str) -> bool {
    let (shortest, rest) = keyword.split_once('[').unwrap_or((keyword, ""));
    let rest = rest.strip_suffix(']').unwrap_or(rest);
    let full = shortest.bytes().chain(rest.bytes());
    let length = shortest.len()..=shortest.len().saturating_add(rest.len());
    length.contains(&word.len())
        && word.bytes().zip(full).all(|(is, should)| is.eq_ignore_ascii_case(&should))
}

impl<'c> Words<'c> {
    /// The words of a line from byte `at` on.
    pub(crate) const fn new(line: &'c str, at: usize) -> Self {
        Self { line, at }
    }

    /// The column of the next word, the first of a line being 1.
    pub(crate) fn column(&self) -> usize {
        let rest = self.line.get(self.at..).unwrap_or_default();
        let blanks = rest.len().saturating_sub(rest.trim_ascii_start().len());
        self.at.saturating_add(blanks).saturating_add(1)
    }

    /// The next word, if there is one.
    pub(crate) fn next(&mut self) -> Option<&'c str> {
        let start = self.column().saturating_sub(1);
        let rest = self.line.get(start..).unwrap_or_default();
        let word = rest.split_ascii_whitespace().next()?;
        self.at = start.saturating_add(word.len());
        Some(word)
    }

    /// Takes the next word if it is this keyword.
    pub(crate) fn take(&mut self, keyword: &str) -> bool {
        let mut ahead = *self;
        let found = ahead.next().is_some_and(|word| is(word, keyword));
        if found {
            *self = ahead;
        }
        found
    }

    /// Takes the next words if they are these keywords; none of them if one is not.
    pub(crate) fn take_all(&mut self, keywords: &[&str]) -> bool {
        let mut ahead = *self;
        let found = keywords.iter().all(|keyword| ahead.take(keyword));
        if found {
            *self = ahead;
        }
        found
    }

    /// What is wrong with the next word, or that it is missing.
    pub(crate) fn wrong(&self) -> Wrong {
        let mut ahead = *self;
        let kind = match ahead.next() {
            Some(_) => Kind::InvalidInput,
            None => Kind::Incomplete,
        };
        (self.column(), kind)
    }

    /// The next word, which has to be there.
    pub(crate) fn word(&mut self) -> Result<&'c str, Wrong> {
        self.next().ok_or((self.column(), Kind::Incomplete))
    }

    /// One of these keywords, by its place.
    pub(crate) fn one_of(&mut self, keywords: &[&str]) -> Result<usize, Wrong> {
        let wrong = self.wrong();
        let place = keywords.iter().position(|keyword| self.take(keyword));
        place.ok_or(wrong)
    }

    /// A decimal number.
    pub(crate) fn number(&mut self) -> Result<u32, Wrong> {
        let wrong = self.wrong();
        self.word()?.parse().map_err(|_| wrong)
    }

    /// An IPv4 address.
    pub(crate) fn address(&mut self) -> Result<Ipv4Addr, Wrong> {
        let wrong = self.wrong();
        self.word()?.parse().map_err(|_| wrong)
    }

    /// Nothing more may come.
    pub(crate) fn end(&self) -> Result<(), Wrong> {
        let mut ahead = *self;
        match ahead.next() {
            Some(_) => Err((self.column(), Kind::InvalidInput)),
            None => Ok(()),
        }
    }
}
