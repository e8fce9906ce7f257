//! The same call in every wrapping: capture formats, link layers, IP versions, fragments, standard
//! input.

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
use etherparse::{IpFragOffset, Ipv4Header, PacketBuilder, VlanId};
use srtp_doctor::net::Dissector;

/// IP packets of a secured call with five packets from A to B.
fn ip_packets() -> Vec<Vec<u8>> {
    let mut capture = secured();
    Sender::new(&key(1), 0xa).send(&mut capture, A, B, 5);
    frames(capture)
}

/// The packets of a capture.
fn frames(capture: Capture) -> Vec<Vec<u8>> {
    let mut packets = Vec::new();
    let bytes = capture.bytes();
    srtp_doctor::capture::read("test", &bytes[..], |frame, _| {
        packets.push(frame.data.to_vec());
        Ok(())
    })
    .unwrap();
    packets
}

/// A classic capture of these frames.
fn pcap(link: u32, frames: &[Vec<u8>], big_endian: bool) -> Vec<u8> {
    let word = |word: u32| {
        if big_endian { word.to_be_bytes() } else { word.to_le_bytes() }
    };
    let half = |half: u16| {
        if big_endian { half.to_be_bytes() } else { half.to_le_bytes() }
    };
    let mut file = Vec::new();
    file.extend(word(0xa1b2_c3d4));
    file.extend(half(2));
    file.extend(half(4));
    [0, 0, 65_535, link].iter().for_each(|&number| file.extend(word(number)));
    for frame in frames {
        let len = u32::try_from(frame.len()).unwrap();
        [1_700_000_000, 0, len, len].iter().for_each(|&number| file.extend(word(number)));
        file.extend(frame);
    }
    file
}

/// A pcapng capture of these raw IP packets, half of them in simple packet blocks.
fn pcapng(frames: &[Vec<u8>], big_endian: bool) -> Vec<u8> {
    let word = |word: u32| {
        if big_endian { word.to_be_bytes() } else { word.to_le_bytes() }
    };
    let half = |half: u16| {
        if big_endian { half.to_be_bytes() } else { half.to_le_bytes() }
    };
    let block = |kind: u32, body: Vec<u8>| {
        let mut body = body;
        body.resize(body.len().next_multiple_of(4), 0);
        let len = word(u32::try_from(body.len() + 12).unwrap());
        [&word(kind)[..], &len, &body, &len].concat()
    };
    let section = [&word(0x1a2b_3c4d)[..], &half(1), &half(0), &[0xff; 8]].concat();
    let mut file = block(0x0a0d_0d0a, section);
    file.extend(block(1, [&half(101)[..], &half(0), &word(65_535)].concat()));
    for (at, frame) in frames.iter().enumerate() {
        let len = word(u32::try_from(frame.len()).unwrap());
        file.extend(if at % 2 == 0 {
            let head = [word(0), word(0x0005_0000), word(0), len, len].concat();
            block(6, [&head[..], frame].concat())
        } else {
            block(3, [&len[..], frame].concat())
        });
    }
    file
}

fn assert_five_decrypted(file: &[u8], what: &str) {
    let run = doctor_reading(&["decrypt", "-", "--json"], file);
    let json = run.json();
    assert_eq!(json["streams"][0]["decrypted"], 5, "{what}: {} {}", run.out, run.err);
    assert_eq!((run.code, run.err.as_str()), (0, ""), "{what}");
}

#[test]
fn capture_formats_and_byte_orders() {
    let packets = ip_packets();
    for big_endian in [false, true] {
        assert_five_decrypted(&pcap(101, &packets, big_endian), "pcap");
        assert_five_decrypted(&pcapng(&packets, big_endian), "pcapng");
    }
}

/// A pcapng capture that breaks off, at any of the last bytes: what is whole is decrypted, and the
/// place is said.
#[test]
fn broken_pcapng_is_read_up_to_the_break() {
    let whole = pcapng(&ip_packets(), false);
    for missing in [1, 4, 7, 100] {
        let run = doctor_reading(&["decrypt", "-", "--json"], &whole[..whole.len() - missing]);
        assert_eq!((run.json()["streams"][0]["decrypted"].as_u64(), run.code), (Some(4), 1));
        assert!(
            run.err.contains("standard input: breaks off after packet 6, at byte "),
            "{}",
            run.err
        );
    }
    // A block whose length makes no sense.
    let mut absurd = whole.clone();
    let at = absurd.len() - 4;
    absurd[at] ^= 1;
    let run = doctor_reading(&["decrypt", "-", "--json"], &absurd);
    assert_eq!(run.code, 1, "{}", run.err);
    assert!(run.err.contains("breaks off after packet 6"), "{}", run.err);
}

