//! RTP packets with whatever header: the walk over header extensions, and the way through
//! protection with elements encrypted (RFC 6904), headers encrypted (RFC 9335), or neither.

use arbitrary::{Result, Unstructured};
use srtp_core::wire::{ExtensionForm, RtpHeader};
use srtp_core::{Inbound, Outbound};

use super::packet::{bytes, rtp};
use super::session::Session;

/// One packet under one session.
pub fn header(data: &[u8]) {
    // The bytes are at an end in the middle of something: nothing more to do.
    let _ = packet(&mut Unstructured::new(data));
}

fn packet(u: &mut Unstructured<'_>) -> Result<()> {
    let session = Session::arbitrary(u)?;
    let plain = if u.arbitrary()? { rtp(u, 7, 9)? } else { bytes(u, 200)? };
    walk(&plain);

    let mut tx: Outbound = Outbound::new(&session.key, session.policy).unwrap();
    let mut rx: Inbound = Inbound::new(&session.key, session.policy).unwrap();
    let mut buffer = plain.clone();
    buffer.resize(plain.len() + 220, 0xaa);
    let before = buffer.clone();
    let announced = tx.protected_rtp_len(&plain);
    let mut output = vec![0x55; buffer.len()];
    let mut twin: Outbound = Outbound::new(&session.key, session.policy).unwrap();
    let copied = twin.protect_rtp_to(&plain, &mut output);
    let result = tx.protect_rtp(&mut buffer, plain.len());
    assert_eq!(result, copied);
    let Ok(len) = result else {
        assert_eq!(buffer, before, "a refused packet was changed");
        assert!(output.iter().all(|byte| *byte == 0x55), "output was written to");
        return Ok(());
    };
    assert_eq!(announced, Ok(len));
    assert_eq!(buffer[..len], output[..len]);
    assert!(output[len..].iter().all(|byte| *byte == 0x55), "more was written");
    assert_eq!(buffer[len..], before[len..], "more was written");

    // Who reads only headers finds the same fields where they were.
    let outer = RtpHeader::parse(&buffer[..len]).expect("a header");
    let inner = RtpHeader::parse(&plain).expect("it was protected");
    assert_eq!((outer.ssrc, outer.sequence_number), (inner.ssrc, inner.sequence_number));
    assert_eq!(outer.csrc_count, inner.csrc_count);
    walk(&buffer[..len]);

    // As short as can be, a buffer is enough; one byte less is not.
    let mut exact = plain.clone();
    exact.resize(len, 0);
    let mut once_more: Outbound = Outbound::new(&session.key, session.policy).unwrap();
    if let Some(short) = exact.len().checked_sub(1).filter(|short| *short >= plain.len()) {
        assert!(once_more.protect_rtp(&mut exact[..short], plain.len()).is_err());
        assert_eq!(exact[..plain.len()], plain);
    }
    assert_eq!(once_more.protect_rtp(&mut exact, plain.len()), Ok(len));
    assert_eq!(exact, buffer[..len]);

    let opened = rx.unprotect_rtp(&mut exact).expect("our own packet");
    assert_eq!(exact[..opened], session.arrives_as(&plain));
    Ok(())
}

/// Elements lie in the body, one behind the other, and their headers say so.
fn walk(packet: &[u8]) {
    let Ok(header) = RtpHeader::parse(packet) else {
        return;
    };
    assert!(header.len <= packet.len());
    let Some(extension) = header.extension(packet) else {
        return;
    };
    assert_eq!(extension.body.len() % 4, 0);
    let header_len = match extension.form() {
        ExtensionForm::OneByte => 1,
        ExtensionForm::TwoByte { .. } => 2,
        _ => {
            assert_eq!(extension.elements().count(), 0);
            return;
        }
    };
    let mut end = 0;
    for element in extension.elements() {
        assert!(element.id != 0 && element.offset >= end + header_len);
        assert_eq!(extension.body[element.offset..][..element.data.len()], *element.data);
        // Between two elements is nothing but padding.
        assert!(extension.body[end..element.offset - header_len].iter().all(|byte| *byte == 0));
        let head = &extension.body[element.offset - header_len..element.offset];
        match *head {
            [both] => {
                assert_eq!(
                    (both >> 4, usize::from(both & 15) + 1),
                    (element.id, element.data.len())
                );
                assert_ne!(element.id, 15);
            }
            [id, len] => assert_eq!((id, usize::from(len)), (element.id, element.data.len())),
            _ => unreachable!("one or two bytes"),
        }
        end = element.offset + element.data.len();
    }
}
