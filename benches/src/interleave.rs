//! Measuring several contestants in turns, so that a machine that slows down slows all of them.

use std::time::Duration;

/// One of those to compare: its name and what runs one batch.
pub struct Entry {
    /// As in tables.
    pub name: &'static str,
    /// Runs a batch and says how long it took.
    pub batch: Box<dyn FnMut() -> Duration>,
    /// What a batch is divided by.
    pub per: u32,
}

/// Nanoseconds per packet, or per whatever a batch is divided by.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cost {
    /// The quickest batch: what the code costs when nothing disturbs it.
    pub least: f64,
    /// The batch in the middle.
    pub median: f64,
}

/// Runs a batch of each in turns, so many times, and sorts out what they cost, in the same order.
pub fn compare(entries: &mut [Entry], rounds: usize) -> Vec<Cost> {
    let mut times = vec![Vec::with_capacity(rounds); entries.len()];
    for round in 0..rounds + 2 {
        for (entry, times) in entries.iter_mut().zip(&mut times) {
            let time = (entry.batch)().as_secs_f64() * 1e9 / f64::from(entry.per);
            // The first two warm caches and predictors.
            if round > 1 {
                times.push(time);
            }
        }
    }
    times
        .into_iter()
        .map(|mut times| {
            times.sort_by(f64::total_cmp);
            let at = |index: usize| times.get(index).copied().unwrap_or(f64::NAN);
            Cost { least: at(0), median: at(times.len() / 2) }
        })
        .collect()
}