#[test]
fn link_layers() {
    let prefixed = |prefix: &[u8]| -> Vec<Vec<u8>> {
        ip_packets().iter().map(|packet| [prefix, packet].concat()).collect()
    };
    let macs = [0x02; 12];
    let ethernet = [&macs[..], &[0x08, 0x00]].concat();
    let vlan = [&macs[..], &[0x81, 0x00, 0x00, 0x07, 0x08, 0x00]].concat();
    let double = [&macs[..], &[0x88, 0xa8, 0, 9, 0x81, 0x00, 0x00, 0x07, 0x08, 0x00]].concat();
    let cooked = [0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 0x08, 0x00];
    let cooked2 = [0x08, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0];
    for (link, prefix, what) in [
        (1, &ethernet[..], "Ethernet"),
        (1, &vlan, "VLAN"),
        (1, &double, "VLAN in VLAN"),
        (113, &cooked, "Linux cooked"),
        (276, &cooked2, "Linux cooked v2"),
        (0, &[2, 0, 0, 0], "BSD loopback"),
        (108, &[0, 0, 0, 2], "OpenBSD loopback"),
        (12, &[], "raw IP, BSD number"),
        (228, &[], "IPv4"),
    ] {
        assert_five_decrypted(&pcap(link, &prefixed(prefix), false), what);
    }
    let run = doctor_reading(&["decrypt", "-"], &pcap(127, &prefixed(&[]), false));
    assert_eq!(run.code, 1);
    assert!(run.err.contains("no SIP over UDP or TCP in 7 packets"), "{}", run.err);
    assert!(
        run.err.contains("7 packets have link type 127, which is not understood"),
        "{}",
        run.err
    );
}

#[test]
fn ipv6() {
    let (a, b) = ("[2001:db8::1]:4000", "[2001:db8::2]:5000");
    let mut capture = Capture::new();
    let offer = sdp(a, "RTP/SAVP", &[&crypto(1, 1, "")]);
    capture.exchange(1, &offer, &sdp(b, "RTP/SAVP", &[&crypto(1, 2, "")]));
    Sender::new(&key(1), 0xa).send(&mut capture, a, b, 5);
    let dir = tempfile::tempdir().unwrap();
    let run = capture.decrypt(&["--json", "--wav", "--out", dir.path().to_str().unwrap()]);
    let stream = &run.json()["streams"][0];
    assert_eq!((stream["src"].as_str(), stream["decrypted"].as_u64()), (Some(a), Some(5)));
    assert_eq!(stream["files"].as_array().unwrap().len(), 2);
}

/// IPv6 in the link layers that say which protocol follows.
#[test]
fn ipv6_link_layers() {
    let (a, b) = ("[2001:db8::1]:4000", "[2001:db8::2]:5000");
    let mut capture = Capture::new();
    let offer = sdp(a, "RTP/SAVP", &[&crypto(1, 1, "")]);
    let answer = sdp(b, "RTP/SAVP", &[&crypto(1, 2, "")]);
    let (sip_a, sip_b) = ("[2001:db8::1]:5060", "[2001:db8::2]:5060");
    let invite = sip("INVITE sip:b@h SIP/2.0", "1 INVITE", "", &offer);
    capture.packet(sip_a, sip_b, invite.as_bytes());
    capture.packet(sip_b, sip_a, sip("SIP/2.0 200 OK", "1 INVITE", "b", &answer).as_bytes());
    Sender::new(&key(1), 0xa).send(&mut capture, a, b, 5);
    let packets = frames(capture);
    let macs = [0x02; 12];
    for (link, prefix, what) in [
        (1, [&macs[..], &[0x86, 0xdd]].concat(), "Ethernet"),
        (1, [&macs[..], &[0x81, 0x00, 0x00, 0x07, 0x86, 0xdd]].concat(), "VLAN"),
        (113, vec![0, 0, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0, 0x86, 0xdd], "Linux cooked"),
        (276, vec![0x86, 0xdd, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 2, 2, 2, 2, 2, 0, 0], "cooked v2"),
        (101, vec![], "raw IP"),
        (229, vec![], "IPv6"),
    ] {
        let framed: Vec<Vec<u8>> =
            packets.iter().map(|packet| [&prefix[..], packet].concat()).collect();
        assert_five_decrypted(&pcap(link, &framed, false), what);
    }
}

/// A message over TCP in segments of this length, from A's or B's SIP port.
fn segments(message: &str, from_a: bool, seq: &mut u32, len: usize) -> Vec<Vec<u8>> {
    let (a, b) = (([10, 0, 0, 1], 40_000), ([10, 0, 0, 2], 5060));
    let ((src, src_port), (dst, dst_port)) = if from_a { (a, b) } else { (b, a) };
    let mut packets = Vec::new();
    for part in message.as_bytes().chunks(len) {
        let mut packet = Vec::new();
        PacketBuilder::ipv4(src, dst, 64)
            .tcp(src_port, dst_port, *seq, 1000)
            .write(&mut packet, part)
            .unwrap();
        *seq = seq.wrapping_add(u32::try_from(part.len()).unwrap());
        packets.push(packet);
    }
    packets
}

