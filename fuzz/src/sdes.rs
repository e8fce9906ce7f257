//! Identities of sdes-sdp: nothing is lost between a text and its view, between a meaning and its
//! text, and between an SDP and its rewriting; strict is never more than tolerant.

use sdes_sdp::{
    Connection, CryptoAttribute, CryptoEdit, CryptoErrorKind, CryptoLine, CryptoSuite, Direction,
    Emit, LifetimeForm, MasterKey, MediaEdit, NoteKind, ParameterName, Rewrite, Sdp, SdpWriter,
    SessionEdit, SessionParameters, Tolerance,
};

/// One crypto line, with or without its line ending.
pub fn crypto_line(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let line = match CryptoLine::parse(text) {
        Ok(line) => line,
        Err(error) => {
            assert!((1..=text.len() + 1).contains(&error.column), "{error}");
            return;
        }
    };
    assert_eq!(line.to_string(), text);
    let strict = line.validate(Tolerance::Strict);
    let rfc = line.validate(Tolerance::Rfc4568);
    let tolerant = match line.validate(Tolerance::Tolerant) {
        Ok(meaning) => meaning,
        Err(error) => {
            assert!((1..=text.len() + 1).contains(&error.column), "{error}");
            assert!(!matches!(error.kind, CryptoErrorKind::Refused(_)));
            assert!(rfc.is_err() && strict.is_err());
            return;
        }
    };
    // Each tolerance accepts exactly what it has nothing to note about, and means the same.
    let notes = &tolerant.notes;
    assert_eq!(strict.is_ok(), notes.is_empty());
    let kept_all = notes.count() == notes.as_slice().len();
    let allowed = notes.iter().all(|note| note.kind.is_allowed_by_rfc());
    assert!(!kept_all || rfc.is_ok() == allowed);
    for meaning in [&strict, &rfc].into_iter().flatten() {
        assert_eq!(meaning, &tolerant);
    }
    for note in notes {
        assert!((1..=text.len() + 1).contains(&note.column), "{note}");
    }
    writes_and_reads_back(&tolerant.attribute, line.suite_name());

    // In its default form only what is no matter of form is left to note.
    let text = tolerant.attribute.line(&Emit::default()).to_string();
    let again = CryptoLine::parse(&text).unwrap().validate(Tolerance::Tolerant).unwrap();
    for note in &again.notes {
        let of_substance = [NoteKind::TagZero, NoteKind::MkiZero, NoteKind::RepeatedKey];
        assert!(of_substance.contains(&note.kind), "{note}");
        assert!(!kept_all || notes.contains(note.kind));
    }
}

/// Meaning to text and back, in every form.
fn writes_and_reads_back(attribute: &CryptoAttribute, suite_name: &str) {
    let reversed: Vec<_> = ParameterName::ALL.iter().rev().copied().collect();
    for (padding, lifetime, order) in
        [(true, LifetimeForm::Power, &[][..]), (false, LifetimeForm::Decimal, &reversed[..])]
    {
        let emit = Emit { padding, lifetime, suite_name: Some(suite_name), order };
        let [line, bare, value] = [
            attribute.line(&emit).to_string(),
            attribute.attribute(&emit).to_string(),
            attribute.value(&emit).to_string(),
        ];
        assert_eq!(line, format!("a={bare}"));
        assert_eq!(bare, format!("crypto:{value}"));
        for text in [line, bare, value] {
            let again = CryptoLine::parse(&text).unwrap();
            assert_eq!(again.suite_name(), suite_name);
            assert_eq!(&again.meaning().unwrap(), attribute);
        }
    }
}

/// A whole session description.
pub fn sdp(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let sdp = match Sdp::parse(text) {
        Ok(sdp) => sdp,
        Err(error) => {
            // A place in the text: a line it has, a column that line has.
            let lines = lines(text);
            let line = lines.get(error.line_number - 1).copied().unwrap_or_default();
            assert!((1..=line.len() + 1).contains(&error.column), "{error}");
            assert!(Sdp::parse_with(text, Tolerance::Strict).is_err());
            return;
        }
    };
    assert_eq!(sdp.to_string(), text);
    let strict = Sdp::parse_with(text, Tolerance::Strict);
    assert_eq!(strict.is_ok(), sdp.remarks().next().is_none());
    is_the_text(&sdp, text);
    let unchanged = Rewrite::new(&sdp, SessionEdit::default(), &[]).unwrap();
    assert_eq!(unchanged.to_string(), text);
    rewrites_what_it_says(&sdp);
    if strict.is_ok() {
        is_written_again(text);
    }
    // sdp-types panics on descriptions whose lines are out of order, so it only sees proper ones.
    if strict.is_ok()
        && let Ok(peer) = sdp_types::Session::parse(data)
    {
        agrees_with(&sdp, &peer);
    }
}

