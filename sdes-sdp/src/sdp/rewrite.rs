//! An SDP written again with a few things changed: what a relay forwards and an answerer answers.
//! Every line that no edit speaks of goes out as it came, in its place, with its own ending.
//!
//! Read first: RFC 3264 §6, RFC 4568 §5.1.2 and §7.1.2.

use core::fmt;

use crate::emit::CryptoText;
use crate::scan::{split_once, words};
use crate::sdp::Sdp;
use crate::sdp::field::{Connection, Direction, Origin};
use crate::sdp::lines::{Attribute, Line, Lines};
use crate::sdp::media::Media;
use crate::sdp::write::{
    WriteError, check_connection, check_name, check_origin, check_text, check_word,
};

/// What is changed at the session level. The default changes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionEdit<'e> {
    /// Another `o=`: an answer has its own (RFC 3264 §6).
    pub origin: Option<Origin<'e>>,
    /// Another `s=`.
    pub name: Option<&'e str>,
    /// Another `c=`.
    pub connection: Option<Connection<'e>>,
    /// Another direction.
    pub direction: Option<Direction>,
    /// Names of attributes that are left out.
    pub drop: &'e [&'e str],
    /// Attributes that are added, each `name` or `name:value`.
    pub add: &'e [&'e str],
}

/// What happens to the crypto lines of a media section.
#[derive(Clone, Copy, Debug, Default)]
pub enum CryptoEdit<'e> {
    /// They stay as they are.
    #[default]
    Keep,
    /// They go.
    Remove,
    /// They go, and these come in the place of the first, or at the end of the section.
    Replace(&'e [CryptoText<'e>]),
}

/// What is changed in a media section. The default changes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct MediaEdit<'e> {
    /// Another port, 0 to reject the stream (RFC 3264 §6). A number of ports then goes; an
    /// `a=rtcp` stays as it is, so drop or add it too where it matters.
    pub port: Option<u16>,
    /// Another profile.
    pub profile: Option<&'e str>,
    /// Other formats, at least one. `a=rtpmap`, `a=fmtp` and `a=rtcp-fb` of formats that are not
    /// among them go.
    pub formats: Option<&'e [&'e str]>,
    /// Another connection address, in the section itself.
    pub connection: Option<Connection<'e>>,
    /// Another direction.
    pub direction: Option<Direction>,
    /// What happens to the crypto lines.
    pub crypto: CryptoEdit<'e>,
    /// Names of attributes that are left out.
    pub drop: &'e [&'e str],
    /// Attributes that are added at the end, each `name` or `name:value`.
    pub add: &'e [&'e str],
}

impl MediaEdit<'_> {
    /// Rejects the stream: port 0, everything else as it was offered, but without any key.
    pub const REJECT: Self = MediaEdit {
        port: Some(0),
        profile: None,
        formats: None,
        connection: None,
        direction: None,
        crypto: CryptoEdit::Remove,
        drop: &[],
        add: &[],
    };
}

/// An SDP with edits. Its [`Display`](fmt::Display) writes it, **with the keys** that stand in it.
///
/// ```
/// use sdes_sdp::{CryptoEdit, MediaEdit, Rewrite, Sdp, SessionEdit};
///
/// let offer = Sdp::parse(
///     "v=0\no=- 1 1 IN IP4 192.0.2.1\ns=-\nt=0 0\n\
///      m=audio 2230 RTP/SAVP 0 8\nx-unknown\na=rtpmap:0 PCMU/8000\na=rtpmap:8 PCMA/8000\n\
///      m=audio 2230 RTP/AVP 0\n",
/// )?;
/// let edits = [
///     MediaEdit { port: Some(4000), formats: Some(&["8"]), ..MediaEdit::default() },
///     MediaEdit::REJECT,
/// ];
/// let answer = Rewrite::new(&offer, SessionEdit::default(), &edits)?.to_string();
/// assert!(answer.ends_with(
///     "m=audio 4000 RTP/SAVP 8\nx-unknown\na=rtpmap:8 PCMA/8000\nm=audio 0 RTP/AVP 0\n"
/// ));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Rewrite<'e> {
    sdp: &'e Sdp<'e>,
    session: SessionEdit<'e>,
    media: &'e [MediaEdit<'e>],
}

