//! The command line: a contract with people's fingers and scripts.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::secret::Text;

const EXIT_CODES: &str = "\
Exit codes:
  0  secured: everything asked for is SRTP, was decrypted, was done
  1  an input cannot be read, or not to its end; an output cannot be written
  2  the command line is wrong
  3  the outcome is plain RTP
  4  the call was refused (a SIP 4xx), or some packet failed authentication";

const PACKET_HELP: &str = "\
Each line of standard input is one packet in hex; each answer is `ok HEX` or `err KIND: sentence`.
Lines that begin with # are comments. Directives, on lines of their own:
  !set-roc SSRC N   the rollover counter of an SSRC; SSRCs are decimal or begin with 0x
  !get-roc SSRC     `ok N`, or `ok none`
  !rekey LINE       the keys of another a=crypto line, as in a re-INVITE (RFC 4568 7.1.4)
  !remove SSRC      forgets an SSRC: `ok removed`, or `ok none`
  !streams          `ok 0xSSRC roc N rtp INDEX rtcp INDEX, ...`, or `ok none`
KIND is one of too-short, malformed, auth-failed, replayed, too-old, unknown-mki, key-expired,
index-reuse, table-full, policy, no-room.

Exit codes:
  0  every line was done
  1  standard input cannot be read, or standard output not written
  2  the command line is wrong
  4  some line was refused";

/// Tells why a call is or is not secure, and decrypts captures of it.
#[derive(Clone, Debug, Parser)]
#[command(name = "srtp-doctor", version, about, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// What all commands have in common.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Copy, Debug, Args)]
pub struct Common {
    /// Print one JSON document on standard output, and nothing else there
    #[arg(long, global = true)]
    pub json: bool,
    /// Print keys; without it a key is shown as its length and four hex digits of its SHA-256
    #[arg(long, global = true)]
    pub show_keys: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

/// When to use colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The commands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Decrypt the calls in a capture, with the keys in its SIP or those given
    #[command(after_help = EXIT_CODES)]
    Decrypt(DecryptArgs),
    /// Explain every offer and answer: what they agree on, or why not, line by line
    #[command(after_help = EXIT_CODES)]
    Explain(ExplainArgs),
    /// Print the answer SDP that a configured party gives to an offer, or its refusal
    #[command(after_help = EXIT_CODES)]
    Answer(AnswerArgs),
    /// Play a whole call between two configured parties, and say why it ends as it does
    #[command(after_help = EXIT_CODES)]
    Connect(ConnectArgs),
    /// Protect or unprotect packets in hex, line by line through one context
    #[command(after_help = PACKET_HELP)]
    Packet(PacketArgs),
    /// Write a fresh a=crypto line from the system's random source
    Keys(KeysArgs),
}

/// Arguments of `decrypt`.
#[derive(Clone, Debug, Args)]
pub struct DecryptArgs {
    /// A pcap or pcapng capture; `-` is standard input
    pub capture: PathBuf,
    /// Write a plain-RTP capture for each direction into this directory
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write the audio of PCMU, PCMA and L16 streams there too, as WAV
    #[arg(long, requires = "out")]
    pub wav: bool,
    /// Try the keys of this a=crypto line instead of those in the capture's SIP; may be repeated
    #[arg(long, value_name = "LINE")]
    pub crypto: Vec<Text>,
    /// Take the keys and addresses of this SDP instead of the capture's SIP; two of them are taken
    /// as offer and answer
    #[arg(long, value_name = "FILE")]
    pub sdp: Vec<PathBuf>,
}

/// Arguments of `explain`.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// An SDP offer; or, alone, a pcap or pcapng capture or a text log with SIP messages in it.
    /// `-` is standard input
    #[arg(value_name = "OFFER.sdp|TRACE")]
    pub offer: PathBuf,
    /// The SDP answer
    #[arg(value_name = "ANSWER.sdp")]
    pub answer: Option<PathBuf>,
}

/// What a configuration file does not say of its party.
#[derive(Clone, Debug, Args)]
pub struct PartyOptions {
    /// IOS release of a Cisco gateway, such as 12.4(15)T; the newest described unless given
    #[arg(long, value_name = "RELEASE")]
    pub release: Option<String>,
    /// Dial peer of the call on a Cisco gateway; the global configuration unless given
    #[arg(long, value_name = "N")]
    pub dial_peer: Option<u32>,
    /// Model of a Polycom phone, such as IP650 or IP601
    #[arg(long, value_name = "MODEL")]
    pub model: Option<String>,
}

