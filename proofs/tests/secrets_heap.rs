//! What `srtp-doctor` gives back to the heap has no key in it, and none of its types prints one.
//!
//! The allocator of this test looks into every block that is freed while a command runs: for the
//! bytes of the keys that the command was given, for their base64 and for their hex. What a command
//! prints because that is what it is for (`answer`, `keys`) goes into a buffer that the test keeps.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64ct::{Base64, Encoding};
use clap::Parser;
use srtp_doctor::cli::{Cli, Command};
use srtp_doctor::failure::Exit;

/// So many bytes in a row are no coincidence.
const LEAST: usize = 8;
/// The buffer of pcap-parser, through which captures are read: the one place that srtp-doctor cannot
/// wipe. What is in it is in the file, too.
const CAPTURE_BUFFER: usize = 256 << 10;
/// Room for what is looked for: the places of three keys in all their spellings.
const ROOM: usize = 1024;

static LOOKED_FOR: [AtomicUsize; ROOM] = [const { AtomicUsize::new(0) }; ROOM];
static FOUND: AtomicUsize = AtomicUsize::new(0);
static SEARCHED: AtomicUsize = AtomicUsize::new(0);
/// One command at a time.
static TURN: Mutex<()> = Mutex::new(());

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
}

struct Searching;

#[global_allocator]
static ALLOCATOR: Searching = Searching;

// SAFETY: the system's allocator does it all; what is looked at beforehand is only read. Blocks are
// handed out empty, so that nothing is found in them which somebody else had left there.
unsafe impl GlobalAlloc for Searching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that it needs.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if ARMED.get() && layout.size() != CAPTURE_BUFFER {
            SEARCHED.fetch_add(1, Ordering::Relaxed);
            if holds_a_key(block, layout.size()) {
                FOUND.fetch_add(1, Ordering::Relaxed);
                if std::env::var_os("WHERE").is_some() {
                    ARMED.set(false);
                    let trace = std::backtrace::Backtrace::force_capture();
                    println!("a block of {} bytes:\n{trace}", layout.size());
                    ARMED.set(true);
                }
            }
        }
        // SAFETY: the caller's promises are those that it needs.
        unsafe { System.dealloc(block, layout) }
    }
}

fn holds_a_key(block: *const u8, len: usize) -> bool {
    (0..(len + 1).saturating_sub(LEAST)).any(|at| {
        // SAFETY: eight bytes from `at` on are in the block. They may never have been written; a
        // volatile read takes what memory holds.
        let word = unsafe { block.add(at).cast::<[u8; LEAST]>().read_volatile() };
        let word = usize::from_ne_bytes(word);
        let used = LOOKED_FOR.iter().map(|place| place.load(Ordering::Relaxed));
        used.take_while(|known| *known != 0).any(|known| known == word)
    })
}

/// Sets what is looked for: keys as they are, in base64 and in hex.
fn look_for(keys: &[&[u8]]) {
    let spellings = keys.iter().flat_map(|key| {
        let hex = key.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        [key.to_vec(), Base64::encode_string(key).into_bytes(), hex.into_bytes()]
    });
    let parts: Vec<usize> = spellings
        .flat_map(|text| {
            let parts = text.windows(LEAST).map(|part| part.try_into().unwrap());
            parts.map(usize::from_ne_bytes).collect::<Vec<_>>()
        })
        .collect();
    assert!(parts.len() < ROOM);
    LOOKED_FOR.iter().for_each(|place| place.store(0, Ordering::Relaxed));
    LOOKED_FOR.iter().zip(parts).for_each(|(place, part)| place.store(part, Ordering::Relaxed));
}

/// How many blocks with a key in them `run` gives back.
fn freed_with_a_key<R>(run: impl FnOnce() -> R) -> (usize, R) {
    FOUND.store(0, Ordering::Relaxed);
    SEARCHED.store(0, Ordering::Relaxed);
    ARMED.set(true);
    let result = run();
    ARMED.set(false);
    assert_ne!(SEARCHED.load(Ordering::Relaxed), 0, "nothing was freed at all");
    (FOUND.load(Ordering::Relaxed), result)
}

fn key(seed: u64) -> [u8; 30] {
    let mut bytes = [0; 30];
    fastrand::Rng::with_seed(seed).fill(&mut bytes);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn line(key: &[u8]) -> String {
    format!("1 AES_CM_128_HMAC_SHA1_80 inline:{}|2^20", Base64::encode_string(key))
}

fn sdp(key: &[u8], port: u16) -> String {
    format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n\
         m=audio {port} RTP/SAVP 0\r\na=crypto:{}\r\n",
        line(key)
    )
}

