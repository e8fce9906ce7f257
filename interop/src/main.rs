//! `srtp-interop interop [PROGRAM...]` and `srtp-interop differential`; `./ci.sh interop` and
//! `./ci.sh differential` call it. The Markdown on standard output is for docs/EVIDENCE.md.

use std::path::Path;
use std::process::{Command, ExitCode};

use srtp_core::CryptoSuite;
use srtp_interop::exchange::{SSRC, Scope, exchange};
use srtp_interop::libsrtp::{self, Libsrtp};
use srtp_interop::peer::Agreed;
use srtp_interop::programs::gstreamer::GStreamer;
use srtp_interop::programs::{baresip, ffmpeg, gstreamer, pion, pylibsrtp};
use srtp_interop::report::Report;

const PROGRAMS: [&str; 6] = ["libsrtp", "pylibsrtp", "pion", "gstreamer", "ffmpeg", "baresip"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["interop", programs @ ..] if programs.iter().all(|name| PROGRAMS.contains(name)) => {
            interop(if programs.is_empty() { &PROGRAMS } else { programs })
        }
        ["differential", from, count] => match (from.parse(), count.parse()) {
            (Ok(from), Ok(count)) => differential(from, count),
            _ => ExitCode::from(2),
        },
        _ => {
            eprintln!("usage: srtp-interop interop [PROGRAM...], of {PROGRAMS:?}");
            eprintln!("       srtp-interop differential FIRST_SEED SEQUENCES");
            ExitCode::from(2)
        }
    }
}

fn differential(first: u64, count: u64) -> ExitCode {
    match srtp_interop::differential::run(first..first.saturating_add(count)) {
        Ok(tally) => {
            print!("{tally}");
            ExitCode::SUCCESS
        }
        Err(disagreement) => {
            eprintln!("{disagreement}");
            ExitCode::FAILURE
        }
    }
}

