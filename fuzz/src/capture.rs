//! Captures as srtp-doctor reads them: whole, broken off anywhere, and down to the SIP in them.

use srtp_doctor::{capture, net::Dissector, sip};

/// One capture.
pub fn pcap(data: &[u8]) {
    let all = frames(data);
    // Of a capture that breaks off, nothing but what was before the break is there.
    for cut in [data.len() / 2, data.len().saturating_sub(1)] {
        let some = frames(&data[..cut]);
        assert!(all.starts_with(&some), "{} of {} frames", some.len(), all.len());
    }
}

/// The bytes of all frames up to the break.
fn frames(data: &[u8]) -> Vec<Vec<u8>> {
    let (mut frames, mut consumed) = (Vec::new(), 0);
    let mut dissector = Dissector::default();
    let result = capture::read("fuzz", data, |frame, at| {
        frames.push(frame.data.to_vec());
        assert_eq!(frame.number, frames.len() as u64);
        assert!(at >= consumed && at <= data.len() as u64);
        consumed = at;
        if let Some(datagram) = dissector.udp(&frame) {
            assert_eq!(datagram.frame, frame.number);
            if let Some(Ok(message)) = sip::parse(&datagram.payload) {
                assert!(message.sdp.is_none_or(|sdp| sdp.len() <= 3 * datagram.payload.len()));
            }
        }
        Ok(())
    });
    match result {
        Ok(Some(broken)) => {
            assert_eq!(broken.packets, frames.len() as u64);
            assert!(broken.offset <= data.len() as u64);
        }
        Ok(None) => {}
        Err(failure) => assert!(frames.is_empty() && failure.to_string().starts_with("fuzz")),
    }
    frames
}
