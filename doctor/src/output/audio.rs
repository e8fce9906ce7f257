//! Audio of a decrypted stream as a WAV file: packets put in the order of their RTP timestamps,
//! silence where there is none.
//!
//! Read first: RFC 3550 §5.1 (timestamp), RFC 3551 §4.5 and §6 (what the payload types mean).

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Seek, Write};

use hound::{SampleFormat, WavSpec, WavWriter};

use crate::g711;

/// Packets held back so that late ones can still be put in order; a second at 20 ms.
const REORDER: usize = 50;
/// How far timestamps may run away from the capture clock before they count as restarted, in
/// seconds.
const MAX_DRIFT: i64 = 5;
/// The longest silence written between two packets, in seconds; what is longer is cut to this.
const MAX_SILENCE: i64 = 3600;
/// The most sample data written to one file, in bytes: what every player can still open.
const MAX_DATA: u64 = 2 << 30;
/// Silence to write from.
static SILENCE: [i16; 4096] = [0; 4096];

/// How samples are coded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coding {
    /// G.711 µ-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// 16-bit linear, network byte order.
    L16,
}

/// A payload format this module can write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format {
    /// How samples are coded.
    pub coding: Coding,
    /// Samples a second, per channel; also the clock of the timestamps.
    pub rate: u32,
    /// Channels, interleaved.
    pub channels: u16,
}

impl Format {
    /// The format of an `a=rtpmap` encoding such as `PCMU/8000` or `L16/44100/2` (RFC 8866 §6.6).
    pub fn from_rtpmap(encoding: &str) -> Option<Self> {
        let mut parts = encoding.trim().split('/');
        let name = parts.next()?;
        let rate = parts.next()?.parse().ok().filter(|rate| (1..=768_000).contains(rate))?;
        let channels = match parts.next() {
            Some(channels) => {
                channels.parse().ok().filter(|channels| (1..=8).contains(channels))?
            }
            None => 1,
        };
        let codings = [("PCMU", Coding::Pcmu), ("PCMA", Coding::Pcma), ("L16", Coding::L16)];
        let (_, coding) =
            codings.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(Self { coding, rate, channels })
    }

    /// The format of a static payload type (RFC 3551 §6, table 4).
    pub fn of_static_type(payload_type: u8) -> Option<Self> {
        let (coding, rate, channels) = match payload_type {
            0 => (Coding::Pcmu, 8000, 1),
            8 => (Coding::Pcma, 8000, 1),
            10 => (Coding::L16, 44_100, 2),
            11 => (Coding::L16, 44_100, 1),
            _ => return None,
        };
        Some(Self { coding, rate, channels })
    }

    /// Length of a coded sample in bytes.
    pub const fn bytes_per_sample(self) -> usize {
        match self.coding {
            Coding::Pcmu | Coding::Pcma => 1,
            Coding::L16 => 2,
        }
    }

