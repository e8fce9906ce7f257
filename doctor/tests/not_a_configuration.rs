//! What is handed over as a configuration and is none: an error that says what was looked for and
//! what the file is instead, never a call with a gateway that nobody configured.

// Outside of #[test] functions the lints for what ships apply, which tests are free of.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used
)]

mod common;

use common::*;

const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-vectors");
const SECRET: &str = "nl326xLShGuIXLMkyqo+ExM5GPbz+MLbWMZotRRI";

/// What every command that reads a configuration says of this one: three of them, of which all say
/// the same.
fn of_party(content: &[u8]) -> Run {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("party.cfg");
    std::fs::write(&path, content).unwrap();
    let file = path.to_str().unwrap();
    let offer = format!("{VECTORS}/sdes/sdp/polycom-scenario-two.sdp");
    let caller = doctor(&["connect", file, "srtp", "--tls", "on"]);
    for args in [&["connect", "srtp", file][..], &["answer", &offer, "--as", file]] {
        let run = doctor(args);
        assert_eq!(run.err, caller.err, "{args:?}");
    }
    caller
}

/// Each kind of file is named, with its exit code and nothing on standard output; no word of it is
/// repeated, since any may be a secret.
#[test]
fn other_files_are_named() {
    let utf16: Vec<u8> =
        "\u{feff}voice service voip\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let capture = std::fs::read(vector("baresip-sdes-pcmu.pcap")).unwrap();
    let sdp = format!("{}a=key:{SECRET}\r\n", sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]));
    let cases: [(&[u8], &str); 19] = [
        (b"", "is empty"),
        (b" \n\t\r\n", "has only blanks in it"),
        (b"!\n! gateway\n!\n", "3 lines of comments"),
        (&[0x7f, b'E', b'L', b'F', 0, 0, 1, 2, 0xff], "binary data, 9 bytes"),
        (&[0xff, 0xfe, 0xfd, 0x80, 0x81], "binary data, 5 bytes"),
        (&utf16, "text in UTF-16, not in UTF-8"),
        (&capture[..4000], "a capture"),
        (sdp.as_bytes(), "an SDP"),
        (b"{\"password\": \"hunter2\"}\n", "JSON"),
        (b"[\n  {\"srtp\": true}\n]\n", "JSON"),
        (
            b"<?xml version=\"1.0\"?>\n<gw password=\"hunter2\"><srtp/></gw>\n",
            "XML with the root <gw>",
        ),
        (b"<gw>\n<srtp mode=\"on\">\n", "XML that is broken in line 2"),
        (b"<gw>\n<hunter2>&hunter2;\n</x>", "XML that is broken in line 2"),
        (b"#!/bin/sh\npassword=hunter2\n", "a script"),
        (b"INVITE sip:b@h SIP/2.0\r\nCall-ID: hunter2\r\n\r\n", "SIP messages"),
        (
            b"Dear all,\n\nthe password is hunter2.\n\nYours\n",
            "text of 5 lines, the first of 2 words",
        ),
        (SECRET.as_bytes(), "text of 1 line, the first of 1 word"),
        (b"srtp\nsrtp fallback\n", "text of 2 lines"),
        (b"the attribute sec.srtp.enable is hunter2\n", "text of 1 line, the first of 5 words"),
    ];
    for (content, kind) in cases {
        let run = of_party(content);
        assert_eq!((run.code, run.out.as_str()), (1, ""), "{kind}: {}", run.err);
        let message = &run.err;
        assert!(message.contains("party.cfg: ") && message.contains(kind), "{kind}: {message}");
        assert!(message.lines().count() == 1 && message.len() < 600, "{message}");
        for secret in ["hunter2", SECRET, "inline:A", "Dear"] {
            assert!(!message.contains(secret), "{message}");
        }
        if !content.trim_ascii().is_empty() {
            for looked_for in ["Cisco", "dial-peer voice", "voice service voip", "sec.srtp."] {
                assert!(message.contains(looked_for), "{looked_for}: {message}");
            }
        }
    }
}

/// Every configuration of the vendors' documents, every short fragment and every way of saving one
/// is taken.
#[test]
fn configurations_are_taken() {
    let (mut gateways, mut phones) = (0, 0);
    for entry in std::fs::read_dir(format!("{VECTORS}/negotiation")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        gateways += usize::from(name.starts_with("cisco-"));
        phones += usize::from(name.starts_with("polycom-"));
        let run = of_party(&std::fs::read(&path).unwrap());
        assert_eq!(run.code == 1, name == "README.md", "{name}: {}", run.err);
    }
    assert_eq!((gateways, phones), (9, 3));
    let gateway = "voice service voip\n srtp\n srtp fallback\n";
    let phone = "<sip><srtp sec.srtp.enable=\"1\" sec.srtp.offer=\"1\"/></sip>\n";
    for (text, code) in [
        (gateway, 0),
        (&gateway.replace('\n', "\r\n"), 0),
        (&format!("\u{feff}{gateway}"), 0),
        (&format!("! sec.srtp.enable is for phones\n{gateway}"), 0),
        ("voice service voip\n", 4),
        ("dial-peer voice 1 voip\n", 4),
        (phone, 0),
        (&format!("\u{feff}<?xml version=\"1.0\"?>\n{phone}"), 0),
        (&format!("<!-- voice service voip -->\n{phone}"), 0),
        // A phone whose configuration says nothing about SRTP has the defaults: none.
        ("<PHONE_CONFIG><ALL voIpProt.server.1.address=\"192.0.2.1\"/></PHONE_CONFIG>", 4),
    ] {
        let run = of_party(text.as_bytes());
        assert_eq!(run.code, code, "{text}: {}{}", run.out, run.err);
    }
    // What is wrong in a configuration is still said by line and column.
    let run = of_party(b"voice service voip\n srtp maybe\n");
    assert!(run.err.contains("party.cfg: line 2, column 7: IOS does not accept"), "{}", run.err);
}
