//! Where the replaying tests have their inputs from.
#![allow(dead_code)]

use std::{fs, path::Path};

fn files(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut files: Vec<_> =
        paths.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect();
    files.sort();
    files
}

/// The committed seeds of a target, by name.
pub(crate) fn seeds(target: &str, at_least: usize) -> Vec<(String, Vec<u8>)> {
    let seeds = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target));
    assert!(seeds.len() >= at_least, "{target} has {} seeds", seeds.len());
    seeds
}

/// Runs what a fuzzer has kept, if there is any: for `./ci.sh coverage`.
pub(crate) fn replay_kept(target: &str, run: fn(&[u8])) {
    let Some(corpus) = std::env::var_os("FUZZ_CORPUS") else {
        return;
    };
    let dir = Path::new(&corpus).join(target);
    if dir.is_dir() {
        files(&dir).iter().for_each(|(_, input)| run(input));
    }
}