impl<'e> Rewrite<'e> {
    /// Edits for an SDP: one for the session level and one for every media section in its order.
    /// Sections beyond the edits stay as they are.
    ///
    /// # Errors
    /// [`WriteError::Value`] where a value cannot stand in its place.
    pub fn new(
        sdp: &'e Sdp<'e>,
        session: SessionEdit<'e>,
        media: &'e [MediaEdit<'e>],
    ) -> Result<Self, WriteError> {
        session.origin.iter().try_for_each(check_origin)?;
        session.name.iter().try_for_each(|name| check_text("session name", name))?;
        session.connection.iter().try_for_each(check_connection)?;
        check_additions(session.add)?;
        for edit in media {
            edit.profile.iter().try_for_each(|profile| check_word("profile", profile))?;
            if edit.formats.is_some_and(<[_]>::is_empty) {
                return Err(WriteError::Value { field: "list of formats" });
            }
            let mut formats = edit.formats.into_iter().flatten();
            formats.try_for_each(|format| check_word("format", format))?;
            edit.connection.iter().try_for_each(check_connection)?;
            check_additions(edit.add)?;
        }
        Ok(Self { sdp, session, media })
    }
}

impl fmt::Display for Rewrite<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = Lines::new(self.sdp.as_str(), 1).next().map_or("", |line| line.ending);
        let ending = if first.is_empty() { "\r\n" } else { first };
        let mut out = Out { out: f, ending, open: false };
        let session = self.session;
        let level = MediaEdit {
            connection: session.connection,
            direction: session.direction,
            drop: session.drop,
            add: session.add,
            ..MediaEdit::default()
        };
        Pass::new(&level, session, None).write(&mut out, self.sdp.session().lines())?;
        self.sdp.media().try_for_each(|media| {
            let edit = self.media.get(media.index()).copied().unwrap_or_default();
            let pass = Pass::new(&edit, SessionEdit::default(), Some(media));
            pass.write(&mut out, media.lines())
        })
    }
}

fn check_additions(additions: &[&str]) -> Result<(), WriteError> {
    additions.iter().try_for_each(|attribute| {
        let (name, value) = split_once(attribute, b':').unwrap_or((attribute, ""));
        check_name(name)?;
        check_text("attribute value", value)
    })
}

/// The destination, which knows whether its last line still lacks an ending.
struct Out<'f, 'w> {
    out: &'f mut fmt::Formatter<'w>,
    /// That of the first line, for lines of our own.
    ending: &'static str,
    open: bool,
}

impl Out<'_, '_> {
    fn line(&mut self, text: fmt::Arguments<'_>, ending: &str) -> fmt::Result {
        if core::mem::replace(&mut self.open, ending.is_empty()) {
            self.out.write_str(self.ending)?;
        }
        self.out.write_fmt(text)?;
        self.out.write_str(ending)
    }

    /// A line of our own where none was.
    fn add(&mut self, text: fmt::Arguments<'_>) -> fmt::Result {
        self.line(text, self.ending)
    }
}

/// The walk over one section: what of its edit is still to be written.
struct Pass<'e, 'a> {
    edit: &'e MediaEdit<'e>,
    /// The section, `None` at the session level.
    media: Option<Media<'a>>,
    origin: Option<Origin<'e>>,
    name: Option<&'e str>,
    connection: Option<Connection<'e>>,
    direction: Option<Direction>,
    crypto: &'e [CryptoText<'e>],
    add: &'e [&'e str],
}

impl<'e, 'a> Pass<'e, 'a> {
    const fn new(
        edit: &'e MediaEdit<'e>,
        session: SessionEdit<'e>,
        media: Option<Media<'a>>,
    ) -> Self {
        Self {
            edit,
            media,
            origin: session.origin,
            name: session.name,
            connection: edit.connection,
            direction: edit.direction,
            crypto: match edit.crypto {
                CryptoEdit::Replace(lines) => lines,
                CryptoEdit::Keep | CryptoEdit::Remove => &[],
            },
            add: edit.add,
        }
    }

    fn write(mut self, out: &mut Out<'_, '_>, lines: Lines<'a>) -> fmt::Result {
        for line in lines {
            if self.must_follow_connection(&line)
                && let Some(connection) = self.connection.take()
            {
                out.add(format_args!("c={connection}"))?;
            }
            // Empty lines at the end of the text stay there.
            if line.text.is_empty() {
                self.finish(out)?;
            }
            self.line(out, &line)?;
        }
        self.finish(out)
    }

