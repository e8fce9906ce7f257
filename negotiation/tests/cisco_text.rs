//! How configuration text is read: where modes begin and end, and what `no` and `default` leave.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use srtp_negotiation::cisco::{Configuration, DialPeerKind, Srtp, Transport, UrlScheme};

fn read(text: &str) -> Configuration<'_> {
    Configuration::parse(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// In a running configuration, where commands are indented under the one that opened their mode,
/// the margin is where the mode ends; in a text without indentation it is not.
#[test]
fn the_margin_ends_a_mode_only_where_the_text_is_indented() {
    assert_eq!(read("voice service voip\n srtp\nsrtp fallback").srtp, Srtp::Only);
    assert_eq!(read("voice service voip\nsrtp\nsrtp fallback").srtp, Srtp::WithFallback);
    let nested = read("voice service voip\n sip\n  url sips\n srtp\nurl tel");
    assert_eq!((nested.url, nested.srtp), (UrlScheme::Sips, Srtp::Only));
    // Back at the depth of `sip`, but not at the margin: still in it.
    assert_eq!(read("voice service voip\n sip\n  url sips\n url tel").url, UrlScheme::Tel);
}

/// Out of the configuration nothing is a command until `configure terminal`, however the lines are
/// indented.
#[test]
fn after_end_nothing_is_configured() {
    for end in ["end", "^Z", "exit\nexit"] {
        let text = format!("voice service voip\nsrtp\n{end}\nvoice service voip\nsrtp fallback");
        assert_eq!(read(&text).srtp, Srtp::Only, "{end}");
        let again = text.replace(end, &format!("{end}\nconf t"));
        assert_eq!(read(&again).srtp, Srtp::WithFallback, "{end}");
    }
    let text = "voice service voip\n srtp\nend\nvoice service voip\nsrtp fallback";
    assert_eq!(read(text).srtp, Srtp::Only);
}

/// `exit` leads one mode up: what belongs to the mode that was left is not taken for its own.
#[test]
fn exit_leads_one_mode_up() {
    let text = "voice service voip\nsip\nexit\nsrtp\nexit\nno srtp";
    let left = read(text);
    assert_eq!((left.srtp, left.passed_over), (Srtp::Only, 1));
}

/// Comments and empty lines are no commands; a name before `#` makes a prompt, `#` alone does not.
#[test]
fn what_is_no_command() {
    assert_eq!(read("!\n\n  \n! a comment\n").passed_over, 0);
    let text = "sip-ua\n#\nno transport udp";
    assert!(!read(text).listeners.udp, "still in sip-ua");
}

/// A prompt of a dial peer says nothing about which one it is: only after the command that opened
/// one is it that one's.
#[test]
fn a_prompt_of_a_dial_peer_needs_the_dial_peer() {
    let of = |before: &str| {
        format!("{before}\nR(config-dial-peer)#session transport tcp\nno transport udp")
    };
    let opened = of("dial-peer voice 1 voip");
    assert_eq!(read(&opened).dial_peer(1).unwrap().transport, Some(Transport::Tcp));
    assert!(read(&of("sip-ua")).listeners.udp, "not taken for sip-ua");
}

/// A dial peer is opened again by its tag alone, and removed by its tag alone.
#[test]
fn dial_peers_by_their_tags() {
    let text = "\
dial-peer voice 1 voip
dial-peer voice 2 pots
dial-peer voice 3 vofr
dial-peer voice 4 voip
no dial-peer voice 4
dial-peer voice 1
srtp
";
    let read = read(text);
    let kinds: Vec<_> = read.dial_peers.iter().map(|peer| (peer.tag, peer.kind)).collect();
    use DialPeerKind::{Other, Pots, Voip};
    assert_eq!(kinds, [(1, Voip), (2, Pots), (3, Other)]);
    assert_eq!(read.srtp_of(Some(1)), Srtp::Only);
}

/// `srtp negotiate` is on after the command and off after its `no`, in each of its three places and
/// in both spellings of a dial peer.
#[test]
fn srtp_negotiate_goes_on_and_off() {
    let global = |text: &str| read(&format!("voice service voip\n{text}")).srtp_negotiate;
    assert!(global("srtp negotiate") && !global("srtp negotiate\nno srtp negotiate"));
    assert!(global("sip\nsrtp negotiate"));
    assert!(!global("sip\nsrtp negotiate\nno srtp negotiate"));
    let peer = |text: &str| {
        read(&format!("dial-peer voice 1 voip\n{text}")).dial_peer(1).unwrap().srtp_negotiate
    };
    for command in ["srtp negotiate", "voice-class sip srtp negotiate"] {
        assert!(peer(command));
        assert!(!peer(&format!("{command}\nno {command}")));
    }
}

/// `sip` opens its mode only as the whole command.
#[test]
fn sip_with_a_word_behind_it_opens_nothing() {
    let read = read("voice service voip\nsip anything\nurl sips");
    assert_eq!((read.url, read.passed_over), (UrlScheme::Sip, 2));
}

/// `no` undoes: the switch of the transport, one registrar and not the other, the protocol of a
/// dial peer.
#[test]
fn no_undoes() {
    let switch = "voice service voip\nsip\ntransport switch udp tcp";
    assert!(read(switch).transport_switch);
    assert!(!read(&format!("{switch}\nno transport switch udp tcp")).transport_switch);

    let two = "sip-ua\nregistrar ipv4:192.0.2.1\nregistrar ipv4:192.0.2.2 secondary scheme sip";
    for (no, left) in [("registrar secondary", "192.0.2.1"), ("registrar", "192.0.2.2")] {
        let text = format!("{two}\nno {no}");
        let registrars = read(&text).registrars;
        assert_eq!(registrars.len(), 1);
        assert_eq!(registrars[0].address, format!("ipv4:{left}"));
        assert_eq!(registrars[0].scheme, UrlScheme::Sip);
    }

    let peer = |text: &str| read(&format!("dial-peer voice 1 voip\n{text}")).dial_peers[0].sip;
    assert!(peer("session protocol sipv2"));
    assert!(!peer("session protocol sipv2\nno session protocol sipv2"));
    assert!(!peer("session protocol sipv2\nsession protocol cisco"));
}

/// `srtp system` and `default srtp` take a dial peer's own SRTP back, each for itself; `no srtp`
/// turns it off.
#[test]
fn a_dial_peer_goes_back_to_the_system() {
    let of = |command: &str| {
        read(&format!("dial-peer voice 1 voip\nsrtp fallback\n{command}")).dial_peers[0].srtp
    };
    assert_eq!(of("srtp system"), None);
    assert_eq!(of("default srtp"), None);
    assert_eq!(of("no srtp"), Some(Srtp::Off));
}

/// A command that stands deeper than the one that opened the mode belongs to it, whatever it is
/// called.
#[test]
fn a_deeper_command_opens_no_other_mode() {
    let text = "dial-peer voice 1 voip\n crypto anything\n srtp fallback";
    assert_eq!(read(text).srtp_of(Some(1)), Srtp::WithFallback);
}

/// Of every configuration in the vendors' documents some line is known to be one of IOS; so is a
/// fragment of one command, or one that is about something else.
#[test]
fn configurations_are_recognized() {
    const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../test-vectors/negotiation");
    let mut seen = 0;
    for entry in std::fs::read_dir(VECTORS).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let recognized = read(&text).recognized;
        assert_eq!(recognized > 0, name.starts_with("cisco-"), "{name}: {recognized}");
        seen += usize::from(recognized > 0);
    }
    assert_eq!(seen, 9);
    for fragment in [
        "voice service voip",
        "dial-peer voice 1 pots",
        "no dial-peer voice 7",
        "sip-ua\n",
        "conf t",
        "!\r\nvoice serv voip\r\n srtp\r\n",
        "gw(config)#hostname gw",
        "version 15.7\nhostname gw",
        "interface FastEthernet0/0\n ip address 192.0.2.1 255.255.255.0",
        "interface FastEthernet 0/0",
        "interface Serial0/0/0:23",
        "interface Dialer1",
        "controller T1 1/0",
        "line vty 0 4\n login",
        "line con 0",
        "router ospf 1",
        "router rip",
        "voice class codec 1",
        "voice-port 1/0:23",
        "voice-card 0",
        "ephone-dn 12",
        "crypto pki trustpoint ca",
        "crypto isakmp policy 1",
        "telephony-service",
        "policy-map voice",
        "class-map match-any rtp",
        "dspfarm profile 1 transcode",
        "sccp local FastEthernet0/0",
        "vrf definition management",
    ] {
        assert_ne!(read(fragment).recognized, 0, "{fragment}");
    }
}

