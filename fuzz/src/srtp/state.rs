//! Exported state, genuine, damaged and invented, into contexts new and at work.

use arbitrary::{Result, Unstructured};
use srtp_core::{Growing, Inbound, Outbound, StreamInfo};

use super::packet::{SSRCS, bytes, damage};
use super::session::Session;

type Sender = Outbound<Growing, 2>;
type Receiver = Inbound<Growing, 2>;

/// A session, what was sent in it, and the state that somebody hands over.
pub fn state(data: &[u8]) {
    // The bytes are at an end in the middle of something: nothing more to do.
    let _ = journey(&mut Unstructured::new(data));
}

/// The four things one can do to either direction.
trait Side {
    fn exported(&self) -> Vec<u8>;
    fn take(&mut self, state: &[u8]) -> bool;
    fn take_going_back(&mut self, state: &[u8]) -> bool;
    fn listed(&self) -> Vec<StreamInfo>;
}

macro_rules! side {
    ($side:ty) => {
        impl Side for $side {
            fn exported(&self) -> Vec<u8> {
                let mut state = vec![0; self.exported_len()];
                assert_eq!(self.export(&mut state), Ok(state.len()));
                let mut short = vec![0x55; state.len() - 1];
                assert!(self.export(&mut short).is_err());
                state
            }

            fn take(&mut self, state: &[u8]) -> bool {
                self.restore(state).is_ok()
            }

            fn take_going_back(&mut self, state: &[u8]) -> bool {
                self.restore_going_back(state).is_ok()
            }

            fn listed(&self) -> Vec<StreamInfo> {
                self.streams().collect()
            }
        }
    };
}

side!(Sender);
side!(Receiver);

fn journey(u: &mut Unstructured<'_>) -> Result<()> {
    let session = Session::arbitrary(u)?;
    let (key, policy) = (&session.key, session.policy);
    let windows = [*u.choose(&[64, 128, 1024])?, *u.choose(&[64, 128, 1024])?];
    let new = |n: usize| {
        let sender = Sender::with_streams(key, policy, Growing::new(3, windows[n])).unwrap();
        (sender, Receiver::with_streams(key, policy, Growing::new(3, windows[n])).unwrap())
    };
    let (mut tx, mut rx) = new(0);
    for _ in 0..u.int_in_range(0..=6)? {
        send(u, &mut tx, &mut rx)?;
    }
    if u.arbitrary()? { hand_over(u, &mut tx, new(1).0) } else { hand_over(u, &mut rx, new(1).1) }
}

/// A packet under way from one to the other; what is refused is refused.
fn send(u: &mut Unstructured<'_>, tx: &mut Sender, rx: &mut Receiver) -> Result<()> {
    let ssrc = *u.choose(&SSRCS)?;
    if u.ratio(1, 3)? {
        let mut packet = [&[0x80, 200, 0, 1][..], &ssrc.to_be_bytes()].concat();
        packet.resize(220, 0);
        if let Ok(len) = tx.protect_rtcp(&mut packet, 8) {
            let _ = rx.unprotect_rtcp(&mut packet[..len]);
        }
        return Ok(());
    }
    let sequence_number = *u.choose(&[1, 2, 60, 70, 300, 0x7fff, 0x8001, 0xffff])?;
    let seq = u16::to_be_bytes(sequence_number);
    let mut packet = [&[0x80, 0][..], &seq, &[0; 4], &ssrc.to_be_bytes()].concat();
    packet.resize(220, 0);
    if let Ok(len) = tx.protect_rtp(&mut packet, 12) {
        let _ = rx.unprotect_rtp(&mut packet[..len]);
    }
    Ok(())
}

fn hand_over(u: &mut Unstructured<'_>, old: &mut impl Side, mut new: impl Side) -> Result<()> {
    let genuine = old.exported();
    let mut state = genuine.clone();
    if u.ratio(1, 6)? {
        state = bytes(u, 120)?;
    } else {
        damage(u, &mut state)?;
    }
    let empty = new.exported();
    let taken = new.take(&state);
    if state == genuine {
        assert!(taken, "genuine state is taken over");
        assert_eq!(sorted(new.listed()), sorted(old.listed()));
    }
    if !taken {
        assert_eq!(new.exported(), empty, "refused state left a trace");
    }
    // What came out of it survives the next journey as it is, and is no step back.
    let second = new.exported();
    assert!(new.take(&second), "its own state");
    assert_eq!(new.exported(), second);

    // Into a context at work: forward, or not at all.
    let before = (old.exported(), old.listed());
    if old.take(&state) {
        let now = old.listed();
        for stream in &before.1 {
            let same = now.iter().find(|other| other.ssrc == stream.ssrc);
            let same = same.expect("no stream is lost");
            assert!(same.rtp_index >= stream.rtp_index && same.rtcp_index >= stream.rtcp_index);
        }
    } else {
        assert_eq!(old.exported(), before.0, "refused state left a trace");
    }
    let before = old.exported();
    if !old.take_going_back(&state) {
        assert_eq!(old.exported(), before, "refused state left a trace");
    }
    Ok(())
}

fn sorted(mut streams: Vec<StreamInfo>) -> Vec<StreamInfo> {
    streams.sort_by_key(|stream| stream.ssrc);
    streams
}