    fn decode(self, payload: &[u8]) -> Vec<i16> {
        match self.coding {
            Coding::Pcmu => payload.iter().map(|&byte| g711::ulaw_to_linear(byte)).collect(),
            Coding::Pcma => payload.iter().map(|&byte| g711::alaw_to_linear(byte)).collect(),
            Coding::L16 => {
                payload.as_chunks().0.iter().map(|&two| i16::from_be_bytes(two)).collect()
            }
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.coding {
            Coding::Pcmu => "PCMU",
            Coding::Pcma => "PCMA",
            Coding::L16 => "L16",
        };
        write!(f, "{name}/{}", self.rate)?;
        if self.channels > 1 { write!(f, "/{}", self.channels) } else { Ok(()) }
    }
}

/// Writes the audio of one stream.
pub struct AudioWriter<W: Write + Seek> {
    wav: WavWriter<W>,
    format: Format,
    /// Timestamp and capture time of the last packet, the timestamp extended beyond 32 bits.
    last: Option<(i64, u64)>,
    /// Packets that wait, by extended timestamp.
    waiting: BTreeMap<i64, Vec<i16>>,
    /// Extended timestamp of the next sample to write, once one was written.
    next: Option<i64>,
    /// Bytes of sample data written.
    written: u64,
}

impl<W: Write + Seek> AudioWriter<W> {
    /// Starts a WAV file of 16-bit samples.
    ///
    /// # Errors
    /// Whatever the writer gives.
    pub fn new(out: W, format: Format) -> io::Result<Self> {
        let spec = WavSpec {
            channels: format.channels,
            sample_rate: format.rate,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let wav = WavWriter::new(out, spec).map_err(plain_io)?;
        Ok(Self { wav, format, last: None, waiting: BTreeMap::new(), next: None, written: 0 })
    }

    /// Whether a packet of this format fits the file: rate and channels are those of its header.
    pub fn takes(&self, format: Format) -> bool {
        (format.rate, format.channels) == (self.format.rate, self.format.channels)
    }

    /// Takes in the payload of one packet with its RTP timestamp and its capture time in
    /// nanoseconds.
    ///
    /// # Errors
    /// Whatever the writer gives.
    pub fn packet(
        &mut self,
        format: Format,
        timestamp: u32,
        time: u64,
        payload: &[u8],
    ) -> io::Result<()> {
        let at = self.extended(timestamp, time);
        self.waiting.entry(at).or_insert_with(|| format.decode(payload));
        if self.waiting.len() > REORDER
            && let Some((at, samples)) = self.waiting.pop_first()
        {
            self.write(at, &samples)?;
        }
        Ok(())
    }

    /// Writes what waits and completes the header.
    ///
    /// # Errors
    /// Whatever the writer gives.
    pub fn finish(mut self) -> io::Result<()> {
        while let Some((at, samples)) = self.waiting.pop_first() {
            self.write(at, &samples)?;
        }
        self.wav.finalize().map_err(plain_io)
    }

    /// Timestamps are 32 bits and start anywhere; this continues the last one. A sender that starts
    /// over is put where the capture clock says.
    fn extended(&mut self, timestamp: u32, time: u64) -> i64 {
        let at = match self.last {
            None => i64::from(timestamp),
            Some((last, last_time)) => {
                let [_, _, _, _, low @ ..] = last.to_be_bytes();
                let step = timestamp.wrapping_sub(u32::from_be_bytes(low)).cast_signed();
                let rate = i64::from(self.format.rate);
                let elapsed = time.saturating_sub(last_time) / 1_000_000;
                let elapsed =
                    i64::try_from(elapsed).unwrap_or(i64::MAX).saturating_mul(rate) / 1000;
                let drift = i64::from(step).saturating_sub(elapsed).saturating_abs();
                let step = if drift > MAX_DRIFT * rate { elapsed } else { i64::from(step) };
                last.saturating_add(step.min(MAX_SILENCE * rate))
            }
        };
        self.last = Some((at, time));
        at
    }

    fn write(&mut self, at: i64, samples: &[i16]) -> io::Result<()> {
        let next = *self.next.get_or_insert(at);
        let channels = usize::from(self.format.channels);
        let frames = samples.len() / channels.max(1);
        let mut silence = usize::try_from(at.saturating_sub(next)).unwrap_or(0);
        while silence > 0 {
            let step = silence.min(SILENCE.len() / channels.max(1));
            self.put(SILENCE.get(..step * channels).unwrap_or_default())?;
            silence -= step;
        }
        // What others were already written in place of: overlapping packets.
        let late = usize::try_from(next.saturating_sub(at)).unwrap_or(0);
        let fresh = late.saturating_mul(channels)..frames.saturating_mul(channels);
        self.put(samples.get(fresh).unwrap_or_default())?;
        let end = at.saturating_add(i64::try_from(frames).unwrap_or(0));
        self.next = Some(next.max(end));
        Ok(())
    }

    /// Writes samples as far as the file may grow; what is beyond is left out.
    fn put(&mut self, samples: &[i16]) -> io::Result<()> {
        let bytes = u64::try_from(samples.len()).unwrap_or(u64::MAX).saturating_mul(2);
        if samples.is_empty() || self.written.saturating_add(bytes) > MAX_DATA {
            return Ok(());
        }
        self.written += bytes;
        let count = u32::try_from(samples.len()).map_err(io::Error::other)?;
        let mut writer = self.wav.get_i16_writer(count);
        samples.iter().for_each(|&sample| writer.write_sample(sample));
        writer.flush().map_err(plain_io)
    }
}

fn plain_io(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Cursor;

    const L16: Format = Format { coding: Coding::L16, rate: 1000, channels: 1 };

    /// Packets of two samples each, given as (timestamp, capture time in ms, value).
    fn audio(packets: &[(u32, u64, i16)]) -> Vec<i16> {
        let mut out = Cursor::new(Vec::new());
        let mut writer = AudioWriter::new(&mut out, L16).unwrap();
        for &(timestamp, milliseconds, value) in packets {
            let payload = [value.to_be_bytes(), value.to_be_bytes()].concat();
            writer.packet(L16, timestamp, milliseconds * 1_000_000, &payload).unwrap();
        }
        writer.finish().unwrap();
        out.set_position(0);
        hound::WavReader::new(out).unwrap().samples().map(Result::unwrap).collect()
    }

    /// Order of timestamps, not of arrival, over the wrap of the timestamp too; once each.
    #[test]
    fn packets_are_put_in_order() {
        let wrap = u32::MAX - 1;
        let wanted = [1, 1, 2, 2, 3, 3];
        assert_eq!(audio(&[(wrap, 0, 1), (2, 2, 3), (0, 4, 2), (0, 5, 9)]), wanted);
        assert_eq!(audio(&[(12, 0, 2), (10, 1, 1), (14, 2, 3)]), wanted);
    }

    #[test]
    fn gaps_are_silence_and_overlaps_are_cut() {
        assert_eq!(audio(&[(10, 0, 1), (15, 5, 2)]), [1, 1, 0, 0, 0, 2, 2]);
        assert_eq!(audio(&[(10, 0, 1), (11, 1, 2)]), [1, 1, 2]);
    }

    /// A payload that ends within a sample of several channels does not turn the rest around, nor
    /// does it break the file.
    #[test]
    fn half_frames_are_cut_off() {
        let stereo = Format { channels: 2, ..L16 };
        let mut out = Cursor::new(Vec::new());
        let mut writer = AudioWriter::new(&mut out, stereo).unwrap();
        writer.packet(stereo, 0, 0, &[0, 1, 0, 2, 0, 3]).unwrap();
        writer.packet(stereo, 2, 0, &[0, 4, 0, 5, 0]).unwrap();
        writer.finish().unwrap();
        out.set_position(0);
        let samples: Vec<i16> =
            hound::WavReader::new(out).unwrap().samples().map(Result::unwrap).collect();
        assert_eq!(samples, [1, 2, 0, 0, 4, 5]);
    }

    /// A sender that restarts its timestamps does not make hours of silence: the clock decides.
    #[test]
    fn a_restarted_timestamp_is_put_by_the_capture_clock() {
        assert_eq!(audio(&[(10, 0, 1), (4_000_000_000, 3, 2)]), [1, 1, 0, 2, 2]);
    }

    #[test]
    fn formats_are_read_from_rtpmap_and_static_types() {
        let stereo = Format { coding: Coding::L16, rate: 44_100, channels: 2 };
        assert_eq!(Format::from_rtpmap("l16/44100/2"), Some(stereo));
        assert_eq!(Format::of_static_type(10), Some(stereo));
        for not_ours in ["opus/48000/2", "PCMU", "PCMU/0", "PCMU/8000/0", ""] {
            assert_eq!(Format::from_rtpmap(not_ours), None, "{not_ours}");
        }
        assert_eq!(stereo.to_string(), "L16/44100/2");
    }

    /// A thousand random arrivals within the reorder buffer come out sorted.
    #[test]
    fn second_long_shuffles_are_undone() {
        let mut packets: Vec<(u32, u64, i16)> = (0..1000_i16)
            .map(|n| (u32::try_from(n).unwrap() * 2, u64::try_from(n).unwrap() * 2, n))
            .collect();
        packets.chunks_mut(REORDER).for_each(<[_]>::reverse);
        let wanted: Vec<i16> = (0..1000_i16).flat_map(|n| [n, n]).collect();
        assert_eq!(audio(&packets), wanted);
    }
}
