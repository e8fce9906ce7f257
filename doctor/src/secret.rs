//! How secrets are held and shown. Text that may have keys in it is wiped when it goes; a key is shown
//! as its length and enough of a hash to tell two of them apart, and itself only to who asked for it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::io::{self, BufRead, Read};
use std::ops::Deref;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::packet::line::Hex;

/// Text that may have keys in it, as SDP and SIP have: wiped when it goes and where it has grown out
/// of, and never printed by `Debug`.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Text(Zeroizing<String>);

impl Text {
    /// Bytes that are mostly UTF-8; what is not becomes U+FFFD.
    pub fn lossy(bytes: &[u8]) -> Self {
        let mut text = Self(Zeroizing::new(String::with_capacity(bytes.len())));
        for chunk in bytes.utf8_chunks() {
            text.push(chunk.valid());
            if !chunk.invalid().is_empty() {
                text.push("\u{fffd}");
            }
        }
        text
    }

    /// Adds to the end.
    pub fn push(&mut self, more: &str) {
        let len = self.0.len().saturating_add(more.len());
        if len > self.0.capacity() {
            let mut grown = Zeroizing::new(String::with_capacity(len.saturating_mul(2).max(1024)));
            grown.push_str(&self.0);
            self.0 = grown;
        }
        self.0.push_str(more);
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_str().hash(state);
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        self.push(more);
        Ok(())
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.len())
    }
}

/// Bytes that may have keys in them, wiped as [`Text`] is.
#[derive(Default)]
pub struct Bytes(Zeroizing<Vec<u8>>);

impl Bytes {
    /// Adds to the end.
    pub fn push(&mut self, more: &[u8]) {
        let len = self.0.len().saturating_add(more.len());
        if len > self.0.capacity() {
            let mut grown = Zeroizing::new(Vec::with_capacity(len.saturating_mul(2)));
            grown.extend_from_slice(&self.0);
            self.0 = grown;
        }
        self.0.extend_from_slice(more);
    }

    /// Takes so many away in front.
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.0.len());
        self.0.drain(..count);
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for Bytes {
    fn from(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({})", self.len())
    }
}

/// A buffered reader of input that may have keys in it: its buffer is wiped when it goes.
pub struct Reader<R> {
    input: R,
    buffer: Zeroizing<Vec<u8>>,
    start: usize,
    end: usize,
}

impl<R: Read> Reader<R> {
    /// With a buffer as long as that of the standard library.
    pub fn new(input: R) -> Self {
        Self { input, buffer: Zeroizing::new(vec![0; 8192]), start: 0, end: 0 }
    }

    /// What was read and not yet taken.
    pub fn waiting(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }
}

impl<R: Read> Read for Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let waiting = self.fill_buf()?;
        let len = waiting.len().min(into.len());
        into.iter_mut().zip(waiting).for_each(|(to, from)| *to = *from);
        self.consume(len);
        Ok(len)
    }
}

impl<R: Read> BufRead for Reader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start >= self.end {
            self.end = self.input.read(&mut self.buffer)?;
            self.start = 0;
        }
        Ok(self.waiting())
    }

    fn consume(&mut self, count: usize) {
        self.start = self.start.saturating_add(count).min(self.end);
    }
}

/// Bytes that are a secret: `30 bytes, SHA-256 1556…`, and with `--show-keys` the bytes in hex.
#[derive(Clone, Copy)]
pub struct Shown<'a> {
    /// The secret.
    pub bytes: &'a [u8],
    /// Whether the user asked for it.
    pub asked: bool,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = Sha256::digest(self.bytes);
        let start = digest.get(..2).unwrap_or_default();
        write!(f, "{} bytes, SHA-256 {}…", self.bytes.len(), Hex(start))?;
        if self.asked { write!(f, ", hex {}", Hex(self.bytes)) } else { Ok(()) }
    }
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shown({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the standard library's reading of bytes that are not all UTF-8.
    #[test]
    fn bytes_become_text_as_elsewhere() {
        for bytes in [&b"v=0\r\n"[..], b"", b"\xff", b"a\xc3\xa9\xc3", b"\xe2\x82x\xf0\x9f\x98"] {
            assert_eq!(&*Text::lossy(bytes), String::from_utf8_lossy(bytes));
        }
    }

    /// Grown in pieces it says the same, and its length is all that is printed.
    #[test]
    fn a_text_grows() {
        let mut text = Text::default();
        let piece = "0123456789é";
        (0..1000).for_each(|_| text.push(piece));
        assert_eq!(&*text, piece.repeat(1000));
        assert_eq!(format!("{text:?}"), "Text(12000 bytes)");
    }

    /// Lines come out as they went in, however short the pieces are in which they are read.
    #[test]
    fn a_reader_reads_everything() {
        let input: Vec<u8> = (0..30_000_u32).flat_map(u32::to_be_bytes).collect();
        for most in [1, 7, 8191, 8192, 8193, 100_000] {
            let mut reader = Reader::new(&input[..]);
            let mut read = Vec::new();
            loop {
                let mut piece = vec![0; most];
                let len = reader.read(&mut piece).unwrap();
                if len == 0 {
                    break;
                }
                read.extend_from_slice(&piece[..len]);
            }
            assert!(read == input, "{most}");
        }
    }
}
