//! "The key and salt MUST be unique in the entire SDP": which lines break that rule.
//!
//! Read first: RFC 4568 §6.1, §7.1.2.

use sdes_sdp::sdp::Sdp;
use sdes_sdp::{CryptoAttribute, MasterKey};

use crate::capability::offered_lines;

/// How many crypto lines of an SDP are compared with each other; those beyond are not.
pub const MAX_COMPARED_LINES: usize = 64;

/// A crypto line whose key stands on an earlier line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub struct RepeatedKey {
    /// The line of the SDP, the first being 1.
    pub line_number: usize,
    /// The earlier line with the same key and salt.
    pub earlier: usize,
}

/// The valid crypto lines of an SDP with their line numbers.
fn lines<'s>(sdp: &'s Sdp<'_>) -> impl Iterator<Item = (usize, CryptoAttribute)> + use<'s> {
    sdp.media()
        .flat_map(|media| media.crypto())
        .filter_map(|entry| Some((entry.line_number, entry.parsed.ok()?.meaning().ok()?)))
}

/// The lines of an SDP whose key and salt stand on an earlier line of it: a warning by default, a
/// refusal under [`KeyReuse::Refuse`](crate::KeyReuse::Refuse).
pub fn repeated_keys(sdp: &Sdp<'_>) -> impl Iterator<Item = RepeatedKey> {
    lines(sdp).take(MAX_COMPARED_LINES).filter_map(move |(line_number, line)| {
        let (earlier, _) = lines(sdp)
            .take_while(|(earlier, _)| *earlier < line_number)
            .find(|(_, other)| other.shares_key_with(&line))?;
        Some(RepeatedKey { line_number, earlier })
    })
}

/// Whether a key stands on any line of an SDP.
pub(crate) fn contains(sdp: &Sdp<'_>, key: &MasterKey) -> bool {
    // Capabilities of RFC 5939 hold keys just as lines do.
    let capabilities =
        sdp.media().flat_map(|media| offered_lines(&media)).filter_map(|line| line.meaning().ok());
    lines(sdp)
        .map(|(_, line)| line)
        .chain(capabilities)
        .any(|line| line.keys().iter().any(|other| other.same_key_salt(key)))
}
