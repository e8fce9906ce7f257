//! Identities of the vendors' configurations: what does not matter to IOS changes nothing, faults
//! are named where they stand, and a setting that is refused leaves everything as it was.

use std::collections::BTreeSet;

use srtp_negotiation::cisco::{Configuration, Transport, UrlScheme};
use srtp_negotiation::polycom::Settings;

/// Cisco configuration text.
pub fn cisco(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let lines: Vec<_> = text.lines().collect();
    // Comments and empty lines between the lines, and the other line ending, say nothing.
    let said = |text: &str| {
        let read = Configuration::parse(text);
        read.map(|configuration| format!("{configuration:?}")).map_err(|error| error.kind)
    };
    let with = |between: &str| lines.iter().flat_map(|line| [*line, between]).collect::<String>();
    let expected = said(&with("\n"));
    for between in ["\r\n", "\n!\n", "\n\n", "\n  ! a comment\n"] {
        assert_eq!(said(&with(between)), expected, "{between:?}");
    }
    let configuration = match Configuration::parse(text) {
        Ok(configuration) => configuration,
        Err(error) => {
            let line = lines[error.line_number - 1];
            assert!((1..=line.len() + 1).contains(&error.column), "{error}");
            // The lines before it are in order.
            let before = lines[..error.line_number - 1].join("\n");
            Configuration::parse(&before).unwrap();
            return;
        }
    };
    assert!(configuration.passed_over <= lines.len());
    let tags: BTreeSet<_> = configuration.dial_peers.iter().map(|peer| peer.tag).collect();
    assert_eq!(tags.len(), configuration.dial_peers.len());
    assert_eq!(configuration.srtp_of(None), configuration.srtp);
    for peer in &configuration.dial_peers {
        let tag = Some(peer.tag);
        assert_eq!(configuration.srtp_of(tag), peer.srtp.unwrap_or(configuration.srtp));
        let url = configuration.url_of(tag);
        assert_eq!(url, peer.url.unwrap_or(configuration.url));
        let transport = configuration.transport_of(tag);
        assert!(url != UrlScheme::Sips || transport == Transport::TcpTls);
        // A message that fits goes as configured.
        assert_eq!(configuration.transport_of_message(tag, 0, 1500), transport);
    }
    for entry in &configuration.trustpoints {
        let Some((address, _)) = entry.remote else {
            continue;
        };
        assert!(configuration.trustpoint_for(address).is_some());
    }
}

/// Attributes of a `sip.cfg`, one `name="value"` a line.
pub fn polycom(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let attributes = text.lines().filter_map(|line| line.split_once('='));
    let attributes: Vec<_> =
        attributes.map(|(name, value)| (name.trim(), value.trim().trim_matches('"'))).collect();
    let mut settings = Settings::default();
    let mut taken = Vec::new();
    for &(name, value) in &attributes {
        let before = settings;
        if settings.set(name, value).is_err() {
            assert_eq!(settings, before, "a setting that was refused changed something");
            continue;
        }
        // What is set is set, and neither sign nor blank is a part of a number.
        let once = settings;
        assert_eq!(settings.set(name, value), Ok(()));
        assert_eq!(settings, once);
        assert!(name.starts_with("voIpProt.") || value.bytes().all(|c| c.is_ascii_digit()));
        taken.push((name, value));
    }
    // What an attribute implies is not what was set already.
    assert!(settings.implied().all(|implied| implied.attribute != implied.by));
    // Of several values the last counts, in whichever order the attributes stand.
    let spelling = |name: &str| name.replace("noEncryptRT", "noEncrypRT");
    let mut seen = BTreeSet::new();
    let mut again = Settings::default();
    for (name, value) in taken.iter().rev().filter(|(name, _)| seen.insert(spelling(name))) {
        again.set(name, value).unwrap();
    }
    assert_eq!(again, settings);
    for (name, _) in &taken {
        settings.set(name, "").unwrap();
    }
    assert_eq!(settings, Settings::default());
}