    /// Whether a `c=` that was not there before has to stand before this line (RFC 8866 §9).
    fn must_follow_connection(&self, line: &Line<'_>) -> bool {
        match line.field() {
            Some((letter, _)) if self.media.is_some() => !matches!(letter, b'm' | b'i' | b'c'),
            Some((letter, _)) => matches!(letter, b'b' | b't' | b'r' | b'z' | b'k' | b'a'),
            None => line.text.is_empty(),
        }
    }

    fn line(&mut self, out: &mut Out<'_, '_>, line: &Line<'_>) -> fmt::Result {
        let replace = |out: &mut Out<'_, '_>, text: fmt::Arguments<'_>| out.line(text, line.ending);
        match (line.field(), line.attribute()) {
            (_, Some(attribute)) => self.attribute(out, line, &attribute),
            (Some((b'm', _)), _) => self.media_line(out, line),
            (Some((b'c', _)), _) if self.edit.connection.is_some() => {
                match self.connection.take() {
                    Some(connection) => replace(out, format_args!("c={connection}")),
                    None => Ok(()),
                }
            }
            (Some((b'o', _)), _) if self.origin.is_some() => match self.origin.take() {
                Some(origin) => replace(out, format_args!("o={origin}")),
                None => Ok(()),
            },
            (Some((b's', _)), _) if self.name.is_some() => match self.name.take() {
                Some(name) => replace(out, format_args!("s={name}")),
                None => Ok(()),
            },
            _ => replace(out, format_args!("{}", line.text)),
        }
    }

    fn attribute(
        &mut self,
        out: &mut Out<'_, '_>,
        line: &Line<'_>,
        attribute: &Attribute<'_>,
    ) -> fmt::Result {
        let edit = self.edit;
        let is_direction =
            attribute.value.is_none() && Direction::from_name(attribute.name).is_some();
        if is_direction && edit.direction.is_some() {
            return match self.direction.take() {
                Some(direction) => out.line(format_args!("a={direction}"), line.ending),
                None => Ok(()),
            };
        }
        if attribute.name == "crypto" && !matches!(edit.crypto, CryptoEdit::Keep) {
            return self.crypto_lines(out);
        }
        if edit.drop.contains(&attribute.name) || self.is_of_dropped_format(attribute) {
            return Ok(());
        }
        out.line(format_args!("{}", line.text), line.ending)
    }

    fn is_of_dropped_format(&self, attribute: &Attribute<'_>) -> bool {
        let (Some(formats), Some(value)) = (self.edit.formats, attribute.value) else {
            return false;
        };
        let of = words(value).next().unwrap_or_default();
        matches!(attribute.name, "rtpmap" | "fmtp" | "rtcp-fb")
            && of != "*"
            && !formats.contains(&of)
    }

    fn media_line(&self, out: &mut Out<'_, '_>, line: &Line<'_>) -> fmt::Result {
        let MediaEdit { port, profile, formats, .. } = *self.edit;
        let Some(media) =
            self.media.filter(|_| port.is_some() || profile.is_some() || formats.is_some())
        else {
            return out.line(format_args!("{}", line.text), line.ending);
        };
        let was = media.line();
        let profile = profile.unwrap_or(was.profile);
        out.line(format_args!("m={} ", was.kind), "")?;
        out.open = false;
        match port {
            Some(port) => write!(out.out, "{port} {profile}"),
            None => write!(out.out, "{} {profile}", was.port_text),
        }?;
        match formats {
            Some(formats) => formats.iter().try_for_each(|format| write!(out.out, " {format}")),
            None => words(was.formats).try_for_each(|format| write!(out.out, " {format}")),
        }?;
        out.open = line.ending.is_empty();
        out.out.write_str(line.ending)
    }

    fn crypto_lines(&mut self, out: &mut Out<'_, '_>) -> fmt::Result {
        let crypto = core::mem::take(&mut self.crypto);
        crypto.iter().try_for_each(|crypto| out.add(format_args!("{}", crypto.as_line())))
    }

    /// What the section did not have a place for.
    fn finish(&mut self, out: &mut Out<'_, '_>) -> fmt::Result {
        if let Some(connection) = self.connection.take() {
            out.add(format_args!("c={connection}"))?;
        }
        if let Some(direction) = self.direction.take() {
            out.add(format_args!("a={direction}"))?;
        }
        self.crypto_lines(out)?;
        let add = core::mem::take(&mut self.add);
        add.iter().try_for_each(|attribute| out.add(format_args!("a={attribute}")))
    }
}