/// RFC 3261 §18.3: SIP over TCP, in segments of every kind of length, shuffled, with a retransmission,
/// over the wrap of the sequence numbers.
#[test]
fn sip_over_tcp_is_put_together() {
    let media = &ip_packets()[2..];
    let offer = sdp(A, "RTP/SAVP", &[&crypto(1, 1, "")]);
    let answer = sdp(B, "RTP/SAVP", &[&crypto(1, 2, "")]);
    let invite = sip("INVITE sip:b@h SIP/2.0", "1 INVITE", "", &offer);
    let trying = sip("SIP/2.0 100 Trying", "1 INVITE", "", "");
    let ok = sip("SIP/2.0 200 OK", "1 INVITE", "b", &answer);
    for len in [30, 100, 536, 1460] {
        let (mut a, mut b) = (u32::MAX - 200, 7);
        let mut frames = segments(&invite, true, &mut a, len);
        let answers = segments(&(trying.clone() + "\r\n\r\n" + &ok), false, &mut b, len);
        // The first stays the first: before it nobody knows where the stream begins.
        frames.push(frames[0].clone());
        let last = frames.len() - 1;
        frames[1..=last].reverse();
        frames.extend(answers);
        frames.extend(media.to_vec());
        assert_five_decrypted(&pcap(101, &frames, false), &format!("segments of {len} bytes"));
    }
    // One segment is not in the capture.
    let mut a = 0;
    let mut frames = segments(&invite, true, &mut a, 100);
    frames.remove(1);
    let run = doctor_reading(&["explain", "-"], &pcap(101, &frames, false));
    assert_eq!(run.code, 1);
    assert!(
        run.err.contains("of a SIP message over TCP 10.0.0.1:40000 → 10.0.0.2:5060 only 100 bytes"),
        "{}",
        run.err
    );
    assert!(run.err.contains("a segment is missing before"), "{}", run.err);
}

/// SIP over TLS cannot be read, and that is said.
#[test]
fn tls_is_named() {
    let mut packet = Vec::new();
    PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .tcp(40_000, 5061, 1, 1000)
        .write(&mut packet, &[0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
        .unwrap();
    let run = doctor_reading(&["explain", "-"], &pcap(101, &[packet], false));
    assert_eq!(run.code, 1);
    assert!(
        run.err.contains("TLS between 10.0.0.1:40000 and 10.0.0.2:5061: the SIP in it, and the keys in that, cannot be read"),
        "{}",
        run.err
    );
}

/// RFC 791 §3.2: an INVITE with many crypto lines does not fit one Ethernet frame.
#[test]
fn fragments_are_put_together_and_reported() {
    let mut frames = Vec::new();
    for packet in ip_packets() {
        let (header, rest) = Ipv4Header::from_slice(&packet).unwrap();
        let (first, last) = rest.split_at(64);
        for (offset, more, part) in [(8, false, last), (0, true, first)] {
            let mut header = header.clone();
            header.identification = u16::try_from(frames.len() / 2).unwrap();
            header.fragment_offset = IpFragOffset::try_new(offset).unwrap();
            header.more_fragments = more;
            header.dont_fragment = false;
            header.set_payload_len(part.len()).unwrap();
            header.header_checksum = header.calc_header_checksum();
            let mut frame = Vec::new();
            header.write(&mut frame).unwrap();
            frame.extend(part);
            frames.push(frame);
        }
    }
    let run = doctor_reading(&["decrypt", "-", "--json"], &pcap(101, &frames, false));
    assert_eq!(run.json()["streams"][0]["decrypted"], 5, "{}", run.err);
    assert_eq!(run.err, "standard input: 14 IP fragments, put together to 7 UDP datagrams\n");
}

/// What a short snap length cut off is left out, and said.
#[test]
fn packets_cut_by_the_snap_length_are_named() {
    let mut file = pcap(101, &ip_packets(), false);
    // The last record, 28 bytes of headers and a packet of 182, loses its last 100 bytes.
    let record = file.len() - 16 - 210;
    let captured = 110_u32;
    file[record + 8..record + 12].copy_from_slice(&captured.to_le_bytes());
    file.truncate(record + 16 + 110);
    let run = doctor_reading(&["decrypt", "-", "--json"], &file);
    assert_eq!(run.json()["streams"][0]["decrypted"], 4, "{}", run.err);
    assert!(run.err.contains("1 packets were captured shorter than they are"), "{}", run.err);
}

/// TCP that is no SIP, ARP and broken IP are passed over without a word.
#[test]
fn other_protocols_are_passed_over() {
    let mut tcp = Vec::new();
    PacketBuilder::ethernet2([2; 6], [2; 6])
        .single_vlan(VlanId::try_new(3).unwrap())
        .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
        .tcp(1, 2, 3, 4)
        .write(&mut tcp, b"INVITE sip:b@h SIP/2.0")
        .unwrap();
    let mut dissector = Dissector::default();
    for data in [&tcp[..], &[2; 14], &[], &[0x45; 60]] {
        let frame = srtp_doctor::capture::Frame {
            number: 1,
            time: 0,
            link: pcap_parser::Linktype::ETHERNET,
            data,
            cut: false,
        };
        assert!(dissector.udp(&frame).is_none());
    }
    assert_eq!(dissector.to_string(), "");
}
