//! The exit codes, which are a contract with scripts, and the sentence that goes with a bad one.

use std::fmt;
use std::process::ExitCode;

/// How a run ended. The numbers are documented in `--help` and in the README and never change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Exit {
    /// Everything asked for is SRTP, was decrypted, was done.
    Secured = 0,
    /// Some input could not be read, or not to its end; or an output could not be written.
    Unreadable = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The outcome is plain RTP.
    Plain = 3,
    /// The call was refused (a SIP 4xx to 6xx), or some packet failed authentication.
    Refused = 4,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command gave up: one sentence for standard error and the exit code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What went wrong, and where: file, line and column, packet and byte as far as known.
    pub message: String,
}

impl Failure {
    /// An input that cannot be used; `place` is a file, with line and column where that helps.
    pub fn input(place: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self { exit: Exit::Unreadable, message: format!("{place}: {what}") }
    }

    /// A command line that cannot be meant.
    pub fn usage(what: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, message: what.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
