//! What a receiver makes of packets, genuine, damaged and invented, by every way into it.

use arbitrary::{Result, Unstructured};
use srtp_core::{Growing, Inbound, Protocol, UnprotectError, stateless};

use super::packet::{SSRCS, bytes, damage, rtcp, rtp};
use super::session::Session;

type Receiver = Inbound<Growing, 2>;

/// A session, then packets until the bytes are at an end.
pub fn unprotect(data: &[u8]) {
    // The bytes are at an end in the middle of something: nothing more to do.
    let _ = packets(&mut Unstructured::new(data));
}

fn packets(u: &mut Unstructured<'_>) -> Result<()> {
    let session = Session::arbitrary(u)?;
    let (sender, reference) = session.stateless();
    let window = *u.choose(&[64, 128, 1024])?;
    let table = Growing::new(2, window);
    let receiver: Receiver = Inbound::with_streams(&session.key, session.policy, table).unwrap();
    let mut test = Test { session, sender, reference, receiver };
    while !u.is_empty() {
        let protocol = if u.ratio(1, 4)? { Protocol::Srtcp } else { Protocol::Srtp };
        test.packet(u, protocol)?;
    }
    Ok(())
}

struct Test {
    session: Session,
    sender: stateless::Outbound,
    reference: stateless::Inbound,
    receiver: Receiver,
}

/// The whole state of a receiver, but for its keys.
fn state(receiver: &Receiver) -> Vec<u8> {
    let mut state = vec![0; receiver.exported_len()];
    assert_eq!(receiver.export(&mut state), Ok(state.len()));
    state
}

fn open(receiver: &mut Receiver, protocol: Protocol, packet: &mut [u8]) -> Opened {
    match protocol {
        Protocol::Srtp => receiver.unprotect_rtp(packet),
        Protocol::Srtcp => receiver.unprotect_rtcp(packet),
    }
}

type Opened = core::result::Result<usize, UnprotectError>;

impl Test {
    fn packet(&mut self, u: &mut Unstructured<'_>, protocol: Protocol) -> Result<()> {
        let ssrc = *u.choose(&SSRCS)?;
        if u.ratio(1, 8)? {
            // Whatever it says, it was held against every way in.
            let _ = self.offer(protocol, &bytes(u, 120)?);
            return Ok(());
        }
        let known = self.receiver.streams().find(|stream| stream.ssrc == ssrc);
        let (plain, index) = match protocol {
            Protocol::Srtp => {
                let highest = known.and_then(|stream| stream.rtp_index);
                let index = near(u, highest, (1 << 48) - 1)?;
                (rtp(u, ssrc, index as u16)?, index)
            }
            Protocol::Srtcp => {
                let highest = known.and_then(|stream| stream.rtcp_index).map(u64::from);
                (rtcp(u, ssrc)?, near(u, highest, (1 << 31) - 1)?)
            }
        };
        let mut packet = plain.clone();
        packet.resize(plain.len() + 200, 0);
        let protected = match protocol {
            Protocol::Srtp => self.sender.protect_rtp(&mut packet, plain.len(), index),
            Protocol::Srtcp => self.sender.protect_rtcp(&mut packet, plain.len(), index as u32),
        };
        let Ok(protected) = protected else {
            return Ok(()); // Cryptex required and nothing to show for it, and the like
        };
        packet.truncate(protected);
        let genuine = packet.clone();
        damage(u, &mut packet)?;
        let opened = self.offer(protocol, &packet);
        if packet == genuine {
            self.judge_genuine(protocol, &plain, index, ssrc, known, &opened);
        }
        Ok(())
    }

    /// A genuine packet opens to what it was made of, or has come before, or is not of the index
    /// the receiver takes it for.
    fn judge_genuine(
        &self,
        protocol: Protocol,
        plain: &[u8],
        index: u64,
        ssrc: u32,
        known: Option<srtp_core::StreamInfo>,
        opened: &core::result::Result<Vec<u8>, UnprotectError>,
    ) {
        match opened {
            Ok(opened) if self.session.authenticates_srtp() || protocol == Protocol::Srtcp => {
                let expected = match protocol {
                    Protocol::Srtp => self.session.arrives_as(plain),
                    Protocol::Srtcp => plain.to_vec(),
                };
                assert_eq!(*opened, expected, "{protocol:?} {index} of {ssrc:08x}");
            }
            Ok(_) | Err(UnprotectError::Replayed { .. } | UnprotectError::TooOld { .. }) => {}
            Err(UnprotectError::TableFull { .. }) => assert!(known.is_none()),
            Err(why) => {
                let highest = match protocol {
                    Protocol::Srtp => known.and_then(|stream| stream.rtp_index),
                    Protocol::Srtcp => Some(index),
                };
                let near = highest.is_some_and(|highest| index.abs_diff(highest) < 1 << 15);
                assert!(!near || self.session.policy.rcc.is_some(), "{protocol:?} {index}: {why}");
            }
        }
    }

