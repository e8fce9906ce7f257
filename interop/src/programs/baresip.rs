//! baresip as a SIP client that calls `doctor/examples/user_agent.rs` and is echoed: SDES, SRTP and
//! SRTCP both ways. What it heard is compared with what it said.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{PATIENCE, free_port_pair, port, start};
use crate::exchange::Tally;

/// How long the call lasts, in seconds.
const CALL: u16 = 8;
const SPEECH: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../test-vectors/captures/speech-8khz-mono.wav");

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// A call of some seconds. `user_agent` is the program of that example.
pub fn call(user_agent: &Path, folder: &Path) -> Result<(Tally, String), String> {
    let (a, b) = free_port_pair()?;
    let (ours, theirs) = (port(&a)?, port(&b)?);
    drop((a, b));
    let said = folder.join("user_agent.txt");
    // Through `tee`, for the lines are wanted at the end and the readiness now.
    let mut shell = Command::new("sh");
    shell.args(["-c", r#""$1" "$2" --one-call | tee "$3""#, "sh"]).arg(user_agent);
    shell.arg(format!("127.0.0.1:{ours}")).arg(&said);
    let _agent = start(&mut shell, "listening on")?;

    configure(folder, theirs)?;
    let status = Command::new("timeout")
        .args([&(CALL * 2).to_string(), "baresip", "-t", &CALL.to_string(), "-f"])
        .arg(folder)
        .args(["-e", &format!("/dial sip:echo@127.0.0.1:{ours}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(text)?;
    if !status.success() {
        return Err(format!("baresip: {status}"));
    }
    let report = wait_for_report(&said)?;
    let number = |before: &str, after: &str| {
        let (_, rest) = report.split_once(before)?;
        rest.split_once(after)?.0.parse::<u32>().ok()
    };
    let echoed = number("over: ", " packets echoed").ok_or_else(|| report.clone())?;
    let reports = number("echoed, ", " reports answered").ok_or_else(|| report.clone())?;
    let suite = report.split_once("call: ").and_then(|(_, rest)| rest.split_once(','));
    let suite = suite.map_or("", |(suite, _)| suite).to_owned();
    if echoed < u32::from(CALL - 2) * 50 || reports == 0 {
        return Err(report);
    }
    // It sends its first and last RTCP packets in the clear, and nothing else that we refuse.
    if report.lines().any(|line| line.trim_start().starts_with("SRTP:")) {
        return Err(report);
    }
    let heard = heard(folder)?;
    if heard < f64::from(CALL - 2) {
        return Err(format!("baresip heard {heard:.1} s of its own voice"));
    }
    Ok((Tally { from_peer: echoed + reports, to_peer: echoed + reports, refused: 0 }, suite))
}

fn wait_for_report(file: &Path) -> Result<String, String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let report = fs::read_to_string(file).map_err(text)?;
        if report.contains("refused: ") {
            return Ok(report);
        }
        if Instant::now() > deadline {
            return Err(format!("the call did not end here: {report}"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn configure(folder: &Path, port: u16) -> Result<(), String> {
    let config = format!(
        "poll_method epoll\nsip_listen 127.0.0.1:{port}\nnet_interface 127.0.0.1\n\
         audio_source aufile,{SPEECH}\naudio_player aubridge,heard\naudio_alert aubridge,alert\n\
         audio_channels 1\nausrc_srate 8000\nauplay_srate 8000\nausrc_channels 1\n\
         auplay_channels 1\nsnd_path {}\nmodule_path {}\n\
         module g711.so\nmodule aufile.so\nmodule aubridge.so\nmodule sndfile.so\nmodule srtp.so\n\
         module_app account.so\nmodule_app menu.so\n",
        folder.display(),
        modules()?.display()
    );
    fs::write(folder.join("config"), config).map_err(text)?;
    let account =
        format!("<sip:caller@127.0.0.1:{port}>;regint=0;mediaenc=srtp-mand;audio_codecs=pcmu\n");
    fs::write(folder.join("accounts"), account).map_err(text)?;
    fs::write(folder.join("contacts"), "").map_err(text)
}

fn modules() -> Result<PathBuf, String> {
    let places = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"];
    let place = places.iter().map(Path::new).find(|place| place.join("srtp.so").exists());
    place.map(Path::to_owned).ok_or_else(|| format!("no baresip modules in {places:?}"))
}

fn samples(folder: &Path, suffix: &str) -> Result<Vec<f64>, String> {
    let mut files = fs::read_dir(folder).map_err(text)?.filter_map(Result::ok);
    let file = files.find(|file| file.file_name().to_string_lossy().ends_with(suffix));
    let path = file.ok_or_else(|| format!("baresip wrote no {suffix}"))?.path();
    let samples = hound::WavReader::open(path).map_err(text)?.into_samples::<i16>();
    samples.map(|sample| sample.map(f64::from).map_err(text)).collect()
}

/// Seconds of what baresip decoded that are what it encoded, sample for sample but for G.711's
/// quantisation, at the one delay that fits.
fn heard(folder: &Path) -> Result<f64, String> {
    let said = samples(folder, "-enc.wav")?;
    let heard = samples(folder, "-dec.wav")?;
    let correlation = |delay: usize| {
        let pairs = || heard.iter().skip(delay).zip(&said);
        let sum = |f: fn((&f64, &f64)) -> f64| pairs().map(f).sum::<f64>();
        sum(|(a, b)| a * b) / (sum(|(a, _)| a * a) * sum(|(_, b)| b * b)).sqrt()
    };
    // Whole samples, up to half a second.
    let best = (0..4000).max_by(|a, b| correlation(*a).total_cmp(&correlation(*b))).unwrap_or(0);
    let correlation = correlation(best);
    if correlation < 0.999 {
        return Err(format!("baresip heard something else: correlation {correlation:.4}"));
    }
    let seconds = heard.len().saturating_sub(best).min(said.len());
    Ok(f64::from(u32::try_from(seconds).map_err(text)?) / 8000.0)
}
