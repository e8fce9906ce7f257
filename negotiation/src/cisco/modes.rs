//! The commands of each configuration mode. Keywords show in brackets how far they can be cut down
//! before another command of the mode begins the same.

use core::net::Ipv4Addr;

use crate::cisco::configuration::{
    Configuration, DialPeer, DialPeerKind, MAX_DIAL_PEERS, MAX_REGISTRARS, MAX_TRUSTPOINTS,
    Registrar, Srtp, Transport, Trustpoint, UrlScheme,
};
use crate::cisco::elsewhere;
use crate::cisco::keyword::{Words, Wrong, is};
use crate::cisco::parse::ConfigurationErrorKind;

/// A mode of the configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// Not configuring at all.
    Exec,
    Global,
    /// `voice service voip`.
    VoiceService,
    /// `sip` in it.
    VoiceSip,
    SipUa,
    /// A dial peer that was opened.
    DialPeer(u32),
    /// Something that is none of our business.
    Other,
}

impl Mode {
    /// The mode a prompt names, `config-sip-ua` for example, coming from `before`.
    pub(crate) fn of_prompt(name: Option<&str>, before: Self) -> Self {
        match name {
            None => Self::Exec,
            Some("config" | "conf") => Self::Global,
            Some("conf-voi-serv" | "config-voi-serv") => Self::VoiceService,
            Some("conf-serv-sip" | "config-serv-sip") => Self::VoiceSip,
            Some("config-sip-ua" | "conf-sip-ua") => Self::SipUa,
            Some("config-dial-peer" | "conf-dial-peer") if matches!(before, Self::DialPeer(_)) => {
                before
            }
            Some(_) => Self::Other,
        }
    }

    /// Where `exit` leads.
    pub(crate) const fn above(self) -> Self {
        match self {
            Self::VoiceSip => Self::VoiceService,
            Self::Exec | Self::Global => Self::Exec,
            Self::VoiceService | Self::SipUa | Self::DialPeer(_) | Self::Other => Self::Global,
        }
    }

    /// The mode and those that are tried after it.
    pub(crate) fn chain(self) -> impl Iterator<Item = Self> {
        let mode = Some(self);
        core::iter::successors(mode, |mode| match mode {
            Self::Exec | Self::Global => None,
            mode => Some(mode.above()),
        })
    }
}

/// How a command is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    Set,
    No,
    Default,
}

/// What became of a command in a mode.
pub(crate) enum Command {
    /// The mode does not know it.
    NotKnown,
    Done,
    /// It opens a mode.
    Opened(Mode),
}

use Command::{Done, NotKnown};

/// Runs a command in a mode. `deeper` says that the line stands deeper than the one that opened the
/// mode of the text, and so belongs to it.
pub(crate) fn run<'c>(
    configuration: &mut Configuration<'c>,
    mode: Mode,
    form: Form,
    words: Words<'c>,
    deeper: bool,
) -> Result<Command, Wrong> {
    match mode {
        Mode::Exec => Ok(exec(words)),
        Mode::Global => global(configuration, form, words, deeper),
        Mode::VoiceService => voice_service(configuration, form, words),
        Mode::VoiceSip => voice_sip(configuration, form, words),
        Mode::SipUa => sip_ua(configuration, form, words),
        Mode::DialPeer(tag) => match configuration.dial_peers.iter_mut().find(|p| p.tag == tag) {
            Some(peer) => dial_peer(peer, form, words),
            None => Ok(NotKnown),
        },
        Mode::Other => Ok(NotKnown),
    }
}

fn exec(mut words: Words<'_>) -> Command {
    // What is printed is a configuration as it stands in a file.
    let prints = |mut words: Words<'_>| {
        words.take("sh[ow]") && (words.take("ru[nning-config]") || words.take("star[tup-config]"))
    };
    if prints(words) || words.take_all(&["conf[igure]", "t[erminal]"]) {
        Command::Opened(Mode::Global)
    } else {
        NotKnown
    }
}