/// Arguments of `answer`.
#[derive(Clone, Debug, Args)]
pub struct AnswerArgs {
    /// The SDP offer; `-` is standard input
    #[arg(value_name = "OFFER.sdp")]
    pub offer: PathBuf,
    /// Who answers: a Cisco IOS configuration, a Polycom sip.cfg, or srtp, srtp-preferred, rtp,
    /// twilio
    #[arg(long = "as", value_name = "PARTY")]
    pub party_name: String,
    /// Key and salt of every SRTP stream one after the other, instead of random ones
    #[arg(long, value_name = "HEX")]
    pub keys: Option<Text>,
    /// Where the party receives; the port counts up by two for further streams
    #[arg(long, value_name = "IP:PORT", default_value = "192.0.2.1:4000")]
    pub addr: std::net::SocketAddr,
    /// What its configuration does not say.
    #[command(flatten)]
    pub party: PartyOptions,
}

/// Arguments of `connect`.
#[derive(Clone, Debug, Args)]
pub struct ConnectArgs {
    /// Who calls: a Cisco IOS configuration, a Polycom sip.cfg, or srtp, srtp-preferred, rtp,
    /// twilio
    pub caller: String,
    /// Who is called, in the same words
    pub callee: String,
    /// Signalling over TLS or not; as the caller's configuration has it unless given
    #[arg(long, value_name = "on|off")]
    pub tls: Option<Tls>,
    /// What their configurations do not say.
    #[command(flatten)]
    pub party: PartyOptions,
}

/// Signalling over TLS.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Tls {
    /// Every hop.
    On,
    /// Clear SIP.
    Off,
}

/// Arguments of `packet`.
#[derive(Clone, Debug, Args)]
#[command(group = clap::ArgGroup::new("kind").required(true).args(["rtp", "rtcp", "auto"]))]
#[command(group = clap::ArgGroup::new("key").required(true).args(["crypto", "salt_key"]))]
pub struct PacketArgs {
    /// Protect RTP, or unprotect SRTP
    pub way: PacketWay,
    /// Every packet is RTP
    #[arg(long)]
    pub rtp: bool,
    /// Every packet is RTCP
    #[arg(long)]
    pub rtcp: bool,
    /// Tell RTP and RTCP apart by their second byte (RFC 5761)
    #[arg(long)]
    pub auto: bool,
    /// A whole a=crypto value, session parameters included
    #[arg(long, value_name = "LINE")]
    pub crypto: Option<Text>,
    /// Master key and salt, one after the other as in an a=crypto line
    #[arg(long, value_name = "HEX", requires = "suite")]
    pub salt_key: Option<Text>,
    /// The crypto-suite of --salt-key
    #[arg(long, value_name = "NAME", requires = "salt_key")]
    pub suite: Option<String>,
    /// Rollover counter of the first packet of every SSRC
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub roc: u32,
    /// Replay window in packets, 64 to 32768, taken to the next power of two; the hint of the
    /// line (WSH) or 1024 unless given
    #[arg(long, value_name = "N", value_parser = window)]
    pub window: Option<usize>,
    /// The most SSRCs there may be
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = streams)]
    pub streams: usize,
    /// Say of every packet its index, IV, keys (with --show-keys), tag and layout
    #[arg(long)]
    pub explain: bool,
}

/// Which way packets go.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum PacketWay {
    /// RTP to SRTP, RTCP to SRTCP.
    Protect,
    /// SRTP to RTP, SRTCP to RTCP.
    Unprotect,
}

fn window(text: &str) -> Result<usize, String> {
    let range = srtp_core::MIN_WINDOW..=srtp_core::MAX_WINDOW;
    let inside = text.parse().ok().filter(|window| range.contains(window));
    inside.ok_or_else(|| format!("a window has {} to {} packets", range.start(), range.end()))
}

fn streams(text: &str) -> Result<usize, String> {
    let inside = text.parse().ok().filter(|streams| (1..=1 << 20).contains(streams));
    inside.ok_or_else(|| "there may be 1 to 1048576 SSRCs".to_owned())
}

/// Arguments of `keys`.
#[derive(Clone, Debug, Args)]
pub struct KeysArgs {
    /// Crypto-suite
    #[arg(long, value_name = "NAME", default_value = "AES_CM_128_HMAC_SHA1_80")]
    pub suite: String,
    /// Tag
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub tag: u32,
    /// Lifetime in packets, decimal or as a power of two
    #[arg(long, value_name = "2^N")]
    pub lifetime: Option<String>,
    /// MKI, decimal value and length in bytes
    #[arg(long, value_name = "VALUE:LENGTH")]
    pub mki: Option<String>,
    /// Session parameter, such as UNENCRYPTED_SRTCP or KDR=3; may be repeated
    #[arg(long, value_name = "PARAM")]
    pub param: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
