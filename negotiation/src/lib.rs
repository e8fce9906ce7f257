#![doc = include_str!("../README.md")]
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

pub mod answer;
pub mod capability;
pub mod cisco;
pub mod connect;
pub mod decide;
pub mod fork;
pub mod judge;
pub mod keys;
pub mod offer;
pub mod party;
pub mod peer;
pub mod polycom;
pub mod reason;
pub mod renegotiate;
mod text;
pub mod twilio;
pub mod verify;

pub use answer::{AnswerError, LocalMedia, LocalSession, accepting_line, write_answer};
pub use capability::Potential;
pub use decide::{Decision, MAX_MEDIA, MediaDecision, MediaOutcome, Outcome, decide};
pub use fork::{Branch, EarlyMedia, ForkPolicy, early_media, forked};
pub use judge::{LineVerdict, Verdict, line_verdicts};
pub use keys::{MAX_COMPARED_LINES, RepeatedKey, repeated_keys};
pub use offer::{Layout, OfferError, OfferForm, OfferedStream, write_offer};
pub use party::{
    Action, AnswerRow, Cell, ENCRYPTING_SUITES, ParameterRule, ParameterRules, Party, Preference,
    StreamPolicy,
};
pub use peer::{KeyReuse, NewKeyRoc, PeerProfile};
pub use reason::{NegotiatedParameter, Reason, Rule};
pub use renegotiate::{
    Change, Context, Exchange, Renegotiation, Roc, Role, answered_direction, decide_reoffer,
    is_hold, moved, renegotiate,
};
pub use verify::{answered_verdicts, offered_verdicts, verify, verify_with};
