#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

pub mod answer;
pub mod cisco;
pub mod decide;
pub mod judge;
pub mod party;
pub mod polycom;
pub mod reason;
pub mod verify;

pub use answer::{AnswerError, LocalMedia, LocalSession, accepting_line, write_answer};
pub use decide::{Decision, MAX_MEDIA, MediaDecision, MediaOutcome, Outcome, decide};
pub use judge::{LineVerdict, Verdict, line_verdicts};
pub use party::{
    Action, AnswerRow, Cell, ParameterRule, ParameterRules, Party, Preference, StreamPolicy,
};
pub use reason::{NegotiatedParameter, Reason, Rule};
pub use verify::{answered_verdicts, offered_verdicts, verify};