fn interop(programs: &[&str]) -> ExitCode {
    let mut report = Report::default();
    for program in programs {
        match *program {
            "libsrtp" => with_libsrtp(&mut report),
            "pylibsrtp" => with_pylibsrtp(&mut report),
            "pion" => with_pion(&mut report),
            "gstreamer" => with_gstreamer(&mut report),
            "ffmpeg" => with_ffmpeg(&mut report),
            _ => with_baresip(&mut report),
        }
    }
    print!("{report}");
    if report.failed() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// One line of what a program says of itself.
fn version(command: &str, arguments: &[&str], line: &str) -> String {
    let output = Command::new(command).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    let found = text.lines().find(|text| text.contains(line)).unwrap_or(command);
    found.split(" Copyright").next().unwrap_or(command).trim().replace("ffmpeg version", "ffmpeg")
}

fn variants(suite: CryptoSuite, name: &str) -> Vec<(String, Agreed)> {
    let plain = Agreed::new(suite, name);
    vec![
        (suite.to_string(), plain.clone()),
        (format!("{suite}, MKI of 4 bytes"), Agreed { mki: vec![1, 2, 3, 4], ..plain.clone() }),
        (format!("{suite}, MKI of 128 bytes"), Agreed { mki: vec![7; 128], ..plain.clone() }),
        (format!("{suite}, ROC set to 4294967280"), Agreed { roc: 0xffff_fff0, ..plain }),
    ]
}

fn with_libsrtp(report: &mut Report) {
    let program = libsrtp::version();
    for suite in libsrtp::SUITES {
        for (what, agreed) in variants(suite, "libsrtp") {
            if libsrtp::is_aes_192(suite) {
                continue;
            }
            let scope = libsrtp::scope(&agreed);
            let what = if scope.rtcp { what } else { what + ", RTP only" };
            let result = exchange(&agreed, &mut Libsrtp::new(&agreed, SSRC), scope);
            report.add(&program, &what, result);
        }
    }
}

fn with_pylibsrtp(report: &mut Report) {
    let python = std::env::var("INTEROP_PYTHON").unwrap_or_else(|_| "python3".into());
    let script = "import importlib.metadata as m; print('pylibsrtp', m.version('pylibsrtp'))";
    let program = version(&python, &["-c", script], "pylibsrtp");
    for suite in pylibsrtp::SUITES {
        let agreed = Agreed::new(suite, "pylibsrtp");
        let result = pylibsrtp::start(&python, &agreed)
            .and_then(|mut peer| exchange(&agreed, &mut peer, Scope::ALL));
        report.add(&program, suite.name(), result);
    }
}

fn with_pion(report: &mut Report) {
    let package =
        ["--showformat=pion/srtp ${Version}\n", "--show", "golang-github-pion-srtp.v2-dev"];
    let program = version("dpkg-query", &package, "pion/srtp");
    let Ok(filter) = std::env::var("INTEROP_PION") else {
        let why = "INTEROP_PION does not say where interop/pion/filter.go was built to";
        return report.add(&program, "", Err(why.into()));
    };
    for suite in pion::SUITES {
        for (what, agreed) in variants(suite, "pion") {
            // It knows no MKI.
            if !agreed.mki.is_empty() {
                continue;
            }
            let result = pion::start(&filter, &agreed).and_then(|mut peer| {
                let tally = exchange(&agreed, &mut peer, Scope::ALL)?;
                pion::differences(&mut peer, &agreed)?;
                Ok(tally)
            });
            report.add(&program, &what, result);
        }
    }
}

fn with_gstreamer(report: &mut Report) {
    let program = version("gst-launch-1.0", &["--version"], "GStreamer");
    for suite in gstreamer::SUITES {
        for (what, agreed) in variants(suite, "gstreamer") {
            let mut scope = gstreamer::scope(suite);
            // srtpenc cannot be told a rollover counter.
            scope.protects = agreed.roc == 0;
            let what = if scope.rtcp { what } else { what + ", RTP only" };
            if agreed.mki.len() > 4 || libsrtp::loses_rtcp_mki(&agreed) {
                continue;
            }
            let result = GStreamer::new(&agreed, scope.protects, scope.unprotects)
                .and_then(|mut peer| exchange(&agreed, &mut peer, scope));
            report.add(&program, &what, result);
        }
    }
}

fn with_ffmpeg(report: &mut Report) {
    let program = version("ffmpeg", &["-version"], "ffmpeg version");
    let folder = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => return report.add(&program, "", Err(error.to_string())),
    };
    for suite in ffmpeg::SUITES {
        let agreed = Agreed::new(suite, "ffmpeg");
        let what = |how: &str| format!("{suite}, {how}");
        report.add(&program, &what("-srtp_out_suite"), ffmpeg::sends(&agreed, folder.path()));
        if suite != CryptoSuite::AesCm128HmacSha1_80 {
            let result = ffmpeg::sends_with_short_srtcp_tag(&agreed, folder.path());
            report.add(&program, &what("by that name, RTP only"), result);
        }
        report.add(&program, &what("-srtp_in_suite"), ffmpeg::receives(&agreed));
        let result = ffmpeg::receives_by_sdp(&agreed, folder.path());
        report.add(&program, &what("a=crypto in an SDP of ours"), result);
    }
}

fn with_baresip(report: &mut Report) {
    let program = version("baresip", &["-h"], "baresip v");
    let what = "calls doctor/examples/user_agent.rs, which echoes";
    let Ok(user_agent) = std::env::var("INTEROP_USER_AGENT") else {
        let why = "INTEROP_USER_AGENT does not say where the user agent is";
        return report.add(&program, what, Err(why.into()));
    };
    let result = tempfile::tempdir().map_err(|error| error.to_string());
    let result = result.and_then(|folder| baresip::call(Path::new(&user_agent), folder.path()));
    match result {
        Ok((tally, suite)) => report.add(&program, &format!("{suite}, {what}"), Ok(tally)),
        Err(why) => report.add(&program, what, Err(why)),
    }
}
