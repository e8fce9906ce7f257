//! The walk that holds an SDP against the letter of RFC 8866 and remarks on what differs.
//!
//! Read first: RFC 8866 §5 and §9.

use crate::line::begins_with_key_params;
use crate::scan::find;
use crate::sdp::error::{Remark, RemarkKind};
use crate::sdp::grammar;
use crate::sdp::lines::{Line, Lines};
use crate::sdp::media::MediaLine;

/// The most remarks one line can give rise to.
const MOST: usize = 12;

/// The remarks on an SDP, in the order of its lines; what is missing comes where the session
/// level ends, and a missing connection address where its media section ends.
#[derive(Clone)]
pub struct Remarks<'a> {
    lines: Lines<'a>,
    /// Found and not yet handed out, the last one first to go.
    pending: heapless::Vec<Remark, MOST>,
    /// The place in [`SESSION`] or [`MEDIA`] of the last line.
    rank: usize,
    in_media: bool,
    seen: Seen,
    finished: bool,
}

#[derive(Clone, Copy, Default)]
struct Seen {
    any: bool,
    origin: bool,
    name: bool,
    time: bool,
    repeat: bool,
    /// A `c=` line, at the session level or in this media section.
    connection: bool,
    /// The m-line of this media section, unless there is a `c=` line at the session level.
    media_line: Option<usize>,
    bare_lf: bool,
    bare_cr: bool,
    line_end: Option<(usize, usize)>,
}

/// RFC 8866 §9: the types of line in their order, at the session level and in a media section,
/// and those that may come again. `t`, `r` and `z` share a place: each `t=` may have its own.
const SESSION: &[&[u8]] =
    &[b"v", b"o", b"s", b"i", b"u", b"e", b"p", b"c", b"b", b"trz", b"k", b"a"];
const MEDIA: &[&[u8]] = &[b"m", b"i", b"c", b"b", b"k", b"a"];
const SESSION_AGAIN: &[u8] = b"epbtrza";
const MEDIA_AGAIN: &[u8] = b"cba";

