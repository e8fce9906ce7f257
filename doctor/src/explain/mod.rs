//! `explain`: what every offer and its answer come to, and why. The judgement is that of the
//! libraries; this finds the exchanges and sets what is said.

pub mod log;
pub mod verdict;

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use crate::calls::{Calls, Description, Exchange, Outcome, Place};
use crate::capture;
use crate::cli::{Common, ExplainArgs};
use crate::decrypt::direction::Shown;
use crate::dtls;
use crate::failure::{Exit, Failure};
use crate::input::{Input, plainly};
use crate::progress::Progress;
use crate::signalling::Signalling;
use crate::table::style;

use verdict::{Explained, LineExplained, MediaExplained, Result as Come, Side};

/// Exchanges with what is said of them.
struct Explanation {
    told: Vec<(Exchange, Explained)>,
    unanswered: Vec<Exchange>,
    broken: bool,
    /// What a number in a [`Place`] counts.
    unit: &'static str,
}

/// Runs the command: results to `out`, remarks to `err`.
///
/// # Errors
/// A [`Failure`] where there is nothing to explain.
pub fn run(
    args: &ExplainArgs,
    common: Common,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let mut remark = |text: String| {
        // Nobody to tell when standard error is closed.
        let _ = writeln!(err, "{text}");
    };
    let explanation = match &args.answer {
        Some(answer) => two(&mut Input::open(&args.offer)?, &mut Input::open(answer)?)?,
        None => trace(&mut Input::open(&args.offer)?, &mut remark)?,
    };
    let failed = |error: io::Error| Failure::input("standard output", plainly(&error));
    if common.json {
        let exchanges = explanation.told.iter().map(|(_, explained)| explained).collect();
        serde_json::to_writer(&mut *out, &Json { exchanges })
            .map_err(io::Error::from)
            .and_then(|()| writeln!(out))
            .map_err(failed)?;
    } else {
        explanation.human(common, out).map_err(failed)?;
    }
    Ok(explanation.exit())
}

#[derive(Serialize)]
struct Json<'a> {
    exchanges: Vec<&'a Explained>,
}

/// An offer and an answer from two files.
fn two(offer: &mut Input, answer: &mut Input) -> Result<Explanation, Failure> {
    let description = |input: &mut Input| {
        Ok(Description { text: input.text()?, tag: String::new(), place: Place::default() })
    };
    let (offered, answered) = (description(offer)?, description(answer)?);
    let exchange = Exchange {
        call: 0,
        call_id: String::new(),
        request: String::new(),
        offerer: String::new(),
        offer: offered,
        outcome: Outcome::Answered { answer: answered, status: 200 },
    };
    let explained = verdict::explain(&exchange, &[]).map_err(|(side, error)| match side {
        Side::Offer => Failure::input(offer.name(), error),
        Side::Answer => Failure::input(answer.name(), error),
    })?;
    let told = explained.map(|explained| (exchange, without_sip(explained)));
    let told = told.into_iter().collect();
    Ok(Explanation { told, unanswered: Vec::new(), broken: false, unit: "" })
}

/// Two files have no status; what it would be follows from what they come to.
fn without_sip(mut explained: Explained) -> Explained {
    explained.status = if explained.outcome == Come::Rejected { 488 } else { 200 };
    explained
}

/// All exchanges in a capture or a log.
fn trace(input: &mut Input, remark: &mut dyn FnMut(String)) -> Result<Explanation, Failure> {
    let magic = input.magic()?;
    let name = input.name().to_owned();
    let (unit, exchanges, complaints, broken) = if capture::is_capture(&magic) {
        let mut progress = Progress::new(input.len());
        let found = Signalling::listen(input, &mut progress)?;
        progress.finish();
        found
            .check(&name, "SIP over TLS cannot be seen in a capture; a log of the stack has it")?;
        let complaints = [found.complaints, found.leftovers].concat();
        ("packet", found.exchanges, complaints, found.broken)
    } else {
        let text = input.text()?;
        let mut calls = Calls::default();
        let complaints = log::read(&text, &mut calls);
        let (lines, messages) = (text.lines().count(), calls.messages());
        let exchanges = calls.exchanges();
        if exchanges.is_empty() {
            let heard = complaints.first().map(|complaint| format!(" ({complaint})"));
            let what = format!(
                "{messages} SIP messages with {} SDP in {lines} lines{}; this is neither a capture \
                 nor a log of SIP, and an SDP offer needs its answer beside it",
                exchanges.len(),
                heard.unwrap_or_default()
            );
            return Err(Failure::input(name, what));
        }
        ("line", exchanges, complaints, None)
    };
    for complaint in complaints {
        remark(format!("{name}: {complaint}"));
    }
    if let Some(broken) = &broken {
        remark(format!("{name}: {broken}"));
    }
    let mut explanation =
        Explanation { told: Vec::new(), unanswered: Vec::new(), broken: broken.is_some(), unit };
    for exchange in exchanges {
        let before: Vec<&Exchange> = explanation
            .told
            .iter()
            .filter(|(earlier, come)| {
                earlier.call == exchange.call && come.outcome != Come::Rejected
            })
            .map(|(earlier, _)| earlier)
            .collect();
        match verdict::explain(&exchange, &before) {
            Ok(Some(explained)) => {
                explanation.told.push((exchange, explained));
            }
            Ok(None) => explanation.unanswered.push(exchange),
            Err((side, error)) => {
                let number = match (side, &exchange.outcome) {
                    (Side::Answer, Outcome::Answered { answer, .. }) => answer.place.number,
                    _ => exchange.offer.place.number,
                };
                remark(format!("{name}: {unit} {number}, SDP {error}"));
                explanation.broken = true;
            }
        }
    }
    Ok(explanation)
}

