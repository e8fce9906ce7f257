//! The same random sequences of operations to our contexts and to libsrtp: bytes and outcomes must
//! agree, but for the differences that docs/DIFFERENCES.md decides by an RFC sentence.

mod case;
mod outcome;
mod play;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

pub use case::{Case, Operation};
pub use outcome::{Class, Difference};
pub use play::{Disagreement, play};

/// What many sequences came to.
#[derive(Default)]
pub struct Tally {
    pub sequences: u64,
    pub operations: u64,
    /// Packets protected by both.
    pub protected: u64,
    /// Packets given to both to unprotect.
    pub offered: u64,
    /// How often both said this.
    pub agreed: BTreeMap<(&'static str, Class), u64>,
    /// How often they differed in a way that is written down.
    pub differed: BTreeMap<Difference, u64>,
    pub took: Duration,
}

/// Plays the sequences of these seeds.
///
/// # Errors
/// The first disagreement, cut down to the operations that it takes.
pub fn run(seeds: impl IntoIterator<Item = u64>) -> Result<Tally, String> {
    let start = std::time::Instant::now();
    let mut tally = Tally::default();
    for seed in seeds {
        let case = Case::random(seed);
        if let Err(disagreement) = play(&case, &mut tally) {
            let (case, disagreement) = shrink(case, disagreement);
            return Err(format!("seed {seed}: {disagreement}\n{case}"));
        }
        tally.sequences += 1;
        tally.operations += case.operations.len() as u64;
    }
    tally.took = start.elapsed();
    Ok(tally)
}

/// Leaves out operations, one by one and again, as long as something still disagrees.
fn shrink(mut case: Case, mut disagreement: Disagreement) -> (Case, Disagreement) {
    let mut at = case.operations.len();
    while at > 0 {
        at -= 1;
        let mut shorter = case.clone();
        shorter.operations.remove(at);
        if let Err(still) = play(&shorter, &mut Tally::default()) {
            at = at.min(shorter.operations.len());
            (case, disagreement) = (shorter, still);
        }
    }
    (case, disagreement)
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sequences, operations, protected, offered, .. } = self;
        writeln!(
            f,
            "{sequences} sequences of {operations} operations, seeds 0 to {}, against {}: {protected} \
             packets protected by both, {offered} offered to both, in {:.0} s. Differences that are \
             not in [DIFFERENCES.md](DIFFERENCES.md): none.\n",
            sequences.saturating_sub(1),
            crate::libsrtp::version(),
            self.took.as_secs_f64()
        )?;
        writeln!(f, "| direction | both say | times |\n|---|---|--:|")?;
        for ((direction, class), times) in &self.agreed {
            writeln!(f, "| {direction} | {class:?} | {times} |")?;
        }
        writeln!(f, "\n| difference | times |\n|---|--:|")?;
        for (difference, times) in &self.differed {
            writeln!(f, "| {difference} | {times} |")?;
        }
        Ok(())
    }
}