/// Nothing else is: not a text of another kind, not prose that happens to begin its lines with
/// words of IOS, and not a command without the line that opens its mode, which changes nothing.
#[test]
fn other_texts_are_not_recognized() {
    for text in [
        "",
        "\n \n",
        "! only a comment\n",
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nm=audio 4000 RTP/SAVP 0\r\n",
        "{\n  \"version\": \"12.4\",\n  \"sip-ua\": {}\n}\n",
        "<config>\n<sip/>\n</config>\n",
        "#!/bin/sh\nexport version=12.4\nexit 0\nend\n",
        "Host gw\n  HostName 192.0.2.1\n  Port 22\n",
        "no such\ndefault\nexit\nend\n^Z\n",
        "srtp\nsrtp fallback\ntransport tcp tls\nregistrar ipv4:192.0.2.1\n",
        "Dear all,\nline 3 of the form and the new\ninterface are wrong, says the\ngateway\n\
         interface eth0 is down and the\nvoice quality poor. Router and\nrouter do not agree; a\n\
         crypto key is missing.\nController and\ncontroller 2 know the\nversion of it.\n\
         version 3\nSCCP phones and\nvoice service of the\nprovider are\nclass-map enough.\n\
         policy-map\npolicy-map of the city\nversion 3.beta\nversion three.1\nversion .1\n",
        "the dial-peer voice 1 voip in the middle of a line\n",
        "PC> dir\nPC# ls\n",
    ] {
        assert_eq!(read(text).recognized, 0, "{text}");
    }
}

/// What `show running-config` prints in a session is a configuration up to its `end`; what other
/// commands print is not.
#[test]
fn a_printed_configuration_is_read() {
    let printed = "Building configuration...\n\nCurrent configuration : 1234 bytes\n!\nversion 15.1\n\
                   voice service voip\n srtp\n sip\n  url sips\n!\nend\n\n";
    for command in ["show running-config", "sh run", "show startup-config", "show run | no more"] {
        let text =
            format!("gw#terminal length 0\ngw#{command}\n{printed}gw#show x\nsip-ua\n url tel");
        let configuration = read(&text);
        assert_eq!(
            (configuration.srtp, configuration.url),
            (Srtp::Only, UrlScheme::Sips),
            "{text}"
        );
    }
    for command in ["show version", "show sip-ua status", "write memory", "showing running-config"]
    {
        let text = format!("gw#{command}\n{printed}");
        let configuration = read(&text);
        assert_eq!((configuration.srtp, configuration.recognized), (Srtp::Off, 0), "{command}");
    }
}
