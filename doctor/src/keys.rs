//! `keys`: a fresh crypto line from the system's random source, to paste into an SDP or a test.
//!
//! Read first: RFC 4568 §6.1 (keys are fresh and random), §9.1.

use std::fmt::Write as _;
use std::io::Write;

use sdes_sdp::{CryptoAttribute, CryptoLine, CryptoSuite, Emit, MasterKey, Tolerance};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::cli::{Common, KeysArgs};
use crate::failure::{Exit, Failure};
use crate::input::plainly;
use crate::secret::Text;

#[derive(Serialize)]
struct Json<'a> {
    line: &'a str,
}

/// Runs the command: the line to `out`.
///
/// # Errors
/// An option that makes no valid line, or a system without randomness.
pub fn run(args: &KeysArgs, common: Common, out: &mut dyn Write) -> Result<Exit, Failure> {
    let suite = CryptoSuite::from_name(&args.suite).ok_or_else(|| unknown(&args.suite))?;
    let key = fresh(suite)?;
    let bare = CryptoAttribute::new(args.tag, key, Default::default())
        .map_err(|error| Failure::usage(format!("--tag {}: {error}", args.tag)))?;
    // What the options add is judged like any line: by the library, from the text.
    let mut text = Text::default();
    let mut add = |more: std::fmt::Arguments<'_>| text.write_fmt(more).map_err(Failure::usage);
    add(format_args!("{}", bare.value(&Emit::default())))?;
    // The two are told apart by their colon (RFC 4568 §9.2).
    for (option, field, colon) in [("lifetime", &args.lifetime, false), ("mki", &args.mki, true)] {
        let Some(field) = field else { continue };
        if field.contains(':') != colon || field.contains(['|', ' ']) {
            return Err(Failure::usage(format!("--{option}: {field} is not one (RFC 4568 §6.1)")));
        }
        add(format_args!("|{field}"))?;
    }
    for parameter in &args.param {
        add(format_args!(" {parameter}"))?;
    }
    let parsed = CryptoLine::parse(&text).and_then(|line| line.validate(Tolerance::Tolerant));
    let line = parsed.map_err(|error| Failure::usage(error.kind))?.attribute;
    let mut text = Text::default();
    write!(text, "{}", line.line(&Emit::default())).map_err(Failure::usage)?;
    let line: &str = &text;
    let written = if common.json {
        serde_json::to_writer(&mut *out, &Json { line })
            .map_err(std::io::Error::from)
            .and_then(|()| writeln!(out))
    } else {
        writeln!(out, "{line}")
    };
    written.map_err(|error| Failure::input("standard output", plainly(&error)))?;
    Ok(Exit::Secured)
}

/// `--suite` with a name that is none.
pub(crate) fn unknown(suite: &str) -> Failure {
    let known: Vec<&str> = CryptoSuite::ALL.iter().map(|suite| suite.name()).collect();
    Failure::usage(format!("--suite {suite}: known are {}", known.join(", ")))
}

fn fresh(suite: CryptoSuite) -> Result<MasterKey, Failure> {
    let mut bytes = Zeroizing::new(vec![0; suite.key_salt_len()]);
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::input("the system's random source", error))?;
    MasterKey::new(suite, &bytes).map_err(Failure::usage)
}