/// What RFC 8866 allows the writer writes, line by line to the same text.
fn is_written_again(text: &str) {
    let mut written = String::new();
    let mut writer = SdpWriter::new(&mut written);
    for line in text.lines() {
        let (letter, value) = (line.chars().next().unwrap(), line.get(2..).unwrap_or_default());
        let named = value.split_once(':');
        let direction = Direction::from_name(value);
        let crypto = CryptoLine::parse(line).and_then(|line| line.validate(Tolerance::Strict));
        match (letter, named, direction, crypto) {
            ('c', ..) => writer.connection(&Connection::parse(value).unwrap()),
            ('a', _, Some(direction), _) => writer.direction(direction),
            // Only the meaning survives: a strict line can have its parameters in any order.
            ('a', Some(("crypto", _)), _, Ok(meaning)) => {
                let mut line = String::new();
                SdpWriter::new(&mut line)
                    .crypto(&meaning.attribute.line(&Emit::default()))
                    .unwrap();
                let again = CryptoLine::parse(&line).unwrap().meaning().unwrap();
                assert_eq!(again, meaning.attribute);
                writer.attribute("crypto", named.map(|(_, value)| value))
            }
            ('a', Some((name, value)), ..) => writer.attribute(name, Some(value)),
            ('a', None, ..) => writer.attribute(value, None),
            _ => writer.line(letter, value),
        }
        .unwrap_or_else(|error| panic!("{letter}: {error}"));
    }
    assert_eq!(written, text);
}

/// The lines of a text, by the definition of the three endings.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(['\r', '\n']).unwrap_or(rest.len());
        let (line, ending) = rest.split_at(end);
        lines.push(line);
        let after = ending.strip_prefix("\r\n").or(ending.strip_prefix(['\r', '\n']));
        rest = after.unwrap_or_default();
    }
    lines
}

/// Sections, crypto lines and remarks stand where the text has them.
fn is_the_text(sdp: &Sdp<'_>, text: &str) {
    let lines = lines(text);
    let sections: String = sdp.media().map(|media| media.as_str()).collect();
    assert!(text.ends_with(&sections));
    let m_lines: Vec<_> = (1..).zip(&lines).filter(|(_, line)| line.starts_with("m=")).collect();
    assert_eq!(m_lines.len(), sdp.media_count());
    assert_eq!(m_lines.len(), sdp.media().count());
    let mut crypto = sdp.session_crypto().collect::<Vec<_>>();
    for (media, (number, _)) in sdp.media().zip(&m_lines) {
        assert_eq!(media.line_number(), *number);
        assert_eq!(media.crypto().next().is_some(), media.has_crypto());
        crypto.extend(media.crypto());
    }
    let is_crypto = |line: &str| line == "a=crypto" || line.starts_with("a=crypto:");
    let expected: Vec<_> =
        (1..).zip(&lines).filter(|(_, line)| is_crypto(line)).map(|(number, _)| number).collect();
    assert_eq!(crypto.iter().map(|entry| entry.line_number).collect::<Vec<_>>(), expected);
    for entry in crypto {
        let alone = CryptoLine::parse(lines[entry.line_number - 1]);
        match (entry.parsed, alone) {
            (Ok(here), Ok(there)) => assert_eq!(here.as_str(), there.as_str()),
            (Err(here), Err(there)) => {
                let broken = here.kind == CryptoErrorKind::BrokenInTwo;
                assert!(here == there || broken && there.kind == CryptoErrorKind::MissingKey);
            }
            (here, there) => panic!("{here:?} {there:?}"),
        }
    }
    for remark in sdp.remarks() {
        let line = lines.get(remark.line_number - 1).copied().unwrap_or_default();
        assert!((1..=line.len() + 1).contains(&remark.column), "{remark}");
    }
}

