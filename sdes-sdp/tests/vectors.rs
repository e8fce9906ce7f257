//! Every crypto line of the vector file, held against what the file says of it: meaning, notes,
//! strictness, error text; and for those accepted, that printing and reading them again changes
//! nothing.
//!
//! Read first: test-vectors/sdes/README.md.

// clippy.toml frees `#[test]` functions; their helpers here are as much a test.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use sdes_sdp::{
    CryptoAttribute, CryptoLine, CryptoSuite, Emit, LifetimeForm, MasterKey, ParameterName,
    Tolerance,
};

const VECTORS: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../test-vectors/sdes/crypto-lines.txt"));

struct Record {
    name: String,
    fields: Vec<(String, String)>,
}

impl Record {
    fn all<'r>(&'r self, name: &'static str) -> impl Iterator<Item = &'r str> {
        self.fields.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn one(&self, name: &'static str) -> &str {
        let mut all = self.all(name);
        let value = all.next().unwrap_or_else(|| panic!("{}: no {name}", self.name));
        assert!(all.next().is_none(), "{}: {name} twice", self.name);
        value
    }

    fn line(&self) -> String {
        let mut line = String::new();
        let mut chars = self.one("line").chars();
        while let Some(c) = chars.next() {
            line.push(match c {
                '\\' => match chars.next() {
                    Some('t') => '\t',
                    Some('r') => '\r',
                    Some('n') => '\n',
                    Some('x') => {
                        assert_eq!(chars.by_ref().take(2).collect::<String>(), "20");
                        ' '
                    }
                    other => other.unwrap(),
                },
                c => c,
            });
        }
        line
    }
}

fn records() -> Vec<Record> {
    let blocks = VECTORS.split("\n\n").map(str::trim).filter(|block| block.starts_with("## "));
    let records: Vec<_> = blocks
        .map(|block| {
            let (name, fields) = block.split_once('\n').unwrap();
            let fields = fields.lines().map(|line| {
                let (name, value) = line.split_once(':').unwrap();
                (name.to_string(), value.trim().to_string())
            });
            Record { name: name.to_string(), fields: fields.collect() }
        })
        .collect();
    assert!(records.len() > 150, "only {} records were read", records.len());
    records
}

/// The meaning in the file's words.
fn keys(keys: &[MasterKey]) -> Vec<String> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    keys.iter()
        .map(|key| {
            let lifetime = key.lifetime().map(|packets| format!(" lifetime={packets}"));
            let mki = Some(key.mki()).filter(|mki| !mki.is_empty());
            let mki = mki.map(|mki| format!(" mki={}", hex(mki.as_bytes())));
            let key = hex(key.expose_key_salt());
            [key, lifetime.unwrap_or_default(), mki.unwrap_or_default()].concat()
        })
        .collect()
}