fn global<'c>(
    configuration: &mut Configuration<'c>,
    form: Form,
    mut words: Words<'c>,
    deeper: bool,
) -> Result<Command, Wrong> {
    if words.take_all(&["voice", "serv[ice]", "voip"]) {
        return Ok(Command::Opened(Mode::VoiceService));
    }
    if words.take("sip-u[a]") {
        return Ok(Command::Opened(Mode::SipUa));
    }
    if words.take_all(&["dial-p[eer]", "v[oice]"]) {
        let tag = words.number()?;
        if form != Form::Set {
            configuration.dial_peers.retain(|peer| peer.tag != tag);
            return Ok(Done);
        }
        let known = configuration.dial_peer(tag).is_some();
        let kind = match words.next() {
            None if known => return Ok(Command::Opened(Mode::DialPeer(tag))),
            None => return Err(words.wrong()),
            Some(word) if is(word, "voip") => DialPeerKind::Voip,
            Some(word) if is(word, "p[ots]") => DialPeerKind::Pots,
            Some(_) => DialPeerKind::Other,
        };
        if !known {
            let full = too_many("dial peers", MAX_DIAL_PEERS);
            let new = DialPeer::new(tag, kind);
            configuration.dial_peers.push(new).map_err(|_| full)?;
        }
        return Ok(Command::Opened(Mode::DialPeer(tag)));
    }
    if words.take_all(&["conf[igure]", "t[erminal]"]) {
        return Ok(Command::Opened(Mode::Global));
    }
    if form == Form::Set && !deeper && elsewhere::opens(words) {
        return Ok(Command::Opened(Mode::Other));
    }
    Ok(NotKnown)
}

const fn too_many(what: &'static str, limit: usize) -> Wrong {
    (1, ConfigurationErrorKind::TooMany { what, limit })
}

fn voice_service<'c>(
    configuration: &mut Configuration<'c>,
    form: Form,
    mut words: Words<'c>,
) -> Result<Command, Wrong> {
    if words.take("sr[tp]") {
        if words.take("n[egotiate]") {
            configuration.srtp_negotiate = form == Form::Set;
            return Ok(Done);
        }
        let fallback = words.take("f[allback]");
        words.end()?;
        configuration.srtp = srtp(configuration.srtp, form, fallback);
        return Ok(Done);
    }
    if words.take("sip") && words.end().is_ok() {
        return Ok(Command::Opened(Mode::VoiceSip));
    }
    Ok(NotKnown)
}

/// SRTP after `[no] srtp [fallback]`: two commands, of which the second includes the first.
const fn srtp(before: Srtp, form: Form, fallback: bool) -> Srtp {
    match (form, fallback, before) {
        (Form::Set, true, _) => Srtp::WithFallback,
        (Form::Set, false, Srtp::Off) => Srtp::Only,
        (Form::Set, false, before) => before,
        (_, true, Srtp::WithFallback) => Srtp::Only,
        (_, true, before) => before,
        (_, false, _) => Srtp::Off,
    }
}

fn voice_sip<'c>(
    configuration: &mut Configuration<'c>,
    form: Form,
    mut words: Words<'c>,
) -> Result<Command, Wrong> {
    if words.take("ur[l]") {
        configuration.url = match form {
            Form::Set => url(&mut words)?,
            Form::No | Form::Default => UrlScheme::default(),
        };
    } else if words.take_all(&["ses[sion]", "tr[ansport]"]) {
        configuration.transport = match form {
            Form::Set => transport(&mut words)?,
            Form::No | Form::Default => Transport::default(),
        };
    } else if words.take_all(&["tr[ansport]", "s[witch]"]) {
        configuration.transport_switch = switch(&mut words, form)?;
    } else if words.take_all(&["sr[tp]", "n[egotiate]"]) {
        configuration.srtp_negotiate = form == Form::Set;
    } else {
        return Ok(NotKnown);
    }
    Ok(Done)
}

fn url(words: &mut Words<'_>) -> Result<UrlScheme, Wrong> {
    let [sip, sips, tel] = UrlScheme::ALL;
    let scheme = match words.one_of(&["sip", "sips", "t[el]"])? {
        0 => sip,
        1 => sips,
        _ => tel,
    };
    words.end().map(|()| scheme)
}

/// `tcp [tls]` or `udp`.
fn transport(words: &mut Words<'_>) -> Result<Transport, Wrong> {
    let transport = match words.one_of(&["u[dp]", "t[cp]"])? {
        0 => Transport::Udp,
        _ if words.take("t[ls]") => Transport::TcpTls,
        _ => Transport::Tcp,
    };
    words.end().map(|()| transport)
}

fn switch(words: &mut Words<'_>, form: Form) -> Result<bool, Wrong> {
    if form != Form::Set {
        return Ok(false);
    }
    words.one_of(&["u[dp]"])?;
    words.one_of(&["t[cp]"])?;
    words.end().map(|()| true)
}

fn sip_ua<'c>(
    configuration: &mut Configuration<'c>,
    form: Form,
    mut words: Words<'c>,
) -> Result<Command, Wrong> {
    if words.take("tra[nsport]") {
        let heard = form != Form::No;
        let listeners = &mut configuration.listeners;
        *match transport(&mut words)? {
            Transport::Udp => &mut listeners.udp,
            Transport::Tcp => &mut listeners.tcp,
            Transport::TcpTls => &mut listeners.tcp_tls,
        } = heard;
    } else if words.take("registrar") {
        registrar(configuration, form, words)?;
    } else if words.take_all(&["cr[ypto]", "s[ignaling]"]) {
        trustpoint(configuration, form, words)?;
    } else {
        return Ok(NotKnown);
    }
    Ok(Done)
}

