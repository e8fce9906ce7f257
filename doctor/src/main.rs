//! The `srtp-doctor` command; everything it does is in the library of this package.

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    srtp_doctor::run(&srtp_doctor::cli::Cli::parse()).into()
}
