//! IOS configuration text: a running configuration, a fragment of one, or a session copied from a
//! terminal with its prompts, in which one was typed or shown.
//!
//! Lines are commands; a command belongs to the mode that an earlier one opened, and IOS tries those
//! above it if the mode does not know it. What has nothing to do with SRTP or the transport of SIP
//! is passed over and counted, and so are lines that only IOS has, for who wants to know whether the
//! text is a configuration at all. Nothing fails but a command of ours with something wrong in it.
//!
//! Read first: "Cisco IOS SIP Gateway Signaling Support over TLS Transport", configuration example;
//! "Implementing SIP Gateways" (Cisco Press), examples 4-7 to 4-9.

use core::fmt;

use crate::cisco::configuration::Configuration;
use crate::cisco::elsewhere;
use crate::cisco::keyword::{Words, is};
use crate::cisco::modes::{self, Command, Mode};

/// What is wrong with a command.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ConfigurationErrorKind {
    /// "Invalid input detected": a word that cannot stand there.
    InvalidInput,
    /// "Incomplete command": a word is missing.
    Incomplete,
    /// More of something than there is room for.
    TooMany {
        /// What.
        what: &'static str,
        /// How many there can be.
        limit: usize,
    },
}

/// Why a configuration was not read. Holds no word of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct ConfigurationError {
    /// The line, the first being 1.
    pub line_number: usize,
    /// The column, in bytes, the first being 1.
    pub column: usize,
    /// What is wrong.
    pub kind: ConfigurationErrorKind,
}

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line_number, self.column)?;
        match self.kind {
            ConfigurationErrorKind::InvalidInput => {
                f.write_str("IOS does not accept this word here")
            }
            ConfigurationErrorKind::Incomplete => f.write_str("the command is incomplete"),
            ConfigurationErrorKind::TooMany { what, limit } => {
                write!(f, "more than {limit} {what} are not read")
            }
        }
    }
}

impl core::error::Error for ConfigurationError {}

/// The prompt a line begins with, `Router(config-sip-ua)#`: its length and the mode in it, `None`
/// for privileged and user mode.
fn prompt(line: &str) -> Option<(usize, Option<&str>)> {
    let name = line
        .bytes()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.'))
        .count();
    let rest = line.get(name..).filter(|_| name > 0)?;
    match rest.as_bytes().first()? {
        b'#' | b'>' => Some((name.checked_add(1)?, None)),
        b'(' => {
            let (mode, rest) = rest.get(1..)?.split_once(')')?;
            rest.starts_with('#')
                .then_some((name.checked_add(mode.len())?.checked_add(3)?, Some(mode)))
        }
        _ => None,
    }
}

/// How far a line is indented.
fn indentation(line: &str) -> usize {
    line.len().saturating_sub(line.trim_ascii_start().len())
}

/// The mode of the next line and what is known about how the text is indented.
struct Reader {
    mode: Mode,
    /// Indentation of the line that opened the mode, and whether anything in it stood deeper.
    opened_at: usize,
    indented: bool,
}

impl<'c> Configuration<'c> {
    /// Reads configuration text.
    ///
    /// # Errors
    /// A [`ConfigurationError`] with line and column, for a command that concerns SRTP or the
    /// transport of SIP and that IOS would not accept.
    pub fn parse(text: &'c str) -> Result<Self, ConfigurationError> {
        let mut configuration = Self::default();
        let mut reader = Reader { mode: Mode::Global, opened_at: 0, indented: false };
        for (line, line_number) in text.lines().zip(1..) {
            let done = reader.line(&mut configuration, line);
            done.map_err(|(column, kind)| ConfigurationError { line_number, column, kind })?;
        }
        Ok(configuration)
    }
}

impl Reader {
    fn line<'c>(
        &mut self,
        configuration: &mut Configuration<'c>,
        line: &'c str,
    ) -> Result<(), (usize, ConfigurationErrorKind)> {
        let indent = indentation(line);
        let trimmed = line.trim_ascii();
        if trimmed.is_empty() || trimmed.starts_with('!') {
            return Ok(());
        }
        let mut at = indent;
        let mut recognized = false;
        if let Some((length, mode)) = prompt(trimmed) {
            at = at.saturating_add(length);
            recognized = mode.is_some_and(|mode| mode.starts_with("conf"));
            self.mode = Mode::of_prompt(mode, self.mode);
            self.indented = false;
        } else if indent > self.opened_at {
            self.indented = true;
        } else if self.indented {
            // In a running configuration the margin is where a mode ends.
            self.mode = if indent == 0 { Mode::Global } else { self.mode };
            self.indented = indent != 0;
        }
        let mut words = Words::new(line, at);
        let mut ahead = words;
        let Some(first) = ahead.next() else {
            return Ok(());
        };
        if is(first, "exit") || is(first, "end") || first == "^Z" {
            self.mode = if is(first, "exit") { self.mode.above() } else { Mode::Exec };
            return Ok(());
        }
        let form = if words.take("no") {
            modes::Form::No
        } else if words.take("def[ault]") {
            modes::Form::Default
        } else {
            modes::Form::Set
        };
        let deeper = indent > self.opened_at;
        recognized |= self.mode != Mode::Exec && elsewhere::is_of_ios(words);
        let mut passed_over = true;
        for mode in self.mode.chain() {
            match modes::run(configuration, mode, form, words, deeper)? {
                Command::NotKnown => {}
                Command::Done => {
                    (passed_over, recognized) = (false, true);
                    break;
                }
                Command::Opened(mode) => {
                    self.mode = mode;
                    self.opened_at = indent;
                    self.indented = false;
                    recognized |= mode != Mode::Other;
                    passed_over = mode == Mode::Other;
                    break;
                }
            }
        }
        configuration.passed_over =
            configuration.passed_over.saturating_add(usize::from(passed_over));
        configuration.recognized = configuration.recognized.saturating_add(usize::from(recognized));
        Ok(())
    }
}
