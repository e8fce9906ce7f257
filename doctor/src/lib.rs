#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod answer;
pub mod calls;
pub mod capture;
pub mod cli;
pub mod connect;
pub mod decrypt;
pub mod dtls;
pub mod explain;
pub mod failure;
pub mod g711;
pub mod input;
pub mod keys;
pub mod net;
pub mod output;
pub mod packet;
pub mod parties;
pub mod progress;
pub mod rtp;
pub mod secret;
pub mod signalling;
pub mod sip;
pub mod strange;
pub mod table;
pub mod tcp;
pub mod terminal;

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};

use cli::{Cli, Color, Command};
use failure::Exit;
use terminal::Visible;

/// Runs a parsed command line on the standard streams.
pub fn run(cli: &Cli) -> Exit {
    let choice = match cli.common.color {
        Color::Auto => ColorChoice::Auto,
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    };
    let mut out = Visible::new(io::BufWriter::new(AutoStream::new(io::stdout().lock(), choice)));
    let mut err = Visible::new(AutoStream::new(io::stderr(), choice));
    let result = match &cli.command {
        Command::Decrypt(args) => decrypt::run(args, cli.common, &mut out, &mut err),
        Command::Answer(args) => answer::run(args, cli.common, &mut out, &mut err),
        Command::Connect(args) => connect::run(args, cli.common, &mut out),
        Command::Explain(args) => explain::run(args, cli.common, &mut out, &mut err),
        Command::Packet(args) => packet::run(args, cli.common, &mut out),
        Command::Keys(args) => keys::run(args, cli.common, &mut out),
    };
    let result = result.and_then(|exit| match out.flush() {
        Ok(()) => Ok(exit),
        Err(error) => Err(failure::Failure::input("standard output", input::plainly(&error))),
    });
    result.unwrap_or_else(|failure| {
        let bad = table::style::BAD;
        // Nobody to tell when standard error is closed.
        let _ = writeln!(err, "{bad}error{bad:#}: {failure}");
        failure.exit
    })
}
