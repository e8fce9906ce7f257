//! The call that a stranger's client made: decrypted to the last packet, and audible.

// Outside of #[test] functions the lints for what ships apply, which tests are free of.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used
)]

mod common;

use common::{doctor, golden, vector};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

const CAPTURE: &str = "baresip-sdes-pcmu.pcap";

fn samples(path: &Path) -> Vec<i16> {
    let mut reader = hound::WavReader::new(BufReader::new(File::open(path).unwrap())).unwrap();
    let spec = reader.spec();
    assert_eq!((spec.channels, spec.sample_rate, spec.bits_per_sample), (1, 8000, 16));
    reader.samples().map(Result::unwrap).collect()
}

fn correlation(a: &[i16], b: &[i16]) -> f64 {
    let mean = |x: &[i16]| x.iter().map(|&x| f64::from(x)).sum::<f64>() / x.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f64::from(a) - mean_a, f64::from(b) - mean_b);
        ab += a * b;
        aa += a * a;
        bb += b * b;
    }
    ab / (aa * bb).sqrt()
}

/// Both directions are the speech that was fed to both clients, from its first sample on within
/// G.711's quantisation, and then silence: keys, order, gaps and µ-law are all right.
#[test]
fn both_directions_are_audible() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("call");
    let capture = vector(CAPTURE);
    let run =
        doctor(&["decrypt", capture.to_str().unwrap(), "--wav", "--out", out.to_str().unwrap()]);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{}", run.out);
    let speech = samples(&vector("speech-8khz-mono.wav"));
    let mut wavs = 0;
    for entry in std::fs::read_dir(&out).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "wav") {
            continue;
        }
        wavs += 1;
        let audio = samples(&path);
        assert_eq!(audio.len(), 501 * 160);
        let (spoken, after) = audio.split_at(speech.len());
        assert!(correlation(spoken, &speech) > 0.9999, "{}", path.display());
        assert!(after.iter().all(|&sample| sample.unsigned_abs() <= 8), "{}", path.display());
    }
    assert_eq!(wavs, 2);
}

/// The words of the human form, aligned, with what was sent in the clear told apart.
#[test]
fn table_is_this_one() {
    let run = doctor(&["decrypt", vector(CAPTURE).to_str().unwrap()]);
    golden("baresip-decrypt.txt", &run.out);
    let table = run.out.split("\n\n").take(2).collect::<Vec<_>>().join("\n\n");
    assert!(include_str!("../README.md").contains(&table), "the README shows another table");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[test]
fn explanation_is_this_one() {
    let run = doctor(&["explain", vector(CAPTURE).to_str().unwrap()]);
    golden("baresip-explain.txt", &run.out);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

/// The JSON has the documented keys and no others, and the counts of the call.
#[test]
fn json_is_the_contract() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    let capture = vector(CAPTURE);
    let capture = capture.to_str().unwrap();
    let run = doctor(&["--json", "decrypt", capture, "--wav", "--out", out]);
    let json = run.json();
    assert_eq!(json.as_object().unwrap().keys().collect::<Vec<_>>(), ["streams"]);
    let streams = json["streams"].as_array().unwrap();
    let mut wanted = [
        "src",
        "dst",
        "ssrc",
        "kind",
        "suite",
        "packets",
        "decrypted",
        "plain",
        "failed",
        "replayed",
        "lost",
        "roc",
        "diagnosis",
        "files",
    ];
    wanted.sort_unstable();
    for stream in streams {
        let mut keys: Vec<_> = stream.as_object().unwrap().keys().collect();
        keys.sort_unstable();
        assert_eq!(keys, wanted);
        assert_eq!(stream["suite"], "AES_CM_128_HMAC_SHA1_80");
        for zero in ["failed", "replayed", "lost", "roc"] {
            assert_eq!(stream[zero], 0, "{zero}");
        }
        assert!(stream["diagnosis"].is_null());
        let files = stream["files"].as_array().unwrap();
        assert_eq!(files.len(), if stream["kind"] == "rtp" { 2 } else { 1 });
        assert!(files.iter().all(|file| Path::new(file.as_str().unwrap()).exists()));
    }
    let counts = |kind: &str| -> Vec<_> {
        let of_kind = streams.iter().filter(|stream| stream["kind"] == kind);
        of_kind
            .map(|s| [&s["packets"], &s["decrypted"], &s["plain"]].map(|n| n.as_u64().unwrap()))
            .collect()
    };
    assert_eq!(counts("rtp"), [[501, 501, 0]; 2]);
    assert_eq!(counts("rtcp"), [[5, 3, 2]; 2]);
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

/// What is written is plain RTP: reading it back, nothing is left to decrypt and nothing is lost.
#[test]
fn written_captures_hold_the_call_in_the_clear() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().to_str().unwrap();
    doctor(&["decrypt", vector(CAPTURE).to_str().unwrap(), "--out", out]);
    let mut captures = 0;
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        let path = entry.unwrap().path();
        let mut dissector = srtp_doctor::net::Dissector::default();
        let (mut rtp, mut rtcp) = (0, 0);
        let broken = srtp_doctor::capture::read("test", File::open(&path).unwrap(), |frame, _| {
            let datagram = dissector.udp(&frame).unwrap();
            match srtp_doctor::rtp::is_plain_rtcp(&datagram.payload) {
                true => rtcp += 1,
                false if datagram.payload.len() == 172 => rtp += 1,
                false => panic!("neither"),
            }
            Ok(())
        });
        assert_eq!(broken, Ok(None));
        assert_eq!((rtp, rtcp), (501, 5));
        captures += 1;
    }
    assert_eq!(captures, 2);
}

/// Keys of the call, as the SDP has them: none may be seen unless asked for.
#[test]
fn keys_are_shown_only_when_asked_for() {
    let file = std::fs::read(vector(CAPTURE)).unwrap();
    let text = String::from_utf8_lossy(&file);
    let mut secrets: Vec<String> =
        text.split("inline:").skip(1).map(|rest| rest[..40].to_owned()).collect();
    assert_eq!(secrets.len(), 2);
    for base64 in secrets.clone() {
        let line = format!("1 AES_CM_128_HMAC_SHA1_80 inline:{base64}");
        let line = sdes_sdp::CryptoLine::parse(&line).unwrap().meaning().unwrap();
        let key = line.keys()[0].expose_key_salt();
        secrets.push(key.iter().map(|byte| format!("{byte:02x}")).collect());
    }
    let capture = vector(CAPTURE);
    let capture = capture.to_str().unwrap();
    for command in ["decrypt", "explain"] {
        for options in [&[][..], &["--json"], &["--color", "always"], &["--show-keys"]] {
            let run = doctor(&[&[command, capture], options].concat());
            let all = run.out + &run.err;
            let shown = secrets.iter().any(|secret| all.contains(secret));
            assert_eq!(shown, options == ["--show-keys"], "{command} {options:?}: {all}");
        }
    }
}
