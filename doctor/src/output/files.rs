//! A directory of results that appear all together or not at all, and files that hold no
//! descriptor while they wait, so that a capture of a thousand calls stays within the limits of a
//! process.

use std::fs::{self, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use crate::failure::Failure;
use crate::input::plainly;

/// How much of a file waits in memory before it is written, in bytes.
const BUFFER: usize = 32 << 10;

/// The output directory with the files that are not under their names yet.
#[derive(Debug)]
pub struct Outbox {
    dir: PathBuf,
    created: bool,
    committed: bool,
    pending: Vec<(TempPath, PathBuf)>,
}

impl Outbox {
    /// Makes the directory if it is not there. It is removed again unless [`Outbox::commit`] is
    /// reached.
    ///
    /// # Errors
    /// A path that is no directory or cannot be made one.
    pub fn new(dir: &Path) -> Result<Self, Failure> {
        let created = !dir.exists();
        fs::create_dir_all(dir).map_err(|error| Failure::input(dir.display(), plainly(&error)))?;
        Ok(Self { dir: dir.to_owned(), created, committed: false, pending: Vec::new() })
    }

    /// A new file that will be called `name`; also returns the path it will have.
    ///
    /// # Errors
    /// A directory that cannot be written to.
    pub fn file(&mut self, name: &str) -> Result<(LazyFile, PathBuf), Failure> {
        let path = self.dir.join(name);
        let temporary = tempfile::Builder::new()
            .prefix(".srtp-doctor-")
            .tempfile_in(&self.dir)
            .map_err(|error| Failure::input(path.display(), plainly(&error)))?
            .into_temp_path();
        let file = LazyFile { path: temporary.to_path_buf(), at: 0, buffer: Vec::new() };
        self.pending.push((temporary, path.clone()));
        Ok((file, path))
    }

    /// Gives every file its name, replacing what was there.
    ///
    /// # Errors
    /// A name that cannot be written, such as that of a directory.
    pub fn commit(mut self) -> Result<(), Failure> {
        for (temporary, path) in self.pending.drain(..) {
            readable(&temporary);
            temporary
                .persist(&path)
                .map_err(|error| Failure::input(path.display(), plainly(&error.error)))?;
        }
        self.committed = true;
        Ok(())
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        self.pending.clear();
        if self.created && !self.committed {
            // Fails, rightly, when somebody else has put something there meanwhile.
            let _ = fs::remove_dir(&self.dir);
        }
    }
}

/// Temporary files are made for the owner's eyes alone; results are as any program's.
#[cfg(unix)]
fn readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o644));
}

#[cfg(not(unix))]
fn readable(_: &Path) {}

/// A file that is open only while a full buffer is written to it.
#[derive(Debug)]
pub struct LazyFile {
    path: PathBuf,
    at: u64,
    buffer: Vec<u8>,
}

impl Write for LazyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let mut file = OpenOptions::new().write(true).open(&self.path)?;
        file.seek(SeekFrom::Start(self.at))?;
        file.write_all(&self.buffer)?;
        self.at += u64::try_from(self.buffer.len()).unwrap_or(0);
        self.buffer.clear();
        Ok(())
    }
}

impl Seek for LazyFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.flush()?;
        self.at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => fs::metadata(&self.path)?.len().checked_add_signed(by),
        }
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nothing is there before the commit, everything after it; without one the directory goes too.
    #[test]
    fn files_appear_together_or_not_at_all() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("a/b");
        {
            let mut outbox = Outbox::new(&dir).unwrap();
            let (mut file, path) = outbox.file("x.wav").unwrap();
            file.write_all(&[1; 2 * BUFFER]).unwrap();
            assert!(!path.exists());
        }
        assert!(!dir.exists());
        let mut outbox = Outbox::new(&dir).unwrap();
        let (mut file, path) = outbox.file("x.wav").unwrap();
        file.write_all(b"0123456789").unwrap();
        file.seek(SeekFrom::Start(4)).unwrap();
        file.write_all(b"x").unwrap();
        file.flush().unwrap();
        outbox.commit().unwrap();
        assert_eq!(fs::read(path).unwrap(), b"0123x56789");
        assert_eq!(fs::read_dir(&dir).unwrap().count(), 1);
    }
}