fn params(attribute: &CryptoAttribute) -> Vec<String> {
    let parameters = attribute.parameters();
    let flag = |on: bool, name: &str| on.then(|| name.to_string());
    [
        parameters.kdr.exponent().map(|exponent| format!("KDR={exponent}")),
        flag(parameters.unencrypted_srtp, "UNENCRYPTED_SRTP"),
        flag(parameters.unencrypted_srtcp, "UNENCRYPTED_SRTCP"),
        flag(parameters.unauthenticated_srtp, "UNAUTHENTICATED_SRTP"),
        parameters.fec_order.map(|order| format!("FEC_ORDER={}", order.name())),
        parameters.window_size_hint.map(|hint| format!("WSH={hint}")),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn read(line: &str, tolerance: Tolerance) -> Result<sdes_sdp::Meaning, sdes_sdp::CryptoError> {
    CryptoLine::parse(line)?.validate(tolerance)
}

#[test]
fn every_line_means_what_the_file_says() {
    for record in records() {
        let name = &record.name;
        assert!(!record.one("source").is_empty(), "{name}");
        let line = record.line();
        let read_as = |tolerance| read(&line, tolerance);
        if record.all("error").next().is_some() {
            let error = read_as(Tolerance::Tolerant).expect_err(name);
            assert_eq!(error.to_string(), record.one("error"), "{name}");
            // What no tolerance accepts, strictness does not accept either.
            assert!(read_as(Tolerance::Rfc4568).is_err(), "{name}");
            assert!(read_as(Tolerance::Strict).is_err(), "{name}");
            continue;
        }
        let suite = CryptoSuite::from_name(record.one("suite")).expect(name);
        let meaning = read_as(Tolerance::Tolerant).unwrap_or_else(|e| panic!("{name}: {e}"));
        let attribute = &meaning.attribute;
        assert_eq!(attribute.suite(), suite, "{name}");
        assert_eq!(attribute.tag().to_string(), record.one("tag"), "{name}");
        assert_eq!(keys(attribute.keys()), record.all("key").collect::<Vec<_>>(), "{name}");
        assert_eq!(keys(attribute.fec_keys()), record.all("fec-key").collect::<Vec<_>>(), "{name}");
        assert_eq!(params(attribute), record.all("param").collect::<Vec<_>>(), "{name}");
        for key in attribute.keys().iter().chain(attribute.fec_keys()) {
            assert_eq!(key.key_derivation_rate(), attribute.parameters().kdr, "{name}");
        }
        let notes = meaning.notes.iter().map(|note| format!("{} {:?}", note.column, note.kind));
        assert_eq!(notes.collect::<Vec<_>>(), record.all("note").collect::<Vec<_>>(), "{name}");

        let strictest = record.one("strictest");
        assert_eq!(read_as(Tolerance::Rfc4568).is_ok(), strictest != "Tolerant", "{name}");
        assert_eq!(read_as(Tolerance::Strict).is_ok(), strictest == "Strict", "{name}");
    }
}

/// The view gives back every byte; the meaning survives every way of writing it.
#[test]
fn nothing_is_lost_on_the_way_out_and_in() {
    let reversed: Vec<_> = ParameterName::ALL.iter().rev().copied().collect();
    for record in records() {
        let name = &record.name;
        let line = record.line();
        let Ok(view) = CryptoLine::parse(&line) else {
            continue;
        };
        assert_eq!(view.to_string(), line, "{name}");
        let Ok(attribute) = view.meaning() else {
            continue;
        };
        for padding in [true, false] {
            for lifetime in [LifetimeForm::Power, LifetimeForm::Decimal] {
                for order in [&[][..], &reversed[..]] {
                    let suite_name = Some(view.suite_name());
                    let emit = Emit { padding, lifetime, suite_name, order };
                    for text in
                        [attribute.line(&emit), attribute.attribute(&emit), attribute.value(&emit)]
                    {
                        let text = text.to_string();
                        let again = CryptoLine::parse(&text).unwrap().meaning();
                        assert_eq!(again.as_ref(), Ok(&attribute), "{name}: {text}");
                    }
                }
            }
        }
        // The default form is one that nobody has anything to remark on, apart from what is not
        // a matter of form.
        let text = attribute.line(&Emit::default()).to_string();
        let of_substance = |kind: &str| ["TagZero", "MkiZero", "RepeatedKey"].contains(&kind);
        let kinds = record.all("note").map(|note| note.split_once(' ').unwrap().1);
        let expected: Vec<_> = kinds.filter(|kind| of_substance(kind)).collect();
        let notes = read(&text, Tolerance::Tolerant).unwrap().notes;
        let found: Vec<_> = notes.iter().map(|note| format!("{:?}", note.kind)).collect();
        assert_eq!(found, expected, "{name}: {text}");
    }
}

/// Neither an error, nor a note, nor any `Debug` shows a piece of the base64 text.
#[test]
fn no_message_holds_a_piece_of_a_key() {
    for record in records() {
        let line = record.line();
        let mut said = String::new();
        match CryptoLine::parse(&line) {
            Err(error) => said += &format!("{error} {error:?}"),
            Ok(view) => {
                let keys: Vec<_> = view.keys().collect();
                let params: Vec<_> = view.session_params().collect();
                said += &format!("{view:?} {keys:?} {params:?} {:?}", view.keys());
                match view.validate(Tolerance::Tolerant) {
                    Err(error) => said += &format!("{error} {error:?}"),
                    Ok(meaning) => {
                        let emit = Emit::default();
                        said += &format!("{meaning:?} {:?}", meaning.attribute.line(&emit));
                        meaning.notes.iter().for_each(|note| said += &note.to_string());
                    }
                }
            }
        }
        let keys = line.match_indices("inline:").map(|(at, name)| line.split_at(at + name.len()).1);
        for key in keys {
            for piece in key.as_bytes().windows(6).take(30) {
                let piece = String::from_utf8_lossy(piece);
                let is_key = piece.chars().all(|c| c.is_ascii_alphanumeric() || "+/=".contains(c));
                assert!(!is_key || !said.contains(&*piece), "{}: {piece} in {said}", record.name);
            }
        }
    }
}
