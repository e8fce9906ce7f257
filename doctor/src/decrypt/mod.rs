//! `decrypt`: a capture in, its streams in the clear out. Reads the capture twice, first for the
//! SIP in it and then for the media, since packets may come before the SDP with their key.

pub mod diagnose;
pub mod direction;
pub mod engine;
pub mod plan;
pub mod report;
mod short_tag;
pub mod sink;
pub mod stream;
mod trial;

use std::io::Write;

use crate::calls::{Description, Exchange, Outcome, Place};
use crate::capture;
use crate::cli::{Common, DecryptArgs};
use crate::failure::{Exit, Failure};
use crate::input::Input;
use crate::net::Dissector;
use crate::progress::Progress;
use crate::signalling::Signalling;

use engine::Engine;
use plan::Plan;
use report::Report;
use sink::Sink;

/// Runs the command: results to `out`, remarks to `err`.
///
/// # Errors
/// A [`Failure`] where there is nothing to report on.
pub fn run(
    args: &DecryptArgs,
    common: Common,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> Result<Exit, Failure> {
    let given = given(args)?;
    let mut input = Input::open(&args.capture)?;
    let mut progress = Progress::new(input.len() * 2);
    let mut remark = |text: &str| {
        // Nobody to tell when standard error is closed.
        let _ = writeln!(err, "{text}");
    };

    let signalling = match &given {
        Some(_) => Signalling::default(),
        None => Signalling::listen(&mut input, &mut progress)?,
    };
    let given_keys = given.is_some();
    let plan = match given {
        Some(plan) => plan,
        None => {
            let advice = "give the keys with --crypto or --sdp";
            signalling.check(input.name(), advice)?;
            Plan::new(&signalling.exchanges)
        }
    };
    let name = input.name().to_owned();
    let from_capture = if given_keys { "" } else { &format!("{name}: ") };
    for complaint in signalling.complaints.iter().chain(&plan.complaints) {
        remark(&format!("{from_capture}{complaint}"));
    }

    let mut sink = args.out.as_ref().map(|dir| Sink::new(dir, args.wav)).transpose()?;
    let mut engine = Engine::new(&plan.directions);
    let mut dissector = Dissector::default();
    let len = input.len();
    let mut packets = 0;
    let broken = capture::read(&name, input.rewound()?, |frame, done| {
        packets = frame.number;
        progress.at(len + done);
        match dissector.udp(&frame) {
            Some(datagram) => engine.datagram(&datagram, sink.as_mut()),
            None => Ok(()),
        }
    })?;
    let took = progress.finish();
    let (streams, ignored) = engine.finish();
    dissector.to_string().lines().for_each(|line| remark(&format!("{name}: {line}")));
    if ignored > 0 {
        remark(&format!("{name}: {ignored} packets of ever more streams are left out"));
    }
    if let Some(broken) = &broken {
        remark(&format!("{name}: {broken}"));
    }
    if let Some(took) = took {
        let seconds = took.as_secs_f64();
        #[allow(clippy::cast_precision_loss)] // a rate for people
        let rate = len as f64 / 1e6 / seconds;
        remark(&format!("{packets} packets in {seconds:.1} s, {rate:.0} MB/s"));
    }

    let mut report = Report::new(&plan.directions, &signalling.exchanges, streams);
    if report.is_empty() && broken.is_none() && !report.refused() {
        let what = format!("no RTP or RTCP in {packets} packets that could be decrypted");
        return Err(Failure::input(name, what));
    }
    if let Some(sink) = sink {
        report.attach(sink.finish()?);
    }
    let failed = |error| Failure::input("standard output", crate::input::plainly(&error));
    if common.json { report.json(out) } else { report.human(common, out) }.map_err(failed)?;
    Ok(if broken.is_some() { Exit::Unreadable } else { report.exit() })
}

/// The keys given on the command line, if any were.
fn given(args: &DecryptArgs) -> Result<Option<Plan>, Failure> {
    if args.crypto.is_empty() && args.sdp.is_empty() {
        return Ok(None);
    }
    let mut plan = Plan::default();
    for line in &args.crypto {
        let direction =
            plan::key(line).map_err(|error| Failure::usage(format!("--crypto: {error}")))?;
        plan.directions.push(direction);
    }
    let mut names = Vec::new();
    let mut descriptions = Vec::new();
    for (number, path) in (0..).zip(&args.sdp) {
        let mut input = Input::open(path)?;
        let text = input.text()?;
        sdes_sdp::Sdp::parse(&text).map_err(|error| Failure::input(input.name(), error))?;
        names.push(input.name().to_owned());
        descriptions.push(Description {
            text,
            tag: String::new(),
            place: Place { number, hop: None },
        });
    }
    let name = |number| {
        let name = usize::try_from(number).ok().and_then(|at: usize| names.get(at));
        name.map_or_else(String::new, |name| format!("{name}:"))
    };
    let exchange = |offer, outcome| Exchange {
        call: 0,
        call_id: String::new(),
        request: String::new(),
        offerer: String::new(),
        offer,
        outcome,
    };
    match descriptions.as_slice() {
        [offer, answer] => {
            let outcome = Outcome::Answered { answer: answer.clone(), status: 200 };
            plan.exchange(&exchange(offer.clone(), outcome), name);
        }
        alone => alone.iter().for_each(|description| {
            plan.exchange(&exchange(description.clone(), Outcome::Unanswered), name);
        }),
    }
    if !plan.directions.iter().any(|direction| direction.keying().is_some()) {
        let first = plan.complaints.first().cloned();
        return Err(Failure {
            exit: Exit::Unreadable,
            message: first.unwrap_or_else(|| {
                format!(
                    "{}: no media section with an a=crypto line to decrypt with",
                    names.join(", ")
                )
            }),
        });
    }
    Ok(Some(plan))
}
