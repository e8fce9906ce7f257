//! `connect`: two configurations played against each other, every step with its reason.
//!
//! Read first: RFC 3264 §5 to §7, RFC 4568 §7.1.

use std::io::Write;

use serde::Serialize;
use srtp_negotiation::connect::{Circumstances, Connected, connect};
use srtp_negotiation::{NegotiatedParameter, Outcome};

use crate::cli::{Common, ConnectArgs, Tls};
use crate::failure::{Exit, Failure};
use crate::input::plainly;
use crate::parties::Loaded;
use crate::table::style::{BAD, GOOD, HEAD, NOTE, QUIET};

#[derive(Serialize)]
struct Json {
    outcome: &'static str,
    status: Option<u16>,
    steps: Vec<StepJson>,
    media: Option<MediaJson>,
    padlock: bool,
}

#[derive(Serialize)]
struct StepJson {
    from: &'static str,
    action: &'static str,
    summary: String,
    reason: String,
    source: &'static str,
}

#[derive(Serialize)]
struct MediaJson {
    tag: u32,
    suite: &'static str,
    params: Vec<&'static str>,
    /// How far the media are encrypted, where that is not to the other end.
    extent: Option<&'static str>,
}

/// Runs the command.
///
/// # Errors
/// A configuration that cannot be read; a system without randomness.
pub fn run(args: &ConnectArgs, common: Common, out: &mut dyn Write) -> Result<Exit, Failure> {
    let caller = Loaded::read(&args.caller, &args.party)?;
    let callee = Loaded::read(&args.callee, &args.party)?;
    let around = Circumstances { tls: args.tls.map(|tls| tls == Tls::On), ..Default::default() };
    let mut randomness = Ok(());
    let mut keys = |key: &mut [u8]| {
        if let Err(error) = getrandom::fill(key) {
            randomness = Err(Failure::input("the system's random source", error));
        }
    };
    let call = caller.with(&args.party, |caller| {
        callee.with(&args.party, |callee| {
            connect(&caller, &callee, &around, &mut keys)
                .map_err(|error| Failure::input("the call", error))
        })
    })?;
    randomness?;
    let written = if common.json {
        serde_json::to_writer(&mut *out, &json(&call))
            .map_err(std::io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        tell(&call, out)
    };
    written.map_err(|error| Failure::input("standard output", plainly(&error)))?;
    Ok(exit(call.outcome))
}

/// The exit code of an outcome.
pub fn exit(outcome: Outcome) -> Exit {
    match outcome {
        Outcome::Srtp => Exit::Secured,
        Outcome::Rtp => Exit::Plain,
        Outcome::Rejected => Exit::Refused,
    }
}

fn params(call: &Connected) -> Vec<&'static str> {
    let agreed = call.media.iter().flat_map(|media| {
        let all = NegotiatedParameter::ALL.iter();
        all.filter(|parameter| parameter.is_in(&media.parameters))
    });
    agreed.map(|parameter| parameter.name()).collect()
}

fn json(call: &Connected) -> Json {
    let steps = call.steps.iter().map(|step| StepJson {
        from: step.from.as_str(),
        action: step.act.as_str(),
        summary: step.summary.to_string(),
        reason: step.reason.to_string(),
        source: step.reason.source(),
    });
    Json {
        outcome: call.outcome.as_str(),
        status: call.status,
        steps: steps.collect(),
        media: call.media.as_ref().map(|media| MediaJson {
            tag: media.tag,
            suite: media.suite.name(),
            params: params(call),
            extent: call.extent.map(|rule| rule.sentence),
        }),
        padlock: call.padlock,
    }
}

fn tell(call: &Connected, out: &mut dyn Write) -> std::io::Result<()> {
    match (&call.media, call.outcome) {
        (Some(media), _) => {
            write!(out, "{GOOD}SRTP{GOOD:#}: {}, line {}", media.suite, media.tag)?;
            for parameter in params(call) {
                write!(out, ", {NOTE}{parameter}{NOTE:#}")?;
            }
            if call.padlock {
                write!(out, "; the phone shows its padlock")?;
            }
            writeln!(out)?;
        }
        (None, Outcome::Rejected) => {
            writeln!(out, "{BAD}No call{BAD:#}: {}", call.reason())?;
        }
        (None, _) => writeln!(out, "{NOTE}Plain RTP{NOTE:#}: {}", call.reason())?,
    }
    if call.media.is_some() && !call.tls {
        writeln!(out, "{NOTE}The keys went over clear SIP{NOTE:#}: whoever saw it can listen.")?;
    }
    if let Some(extent) = call.extent {
        writeln!(out, "{NOTE}{}{NOTE:#} {QUIET}[{}]{QUIET:#}", extent.sentence, extent.source)?;
    }
    writeln!(out)?;
    for (step, n) in call.steps.iter().zip(1..) {
        writeln!(out, "{n:>2}. {HEAD}{}{HEAD:#}: {}", step.from.as_str(), step.summary)?;
        let (reason, source) = (&step.reason, step.reason.source());
        writeln!(out, "    {reason} {QUIET}[{source}]{QUIET:#}")?;
    }
    Ok(())
}
