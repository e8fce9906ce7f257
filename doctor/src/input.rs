//! File arguments, `-` for standard input among them, as something that can be read twice: media
//! often arrives before the SDP with its key, so a capture is read once for SIP and once for media.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::secret::Text;

/// The most text read from one SDP file, in bytes; an SDP is a few kilobytes.
const MAX_TEXT: u64 = 16 << 20;

/// An opened input with the name the user gave it.
#[derive(Debug)]
pub struct Input {
    name: String,
    file: File,
    len: u64,
}

impl Input {
    /// Opens a file. Standard input and pipes are first copied to an unnamed temporary file, since
    /// they cannot be read twice.
    ///
    /// # Errors
    /// A file that cannot be opened or copied.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let name = if path == Path::new("-") {
            "standard input".to_owned()
        } else {
            path.display().to_string()
        };
        let failed = |error: io::Error| Failure::input(&name, plainly(&error));
        let file = if path == Path::new("-") {
            spool(&mut io::stdin().lock()).map_err(failed)?
        } else {
            let mut file = File::open(path).map_err(failed)?;
            let kind = file.metadata().map_err(failed)?.file_type();
            if kind.is_dir() {
                return Err(Failure::input(&name, "is a directory"));
            }
            if kind.is_file() { file } else { spool(&mut file).map_err(failed)? }
        };
        let len = file.metadata().map_err(failed)?.len();
        Ok(Self { name, file, len })
    }

    /// What the user called it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A reader from the first byte on.
    ///
    /// # Errors
    /// A file that cannot be rewound.
    pub fn rewound(&mut self) -> Result<File, Failure> {
        self.file
            .rewind()
            .and_then(|()| self.file.try_clone())
            .map_err(|error| Failure::input(&self.name, plainly(&error)))
    }

    /// The first four bytes, fewer where there are no more: what tells file formats apart.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn magic(&mut self) -> Result<Vec<u8>, Failure> {
        let mut magic = Vec::new();
        let read = self.rewound()?.take(4).read_to_end(&mut magic);
        read.map_err(|error| Failure::input(&self.name, plainly(&error)))?;
        Ok(magic)
    }

    /// The whole input as text; bytes that are not UTF-8 become U+FFFD, as names in SIP are not
    /// always UTF-8 and nothing that matters here is outside ASCII.
    ///
    /// # Errors
    /// A file that cannot be read or is longer than any SDP or log worth reading.
    pub fn text(&mut self) -> Result<Text, Failure> {
        if self.len > MAX_TEXT {
            let what = format!("{} bytes are too many for a text file", self.len);
            return Err(Failure::input(&self.name, what));
        }
        // Room for all of it and the look for more, so that it is in no other place on the way.
        let room = usize::try_from(self.len).unwrap_or(0).saturating_add(64);
        let mut bytes = Zeroizing::new(Vec::with_capacity(room));
        self.rewound()?
            .read_to_end(&mut bytes)
            .map_err(|error| Failure::input(&self.name, plainly(&error)))?;
        Ok(Text::lossy(&bytes))
    }
}

fn spool(from: &mut impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(from, &mut file)?;
    Ok(file)
}

/// An I/O error as people say it, without the "(os error 2)".
pub(crate) fn plainly(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