    /// Gives a packet to the receiver by every way there is; all say the same, and a refusal leaves
    /// no trace.
    fn offer(
        &mut self,
        protocol: Protocol,
        packet: &[u8],
    ) -> core::result::Result<Vec<u8>, UnprotectError> {
        let before = state(&self.receiver);
        let verified = match protocol {
            Protocol::Srtp => self.receiver.verify_rtp(packet),
            Protocol::Srtcp => self.receiver.verify_rtcp(packet).map(u64::from),
        };
        assert_eq!(state(&self.receiver), before);

        let mut twin = self.receiver.clone();
        let mut output = vec![0xaa; packet.len() + 3];
        let copied = match protocol {
            Protocol::Srtp => twin.unprotect_rtp_to(packet, &mut output),
            Protocol::Srtcp => twin.unprotect_rtcp_to(packet, &mut output),
        };
        let mut opened = packet.to_vec();
        let result = open(&mut self.receiver, protocol, &mut opened);
        assert_eq!(result, copied);
        assert_eq!(state(&self.receiver), state(&twin));
        match result {
            Err(why) => {
                assert_eq!(opened, packet, "a refused packet was changed");
                assert_eq!(state(&self.receiver), before, "a refused packet left a trace");
                assert!(output.iter().all(|byte| *byte == 0xaa), "output was written to");
                let late = matches!(why, UnprotectError::TableFull { .. });
                assert!(verified == Err(why) || late && verified.is_ok(), "{verified:?} {why}");
                Err(why)
            }
            Ok(len) => {
                opened.truncate(len);
                assert_eq!(output[..len], opened);
                assert!(output[len..].iter().all(|byte| *byte == 0xaa), "more was written");
                let index = verified.expect("verified as it was opened");
                self.is_what_a_sender_makes(protocol, packet, &opened, index);
                Ok(opened)
            }
        }
    }

    /// What the context opened, the stateless receiver opens under the same index, and the stateless
    /// sender makes the very same packet of it: nobody else's packets come in.
    fn is_what_a_sender_makes(&self, protocol: Protocol, packet: &[u8], opened: &[u8], index: u64) {
        let mut again = packet.to_vec();
        let result = match protocol {
            Protocol::Srtp => self.reference.unprotect_rtp(&mut again, index),
            Protocol::Srtcp => self.reference.unprotect_rtcp(&mut again).map(|(len, at)| {
                assert_eq!(u64::from(at), index);
                len
            }),
        };
        assert_eq!(result, Ok(opened.len()));
        assert_eq!(again[..opened.len()], *opened);
        if !self.session.has_one_form() {
            return;
        }
        let mut sealed = opened.to_vec();
        sealed.resize(packet.len() + 64, 0);
        let result = match protocol {
            Protocol::Srtp => self.sender.protect_rtp(&mut sealed, opened.len(), index),
            Protocol::Srtcp => self.sender.protect_rtcp(&mut sealed, opened.len(), index as u32),
        };
        assert_eq!(result, Ok(packet.len()));
        assert_eq!(sealed[..packet.len()], *packet);
    }
}

/// An index near the highest one, mostly the next, or anywhere.
fn near(u: &mut Unstructured<'_>, highest: Option<u64>, last: u64) -> Result<u64> {
    let Some(highest) = highest else {
        let roc = u64::from(*u.choose(&[0_u16, 0, 0, 1, 2])?);
        return Ok((roc << 16 | u64::from(u.arbitrary::<u16>()?)).min(last));
    };
    let index = match u.int_in_range(0..=5)? {
        0 => u.arbitrary::<u64>()? & last,
        1 => highest.saturating_add_signed(i64::from(u.arbitrary::<i16>()?)),
        2 => highest.saturating_sub(u.int_in_range(0..=130)?),
        _ => highest + 1,
    };
    Ok(index.min(last))
}
