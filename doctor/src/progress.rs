//! A progress bar for captures that take more than a second, on a terminal only.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Shorter work shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many bytes go by between two looks at the clock.
const STEP: u64 = 4 << 20;

/// How far the reading of a capture has come.
#[derive(Debug)]
pub struct Progress {
    started: Instant,
    total: u64,
    looked: u64,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Work of this many bytes.
    pub fn new(total: u64) -> Self {
        Self { started: Instant::now(), total, looked: 0, bar: None }
    }

    /// So many bytes are done.
    pub fn at(&mut self, done: u64) {
        if done.saturating_sub(self.looked) < STEP {
            return;
        }
        self.looked = done;
        if self.bar.is_none() && self.started.elapsed() > PATIENCE {
            // Hidden by itself where standard error is not a terminal.
            let bar = ProgressBar::with_draw_target(Some(self.total), ProgressDrawTarget::stderr());
            let template = "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.reset_elapsed();
            self.bar = Some(bar);
        }
        if let Some(bar) = &self.bar {
            bar.set_position(done);
        }
    }

    /// Takes the bar away. Says how long it took if that was long enough to ask.
    pub fn finish(self) -> Option<Duration> {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        Some(self.started.elapsed()).filter(|took| *took > PATIENCE)
    }
}