fn sip(start: &str, body: &str) -> String {
    format!(
        "{start}\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=a\r\n\
         To: <sip:b@h>;tag=b\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Type: application/sdp\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Runs a command to its end, its arguments included.
fn run(cli: Cli, input: &[u8], out: &mut Vec<u8>, err: &mut Vec<u8>) -> Exit {
    let done = match &cli.command {
        Command::Decrypt(args) => srtp_doctor::decrypt::run(args, cli.common, out, err),
        Command::Explain(args) => srtp_doctor::explain::run(args, cli.common, out, err),
        Command::Answer(args) => srtp_doctor::answer::run(args, cli.common, out, err),
        Command::Connect(args) => srtp_doctor::connect::run(args, cli.common, out),
        Command::Packet(args) => {
            srtp_doctor::packet::filter(args, cli.common, &mut &input[..], out)
        }
        Command::Keys(args) => srtp_doctor::keys::run(args, cli.common, out),
    };
    done.unwrap()
}

/// No command leaves a key on the heap that it was given by option, file or standard input.
#[test]
fn commands_leave_no_key_on_the_heap() {
    let _turn = TURN.lock();
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (ours, theirs) = (key(1), key(2));
    let (offered, answered) = (sdp(&ours, 4000), sdp(&theirs, 5000));
    let offer = file("offer.sdp", &offered);
    let answer = file("answer.sdp", &answered);
    let log = file(
        "log.txt",
        &(sip("INVITE sip:b@h SIP/2.0", &offered) + "\n" + &sip("SIP/2.0 200 OK", &answered)),
    );
    let wrong = file("wrong.sdp", &sdp(&ours[..29], 5000));
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-vectors/captures");
    let capture = captures.join("gstreamer-aes-256-gcm.pcap");
    let capture = capture.to_str().unwrap();
    let (their_hex, salt_key, crypto) = (hex(&theirs), hex(&ours), line(&ours));
    let packets = format!(
        "80000001000000a000000007aabb\n!rekey {}\n!rekey {}x\n80\n",
        line(&theirs),
        line(&theirs)
    );
    let suite = "AES_CM_128_HMAC_SHA1_80";
    let commands: [&[&str]; 12] = [
        &["explain", &offer, &answer],
        &["explain", &offer, &answer, "--json"],
        &["explain", &offer, &wrong],
        &["explain", &log],
        &["answer", &offer, "--as", "srtp", "--keys", &their_hex],
        &["answer", &offer, "--as", "srtp", "--keys", &their_hex, "--json"],
        &["answer", &offer, "--as", "rtp"],
        &["packet", "protect", "--rtp", "--crypto", &crypto, "--explain"],
        &[
            "packet",
            "protect",
            "--rtp",
            "--suite",
            suite,
            "--salt-key",
            &salt_key,
            "--explain",
            "--json",
        ],
        &["packet", "unprotect", "--auto", "--crypto", &crypto],
        &["decrypt", capture, "--sdp", &offer, "--sdp", &answer],
        &["decrypt", capture, "--crypto", &crypto],
    ];
    look_for(&[&ours, &theirs]);
    let mut left = String::new();
    for args in commands {
        let cli = Cli::parse_from([&["srtp-doctor"], args].concat());
        let (mut out, mut err) = (Vec::with_capacity(1 << 16), Vec::with_capacity(1 << 16));
        let done = || run(cli, packets.as_bytes(), &mut out, &mut err);
        let (blocks, _) = freed_with_a_key(done);
        assert!(!out.is_empty(), "{args:?}: {}", String::from_utf8_lossy(&err));
        if blocks > 0 {
            writeln!(left, "{blocks} blocks: {}", args.join(" ")).unwrap();
        }
    }
    assert_eq!(left, "");
}

/// Nor one that stands in the SIP of a capture, over UDP and over TCP, but for the buffer of the crate
/// that reads captures.
#[test]
fn captures_leave_no_key_on_the_heap() {
    let _turn = TURN.lock();
    let captures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../test-vectors/captures");
    let mut left = String::new();
    for name in ["baresip-sdes-pcmu.pcap", "baresip-hold.pcap", "linphone-tcp-aes-256-rekey.pcap"] {
        let path = captures.join(name);
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        let coded = |c: char| c.is_ascii_alphanumeric() || "+/".contains(c);
        let mut keys: Vec<Vec<u8>> = text
            .split("inline:")
            .skip(1)
            .filter_map(|rest| rest.split(|c| !coded(c)).next())
            .filter_map(|key| base64ct::Base64Unpadded::decode_vec(key).ok())
            .collect();
        keys.sort();
        keys.dedup();
        keys.truncate(3);
        assert!(!keys.is_empty(), "{name}");
        look_for(&keys.iter().map(Vec::as_slice).collect::<Vec<_>>());
        for command in ["explain", "decrypt"] {
            let cli = Cli::parse_from(["srtp-doctor", command, path.to_str().unwrap()]);
            let (mut out, mut err) = (Vec::with_capacity(1 << 16), Vec::with_capacity(1 << 16));
            let (blocks, _) = freed_with_a_key(|| run(cli, &[], &mut out, &mut err));
            if blocks > 0 {
                writeln!(left, "{blocks} blocks: {command} {name}").unwrap();
            }
        }
    }
    assert_eq!(left, "");
}

/// The search finds what is there: a string with a key that nobody wiped.
#[test]
fn the_search_finds_a_key() {
    let _turn = TURN.lock();
    look_for(&[&key(1)]);
    for text in [hex(&key(1)), line(&key(1)), String::from_utf8_lossy(&key(1)).into_owned()] {
        let (blocks, ()) = freed_with_a_key(|| drop(text));
        assert!(blocks <= 1);
    }
    let text = line(&key(1));
    assert_eq!(freed_with_a_key(|| drop(text)).0, 1);
    let bytes = key(1).to_vec();
    assert_eq!(freed_with_a_key(|| drop(bytes)).0, 1);
    let another = line(&key(3));
    assert_eq!(freed_with_a_key(|| drop(another)).0, 0);
}
