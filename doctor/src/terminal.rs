//! What stands in an SDP, a log or a packet is shown to a terminal, never obeyed by it.

use std::fmt::{self, Write as _};
use std::io::{self, Write};

use zeroize::{Zeroize, Zeroizing};

/// The sequences that the styles of [`crate::table::style`] are made of.
const OWN: [&str; 6] = ["[0m", "[1m", "[2m", "[31m", "[32m", "[33m"];

/// Writes lines on, with all but our own colours made visible: control characters, which could move
/// the cursor, set the title of the window or answer for its user, and those that turn the direction
/// of writing, which could make one suite look like another.
pub struct Visible<W: Write> {
    inner: W,
    /// Wiped when it was passed on: `keys` and `answer` print the keys they make.
    line: Vec<u8>,
}

impl<W: Write> fmt::Debug for Visible<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the line, which may be one with keys, nor where it goes.
        f.debug_struct("Visible").finish_non_exhaustive()
    }
}

impl<W: Write> Visible<W> {
    /// Writes on to `inner`, a line at a time.
    pub const fn new(inner: W) -> Self {
        Self { inner, line: Vec::new() }
    }

    /// Where it was written, without what was not flushed.
    pub fn into_inner(self) -> W {
        self.inner
    }

    fn pass_on(&mut self) -> io::Result<()> {
        let line = Zeroizing::new(visible(&String::from_utf8_lossy(&self.line)));
        self.line.zeroize();
        self.inner.write_all(line.as_bytes())
    }
}

impl<W: Write> Write for Visible<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                self.pass_on()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pass_on()?;
        self.inner.flush()
    }
}

fn visible(line: &str) -> String {
    let mut shown = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match c {
            '\n' | '\t' => shown.push(c),
            // At the end of a line, as SDPs have it.
            '\r' if rest.as_str().starts_with('\n') => shown.push(c),
            '\u{1b}' if OWN.iter().any(|own| rest.as_str().starts_with(own)) => shown.push(c),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                let _ = write!(shown, "{}", c.escape_unicode()); // a String takes it
            }
            c if c.is_control() => {
                let _ = write!(shown, "{}", c.escape_default());
            }
            c => shown.push(c),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::style;

    fn written(pieces: &[&[u8]]) -> String {
        let mut out = Visible::new(Vec::new());
        for piece in pieces {
            out.write_all(piece).unwrap();
        }
        out.flush().unwrap();
        String::from_utf8(out.into_inner()).unwrap()
    }

    #[test]
    fn control_characters_are_shown() {
        for (text, shown) in [
            ("a\tb\n", "a\tb\n"),
            ("a\rb\r\n", "a\\rb\r\n"),
            ("\u{1b}]0;title\u{7}", r"\u{1b}]0;title\u{7}"),
            ("\u{1b}[2J\u{9b}2J\r", r"\u{1b}[2J\u{9b}2J\r"),
            ("\u{1b}[8mhidden\u{1b}", r"\u{1b}[8mhidden\u{1b}"),
            ("08_1AHS\u{202e}", r"08_1AHS\u{202e}"),
            ("é → ✓", "é → ✓"),
        ] {
            assert_eq!(written(&[text.as_bytes()]), shown);
        }
    }

    /// What waits for its end may be a line with keys.
    #[test]
    fn debug_shows_no_line() {
        let mut out = Visible::new(Vec::new());
        out.write_all(b"inline:secret").unwrap();
        assert_eq!(format!("{out:?}"), "Visible { .. }");
    }

    #[test]
    fn own_styles_pass() {
        let styles = [style::GOOD, style::NOTE, style::BAD, style::HEAD, style::QUIET];
        for style in styles {
            let text = format!("{style}text{style:#}\n");
            assert_eq!(written(&[text.as_bytes()]), text);
        }
    }

    /// However the text comes, in pieces of a sequence or of a character.
    #[test]
    fn pieces_are_put_together() {
        let text = format!("{}→{0:#}\u{1b}[5m\nx", style::BAD);
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(written(&pieces), written(&[text.as_bytes()]));
    }
}