/// An SDP with everything edited that can be says just that, and all the rest as before.
fn rewrites_what_it_says(sdp: &Sdp<'_>) {
    let suite = CryptoSuite::AesCm128HmacSha1_80;
    let key = MasterKey::new(suite, &[3; 30]).unwrap();
    let ours = CryptoAttribute::new(5, key, SessionParameters::default()).unwrap();
    let emit = Emit::default();
    let crypto = [ours.line(&emit)];
    let address = Connection { net_type: "IN", addr_type: "IP6", address: "2001:db8::9" };
    let edit = MediaEdit {
        port: Some(4000),
        profile: Some("RTP/SAVPF"),
        formats: Some(&["0"]),
        connection: Some(address),
        direction: Some(Direction::SendOnly),
        crypto: CryptoEdit::Replace(&crypto),
        drop: &["mid", "rtcp-mux"],
        add: &["x-ours:1"],
    };
    let edits = vec![edit; sdp.media_count()];
    let written = Rewrite::new(sdp, SessionEdit::default(), &edits).unwrap().to_string();
    let again = Sdp::parse(&written).unwrap();
    assert_eq!(again.media_count(), sdp.media_count());
    assert_eq!(again.origin(), sdp.origin());
    assert_eq!(again.connection(), sdp.connection());
    for (new, old) in again.media().zip(sdp.media()) {
        assert_eq!((new.port(), new.port_count(), new.kind()), (4000, 1, old.kind()));
        assert_eq!(new.profile(), sdes_sdp::Profile::RtpSavpf);
        assert_eq!(new.formats().collect::<Vec<_>>(), ["0"]);
        assert_eq!(new.own_connection(), Some(address));
        assert_eq!(new.own_direction(), Some(Direction::SendOnly));
        let lines: Vec<_> = new.crypto().map(|entry| entry.parsed.unwrap().meaning()).collect();
        assert_eq!(lines, [Ok(ours.clone())]);
        assert!(new.mid().is_none() && !new.rtcp_mux());
        assert!(new.values("x-ours").any(|value| value == "1"));
        assert_eq!(new.setup(), old.setup());
        assert_eq!(new.fingerprint(), old.fingerprint());
    }
}

/// Where sdp-types reads the text too, it reads the same.
fn agrees_with(sdp: &Sdp<'_>, peer: &sdp_types::Session) {
    assert_eq!(sdp.media_count(), peer.medias.len());
    assert_eq!(sdp.session_name(), Some(peer.session_name.as_str()));
    let origin = sdp.origin().unwrap();
    assert_eq!(origin.username, peer.origin.username.as_deref().unwrap_or("-"));
    assert_eq!(origin.session_id, peer.origin.sess_id);
    assert_eq!(origin.address, peer.origin.unicast_address);
    let address = |connection: Connection<'_>| connection.address.to_string();
    let theirs = |connection: &sdp_types::Connection| connection.connection_address.clone();
    assert_eq!(sdp.connection().map(address), peer.connection.as_ref().map(theirs));
    let attributes = sdp.attributes().map(|a| (a.name, a.value));
    let peers = peer.attributes.iter().map(|a| (a.attribute.as_str(), a.value.as_deref()));
    assert!(attributes.eq(peers));
    for (media, theirs) in sdp.media().zip(&peer.medias) {
        assert_eq!(media.kind().as_str().to_ascii_lowercase(), theirs.media.to_ascii_lowercase());
        assert_eq!(media.port(), theirs.port);
        assert_eq!(media.port_count(), u32::from(theirs.num_ports.unwrap_or(1)));
        let profile = media.profile();
        assert!(profile.as_str().eq_ignore_ascii_case(&theirs.proto), "{profile}");
        let formats = theirs.fmt.split([' ', '\t']).filter(|format| !format.is_empty());
        assert!(media.formats().eq(formats));
        assert_eq!(
            media.own_connection().map(address),
            theirs.connections.first().map(|c| c.connection_address.clone())
        );
        let attributes = media.attributes().map(|a| (a.name, a.value));
        let theirs = theirs.attributes.iter().map(|a| (a.attribute.as_str(), a.value.as_deref()));
        assert!(attributes.eq(theirs));
    }
}