fn registrar<'c>(
    configuration: &mut Configuration<'c>,
    form: Form,
    mut words: Words<'c>,
) -> Result<(), Wrong> {
    if form != Form::Set {
        let secondary = words.take("sec[ondary]");
        let stays = |registrar: &Registrar<'_>| registrar.secondary != secondary;
        configuration.registrars.retain(stays);
        return Ok(());
    }
    let mut new = Registrar {
        address: words.word()?,
        transport: Transport::Udp,
        scheme: UrlScheme::Sip,
        secondary: false,
    };
    loop {
        if words.take("e[xpires]") {
            words.number()?;
        } else if words.take("t[cp]") {
            new.transport = Transport::Tcp;
            if words.take("t[ls]") {
                new.transport = Transport::TcpTls;
            }
        } else if words.take("sec[ondary]") {
            new.secondary = true;
        } else if words.take("sch[eme]") {
            new.scheme = match words.one_of(&["sip", "sips"])? {
                0 => UrlScheme::Sip,
                _ => UrlScheme::Sips,
            };
        } else if words.next().is_none() {
            break;
        }
    }
    let registrars = &mut configuration.registrars;
    registrars.retain(|registrar| registrar.secondary != new.secondary);
    let full = too_many("registrars", MAX_REGISTRARS);
    registrars.push(new).map_err(|_| full)
}

fn trustpoint<'c>(
    configuration: &mut Configuration<'c>,
    form: Form,
    mut words: Words<'c>,
) -> Result<(), Wrong> {
    let remote = if words.take("r[emote-addr]") {
        let address = words.address()?;
        let mut ahead = words;
        // Without a mask it is the address of one machine.
        let mask = ahead.address().ok();
        if mask.is_some() {
            words = ahead;
        }
        Some((address, mask.unwrap_or(Ipv4Addr::BROADCAST)))
    } else {
        words.take("d[efault]");
        None
    };
    let trustpoints = &mut configuration.trustpoints;
    if form != Form::Set {
        trustpoints.retain(|entry| entry.remote != remote);
        return Ok(());
    }
    words.one_of(&["t[rustpoint]"])?;
    let name = words.word()?;
    let strict_cipher = words.take("s[trict-cipher]");
    words.end()?;
    trustpoints.retain(|entry| entry.remote != remote);
    let full = too_many("trustpoints", MAX_TRUSTPOINTS);
    let new = Trustpoint { remote, name, strict_cipher };
    trustpoints.push(new).map_err(|_| full)
}

fn dial_peer<'c>(
    peer: &mut DialPeer<'c>,
    form: Form,
    mut words: Words<'c>,
) -> Result<Command, Wrong> {
    let set = form == Form::Set;
    if words.take("sr[tp]") {
        if words.take("n[egotiate]") {
            peer.srtp_negotiate = set;
            return Ok(Done);
        }
        let (system, fallback) = (words.take("s[ystem]"), words.take("f[allback]"));
        words.end()?;
        peer.srtp = if system || form == Form::Default {
            None
        } else {
            // `no srtp` overrides the global configuration too.
            Some(srtp(peer.srtp.unwrap_or_default(), form, fallback))
        };
    } else if words.take_all(&["ses[sion]", "tr[ansport]"]) {
        peer.transport =
            if !set || words.take("s[ystem]") { None } else { Some(transport(&mut words)?) };
    } else if words.take_all(&["ses[sion]", "ta[rget]"]) {
        peer.target = words.next().filter(|_| set);
    } else if words.take_all(&["ses[sion]", "p[rotocol]"]) {
        peer.sip = set && words.take("sip[v2]");
    } else if words.take_all(&["voice-c[lass]", "sip", "ur[l]"]) {
        peer.url = if !set || words.take("sy[stem]") { None } else { Some(url(&mut words)?) };
    } else if words.take_all(&["voice-c[lass]", "sip", "tr[ansport]", "s[witch]"]) {
        peer.transport_switch = switch(&mut words, form)?;
    } else if words.take_all(&["voice-c[lass]", "sip", "sr[tp]", "n[egotiate]"]) {
        peer.srtp_negotiate = set;
    } else if words.take("des[tination-pattern]") {
        peer.destination_pattern = words.next().filter(|_| set);
    } else if words.take_all(&["inc[oming]", "called-n[umber]"]) {
        peer.incoming_called_number = words.next().filter(|_| set);
    } else {
        return Ok(NotKnown);
    }
    Ok(Done)
}
