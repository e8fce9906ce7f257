//! The same conversation through our contexts and a peer's, both ways, compared byte for byte.

use srtp_core::{Inbound, Outbound, Policy};

use crate::packets::conversation;
use crate::peer::{Agreed, Peer, Protocol};

/// libsrtp, and what is built on it, sends its first SRTCP packet under index 1; RFC 3711 §3.4 begins
/// with 0, and so do we unless told otherwise, and ffmpeg. A receiver takes either.
pub const FIRST_RTCP_INDEX: u32 = 1;

/// The SSRC of the conversation.
pub const SSRC: u32 = 0x1337_cafe;

/// Which directions a peer takes part in, and what it lets be seen.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    pub protects: bool,
    pub unprotects: bool,
    pub rtcp: bool,
}

impl Scope {
    pub const ALL: Self = Self { protects: true, unprotects: true, rtcp: true };
}

/// How many packets went which way.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tally {
    /// Packets that the peer protected, whose bytes are ours, and which we opened.
    pub from_peer: u32,
    /// Packets that we protected and the peer opened.
    pub to_peer: u32,
    /// Packets with one bit changed that the peer and we refused.
    pub refused: u32,
}

impl Tally {
    pub fn total(&self) -> u32 {
        self.from_peer + self.to_peer + self.refused
    }
}

/// Plays the conversation.
///
/// # Errors
/// The first packet on which the two disagree.
pub fn exchange(agreed: &Agreed, peer: &mut dyn Peer, scope: Scope) -> Result<Tally, String> {
    let key = agreed.master_key();
    let (mut sender, mut receiver) = contexts(&key)?;
    sender.set_roc(SSRC, agreed.roc).map_err(|error| error.to_string())?;
    sender.set_rtcp_index(SSRC, FIRST_RTCP_INDEX).map_err(|error| error.to_string())?;
    receiver.set_roc(SSRC, agreed.roc).map_err(|error| error.to_string())?;
    let mut tally = Tally::default();
    for (n, (protocol, plain)) in conversation(SSRC).into_iter().enumerate() {
        if protocol == Protocol::Rtcp && !scope.rtcp {
            continue;
        }
        let at = |what: &str| format!("packet {n} ({protocol:?}, {} bytes): {what}", plain.len());
        let ours = protect(&mut sender, protocol, &plain).map_err(|why| at(&why))?;
        if scope.protects {
            let theirs = peer.protect(protocol, &plain).map_err(|why| at(&why))?;
            if theirs != ours {
                return Err(at(&format!("protected\n  here  {ours:02x?}\n  there {theirs:02x?}")));
            }
            let mut forged = theirs.clone();
            forged[n % theirs.len()] ^= 1 << (n % 8);
            if unprotect(&mut receiver, protocol, &forged).is_ok() {
                return Err(at("a forgery was let in here"));
            }
            let opened = unprotect(&mut receiver, protocol, &theirs).map_err(|why| at(&why))?;
            if opened != plain {
                return Err(at("opened to other bytes here"));
            }
            tally.from_peer += 1;
        }
        if scope.unprotects {
            // Not in the first twelve bytes: another SSRC or sequence number is another matter.
            let mut forged = ours.clone();
            let body = 12..ours.len();
            forged[body.start + n % body.len()] ^= 1 << (n % 8);
            if n.is_multiple_of(16) {
                if peer.unprotect(protocol, &forged).is_ok() {
                    return Err(at("a forgery was let in there"));
                }
                tally.refused += 1;
            }
            let opened = peer.unprotect(protocol, &ours).map_err(|why| at(&why))?;
            if opened != plain {
                return Err(at(&format!("opened there to\n  {opened:02x?}\n  not {plain:02x?}")));
            }
            tally.to_peer += 1;
        }
    }
    Ok(tally)
}

fn contexts(key: &srtp_core::MasterKey) -> Result<(Outbound, Inbound), String> {
    let sender = Outbound::new(key, Policy::SECURE).map_err(|error| error.to_string())?;
    let receiver = Inbound::new(key, Policy::SECURE).map_err(|error| error.to_string())?;
    Ok((sender, receiver))
}

/// The packet protected, in a buffer of its own.
pub fn protect(
    sender: &mut Outbound,
    protocol: Protocol,
    packet: &[u8],
) -> Result<Vec<u8>, String> {
    let mut buffer = packet.to_vec();
    buffer.resize(packet.len() + 256, 0);
    let len = match protocol {
        Protocol::Rtp => sender.protect_rtp(&mut buffer, packet.len()),
        Protocol::Rtcp => sender.protect_rtcp(&mut buffer, packet.len()),
    };
    buffer.truncate(len.map_err(|error| format!("not protected here: {error}"))?);
    Ok(buffer)
}

/// The packet opened, in a buffer of its own.
pub fn unprotect(
    receiver: &mut Inbound,
    protocol: Protocol,
    packet: &[u8],
) -> Result<Vec<u8>, String> {
    let mut buffer = packet.to_vec();
    let len = match protocol {
        Protocol::Rtp => receiver.unprotect_rtp(&mut buffer),
        Protocol::Rtcp => receiver.unprotect_rtcp(&mut buffer),
    };
    buffer.truncate(len.map_err(|error| format!("not opened here: {error}"))?);
    Ok(buffer)
}
