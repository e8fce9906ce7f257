//! The SIP in a capture: one reading of it from beginning to end, for the exchanges in it.

use crate::calls::{Calls, Exchange, Place};
use crate::capture::{self, Break};
use crate::failure::Failure;
use crate::input::Input;
use crate::net::{Dissector, Transport};
use crate::progress::Progress;
use crate::sip;
use crate::tcp::Reassembly;

/// Broken messages that are named one by one.
const MAX_COMPLAINTS: usize = 100;

/// What the SIP in a capture says.
#[derive(Debug, Default)]
pub struct Signalling {
    /// Offers and what became of them.
    pub exchanges: Vec<Exchange>,
    /// What begins like SIP and cannot be used, as sentences with packet numbers.
    pub complaints: Vec<String>,
    /// What else could not be used, as sentences.
    pub leftovers: Vec<String>,
    /// SIP messages found.
    pub messages: u64,
    /// Packets read.
    pub packets: u64,
    /// Where the capture breaks off, if it does.
    pub broken: Option<Break>,
}

impl Signalling {
    /// Reads a capture.
    ///
    /// # Errors
    /// An input that is no capture.
    pub fn listen(input: &mut Input, progress: &mut Progress) -> Result<Self, Failure> {
        let mut calls = Calls::default();
        let mut dissector = Dissector::default();
        let mut reassembly = Reassembly::default();
        let mut found = Self::default();
        let mut unsaid = 0_u64;
        let file = input.rewound()?;
        found.broken = capture::read(input.name(), file, |frame, done| {
            progress.at(done);
            found.packets = frame.number;
            let complaints = &mut found.complaints;
            let mut hear = |src, dst, bytes: &[u8]| match sip::parse(bytes) {
                Some(Ok(message)) => {
                    calls.add(message, Place { number: frame.number, hop: Some((src, dst)) });
                }
                Some(Err(error)) if complaints.len() < MAX_COMPLAINTS => {
                    complaints.push(format!("packet {}: {error}", frame.number));
                }
                Some(Err(_)) => unsaid += 1,
                None => {}
            };
            match dissector.transport(&frame) {
                Some(Transport::Udp(datagram)) => {
                    hear(datagram.src, datagram.dst, &datagram.payload);
                }
                Some(Transport::Tcp(segment)) => {
                    reassembly.segment(&segment, |message| hear(segment.src, segment.dst, message))
                }
                None => {}
            }
            Ok(())
        })?;
        if unsaid > 0 {
            found.complaints.push(format!("{unsaid} further SIP messages cannot be used"));
        }
        found.complaints.extend(reassembly.finish());
        found.leftovers = dissector.to_string().lines().map(str::to_owned).collect();
        found.messages = calls.messages();
        found.exchanges = calls.exchanges();
        Ok(found)
    }

    /// Refuses a capture without any SDP; `advice` says what else could be done.
    ///
    /// # Errors
    /// A sentence that says how much was read and what was there.
    pub fn check(&self, name: &str, advice: &str) -> Result<(), Failure> {
        if !self.exchanges.is_empty() {
            return Ok(());
        }
        let up_to = match &self.broken {
            Some(broken) => format!("{broken}; up to there "),
            None => String::new(),
        };
        let packets = self.packets;
        let what = match self.messages {
            0 => format!("no SIP over UDP or TCP in {packets} packets"),
            messages => format!("{messages} SIP messages in {packets} packets, but no SDP in them"),
        };
        let heard: Vec<&str> =
            self.complaints.iter().take(1).chain(&self.leftovers).map(String::as_str).collect();
        let heard = match heard.is_empty() {
            true => String::new(),
            false => format!(" ({})", heard.join("; ")),
        };
        Err(Failure::input(name, format!("{up_to}{what}{heard}; {advice}")))
    }
}