impl Explanation {
    /// For every call what it came to last counts; a refused re-offer leaves what was
    /// (RFC 3261 §14.1). Of several calls the worst decides.
    fn exit(&self) -> Exit {
        let mut last: BTreeMap<usize, Exit> = BTreeMap::new();
        for (exchange, explained) in &self.told {
            let any_plain = explained.media.iter().any(|media| media.outcome == Come::Rtp);
            let exit = match explained.outcome {
                Come::Rejected if last.contains_key(&exchange.call) => continue,
                Come::Rejected => Exit::Refused,
                _ if any_plain => Exit::Plain,
                _ => Exit::Secured,
            };
            // A call that was refused and then tried anew is what the new attempt came to.
            last.insert(exchange.call, exit);
        }
        if self.broken || last.is_empty() {
            return Exit::Unreadable;
        }
        last.into_values().max().unwrap_or(Exit::Unreadable)
    }

    fn human(&self, common: Common, out: &mut dyn Write) -> io::Result<()> {
        if self.told.is_empty() && self.unanswered.is_empty() {
            writeln!(out, "No offer with a readable answer.")?;
        }
        for (at, (exchange, explained)) in self.told.iter().enumerate() {
            if at > 0 {
                writeln!(out)?;
            }
            self.exchange(exchange, explained, common, out)?;
        }
        for exchange in &self.unanswered {
            let number = exchange.offer.place.number;
            writeln!(
                out,
                "\n{}Call {}, {}{:#}: the SDP of {} {number} has no counterpart here.",
                style::NOTE,
                exchange.call,
                exchange.request,
                style::NOTE,
                self.unit
            )?;
        }
        Ok(())
    }

    fn exchange(
        &self,
        exchange: &Exchange,
        explained: &Explained,
        common: Common,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        let (color, word) = come(explained.outcome);
        let because = because(&explained.reason, &explained.source);
        writeln!(out, "{color}{word}{color:#}: {because}.")?;
        let answer = match &exchange.outcome {
            Outcome::Answered { answer, .. } => Some(answer.place.number),
            Outcome::Refused { place, .. } => Some(place.number),
            Outcome::Unanswered => None,
        };
        if let (Some(answer), 1..) = (answer, exchange.call) {
            writeln!(
                out,
                "{}call {} ({}), {}: offer in {unit} {}, {} in {unit} {answer}{:#}",
                style::QUIET,
                exchange.call,
                exchange.call_id,
                exchange.request,
                exchange.offer.place.number,
                explained.status,
                style::QUIET,
                unit = self.unit
            )?;
        }
        for change in &explained.changes {
            writeln!(out, "  keys: {change}")?;
        }
        explained.media.iter().try_for_each(|media| medium(media, common, out))
    }
}

/// A reason with what it rests on, unless the sentence says so itself.
fn because(reason: &str, source: &str) -> String {
    if reason.contains("RFC ") { reason.to_owned() } else { format!("{reason} ({source})") }
}

fn come(outcome: Come) -> (anstyle::Style, &'static str) {
    match outcome {
        Come::Srtp => (style::GOOD, "SRTP"),
        Come::Rtp => (style::NOTE, "RTP, not secured"),
        Come::LeftAlone => (style::NOTE, "Left alone"),
        Come::Rejected => (style::BAD, "Rejected"),
    }
}

fn medium(media: &MediaExplained, common: Common, out: &mut dyn Write) -> io::Result<()> {
    let MediaExplained { index, kind, profile, port, .. } = media;
    let (color, word) = come(media.outcome);
    writeln!(
        out,
        "  m-line {}, {kind} {port} {profile}: {color}{word}{color:#}, {}",
        index + 1,
        because(&media.reason, &media.source)
    )?;
    if media.dtls {
        writeln!(out, "    {}{}{:#}", style::NOTE, dtls::ADVICE, style::NOTE)?;
    }
    if let Some(hold) = media.hold {
        writeln!(out, "    {}{hold}{:#} (RFC 3264 §8.4)", style::NOTE, style::NOTE)?;
    }
    if !media.params.is_empty() {
        writeln!(out, "    session parameters: {}", media.params.join(" "))?;
    }
    if let Some(mki) = &media.mki {
        writeln!(out, "    MKI: {mki}")?;
    }
    if let Some(lifetime) = media.lifetime {
        writeln!(out, "    lifetime: {lifetime} packets")?;
    }
    media.lines.iter().try_for_each(|line| crypto_line(line, common, out))
}

fn crypto_line(line: &LineExplained, common: Common, out: &mut dyn Write) -> io::Result<()> {
    let color = match line.verdict {
        "accepted" => style::GOOD,
        "skipped" => style::QUIET,
        _ => style::BAD,
    };
    let of = if line.answered { "answer" } else { "offer" };
    write!(out, "    {of} line {}", line.line_number)?;
    if let Some(tag) = line.tag {
        write!(out, ", tag {tag}")?;
    }
    if let Some(suite) = &line.suite {
        write!(out, " {suite}")?;
    }
    write!(out, ": {color}{}{color:#}", line.verdict)?;
    if line.verdict != "accepted" {
        write!(out, ", {}", because(&line.reason, &line.source))?;
    }
    writeln!(out)?;
    let shown;
    let text: &str = if common.show_keys {
        &line.text
    } else {
        shown = verdict::without_keys(&line.text);
        &shown
    };
    if !text.is_empty() {
        writeln!(out, "      {}{text}{:#}", style::QUIET, style::QUIET)?;
    }
    for key in &line.keys {
        let shown = Shown { key, secret: common.show_keys };
        writeln!(out, "      {}{shown}{:#}", style::QUIET, style::QUIET)?;
    }
    line.notes.iter().try_for_each(|note| writeln!(out, "      tolerated: {note}"))
}