impl<'a> Remarks<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self {
            lines: Lines::new(text, 1),
            pending: heapless::Vec::new(),
            rank: 0,
            in_media: false,
            seen: Seen {
                any: false,
                origin: false,
                name: false,
                time: false,
                repeat: false,
                connection: false,
                media_line: None,
                bare_lf: false,
                bare_cr: false,
                line_end: None,
            },
            finished: false,
        }
    }

    fn remark(&mut self, line_number: usize, column: usize, kind: RemarkKind) {
        // There is a place for every remark a line can give rise to.
        let _ = self.pending.push(Remark { line_number, column, kind });
    }

    fn look_at(&mut self, line: &Line<'a>) {
        let number = line.number;
        let end_column = line.text.len().saturating_add(1);
        if !core::mem::replace(&mut self.seen.any, true) && !matches!(line.field(), Some((b'v', _)))
        {
            self.remark(number, 1, RemarkKind::MissingVersion);
        }
        if let Some(at) = find(line.text.as_bytes(), 0) {
            self.remark(number, at.saturating_add(1), RemarkKind::Nul);
        }
        match line.field() {
            Some((b'm', value)) => {
                if !self.in_media {
                    self.session_ends(number);
                }
                self.section_ends();
                if self.in_media || !self.seen.connection {
                    self.seen.connection = self.in_media && self.seen.media_line.is_none();
                    self.seen.media_line = (!self.seen.connection).then_some(number);
                }
                self.in_media = true;
                self.rank = 0;
                self.look_at_value(number, b'm', value);
                let formats = MediaLine::parse(value).map_or("", |line| line.formats);
                if formats.is_empty() {
                    self.remark(number, end_column, RemarkKind::NoFormats);
                }
            }
            Some((letter, value)) => self.look_at_field(number, letter, value, line),
            None if line.text.is_empty() => self.remark(number, 1, RemarkKind::EmptyLine),
            None if begins_with_key_params(line.text) => {
                self.remark(number, 1, RemarkKind::BrokenCryptoLine);
            }
            None => self.remark(number, 1, RemarkKind::NotALine),
        }
        if let Some((b'm' | b'c' | b'o' | b'v', value)) = line.field()
            && let Some(at) = odd_blank(value)
        {
            self.remark(number, at.saturating_add(3), RemarkKind::Blanks);
        }
        match line.ending {
            "\n" if !core::mem::replace(&mut self.seen.bare_lf, true) => {
                self.remark(number, end_column, RemarkKind::BareLf);
            }
            "\r" if !core::mem::replace(&mut self.seen.bare_cr, true) => {
                self.remark(number, end_column, RemarkKind::BareCr);
            }
            "" => self.remark(number, end_column, RemarkKind::NoLineEnding),
            _ => {}
        }
        self.seen.line_end = Some((number, end_column));
    }

    fn look_at_field(&mut self, number: usize, letter: u8, value: &str, line: &Line<'a>) {
        let (order, again) =
            if self.in_media { (MEDIA, MEDIA_AGAIN) } else { (SESSION, SESSION_AGAIN) };
        match order.iter().position(|place| place.contains(&letter)) {
            Some(rank) if rank < self.rank => {
                self.remark(number, 1, RemarkKind::OutOfOrder);
            }
            Some(rank) => {
                if rank == self.rank && rank > 0 && !again.contains(&letter) {
                    self.remark(number, 1, RemarkKind::OutOfOrder);
                }
                self.rank = rank;
            }
            None if SESSION.iter().any(|place| place.contains(&letter)) => {
                self.remark(number, 1, RemarkKind::OutOfOrder);
            }
            None => self.remark(number, 1, RemarkKind::UnknownType),
        }
        match letter {
            b'o' => self.seen.origin = true,
            b's' => self.seen.name = true,
            b't' => self.seen.time = true,
            b'c' => self.seen.connection = true,
            // Repeat times belong to a time, and time zones to repeat times.
            b'r' if !self.seen.time => self.remark(number, 1, RemarkKind::OutOfOrder),
            b'z' if !self.seen.repeat => self.remark(number, 1, RemarkKind::OutOfOrder),
            b'r' => self.seen.repeat = true,
            b'a' if !self.in_media
                && line.attribute().is_some_and(|attribute| attribute.name == "crypto") =>
            {
                self.remark(number, 1, RemarkKind::SessionCrypto);
            }
            _ => {}
        }
        self.look_at_value(number, letter, value);
    }

    fn look_at_value(&mut self, number: usize, letter: u8, value: &str) {
        if let Some((at, kind)) = grammar::fault(letter, value) {
            // Columns count from 1, and the value stands behind two characters.
            self.remark(number, at.saturating_add(3), kind);
        }
    }

    /// A media section without a connection address of its own or of the session.
    fn section_ends(&mut self) {
        if let Some(number) = self.seen.media_line.filter(|_| !self.seen.connection) {
            self.remark(number, 1, RemarkKind::MissingConnection);
        }
    }

    /// What the session level should have had, said at its end.
    fn session_ends(&mut self, number: usize) {
        let Seen { origin, name, time, .. } = self.seen;
        for (seen, kind) in [
            (origin, RemarkKind::MissingOrigin),
            (name, RemarkKind::MissingSessionName),
            (time, RemarkKind::MissingTime),
        ] {
            if !seen {
                self.remark(number, 1, kind);
            }
        }
    }
}

impl Iterator for Remarks<'_> {
    type Item = Remark;

    fn next(&mut self) -> Option<Remark> {
        while self.pending.is_empty() && !self.finished {
            match self.lines.next() {
                Some(line) => self.look_at(&line),
                None => {
                    self.finished = true;
                    let (number, _) = self.seen.line_end.unwrap_or((1, 1));
                    if !self.in_media {
                        self.session_ends(number);
                    }
                    self.section_ends();
                }
            }
            self.pending.as_mut_slice().reverse();
        }
        self.pending.pop()
    }
}

/// The first blank that is not a single space between two words.
fn odd_blank(value: &str) -> Option<usize> {
    let bytes = value.as_bytes();
    bytes.iter().enumerate().position(|(at, c)| {
        let around =
            (at.checked_sub(1).and_then(|at| bytes.get(at)), bytes.get(at.saturating_add(1)));
        *c == b'\t' || *c == b' ' && matches!(around, (None, _) | (_, None | Some(b' ')))
    })
}
