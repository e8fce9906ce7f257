//! Rows of a run, as the Markdown table that goes into docs/EVIDENCE.md.

use std::fmt;

use crate::exchange::Tally;

/// One conversation with one program.
struct Row {
    program: String,
    what: String,
    result: Result<Tally, String>,
}

/// All of a run.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
}

impl Report {
    /// Notes a result, and says it at once on standard error.
    pub fn add(&mut self, program: &str, what: &str, result: Result<Tally, String>) {
        match &result {
            Ok(tally) => eprintln!("ok     {program}: {what}: {} packets", tally.total()),
            Err(why) => eprintln!("FAILED {program}: {what}: {why:.2000}"),
        }
        self.rows.push(Row { program: program.into(), what: what.into(), result });
    }

    pub fn failed(&self) -> usize {
        self.rows.iter().filter(|row| row.result.is_err()).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "Packets that a program protected, that are byte for byte ours, and that open here; \
             packets of ours that it opened to the bytes they were made of; packets with one bit \
             changed that it dropped. Keys, packets and SSRC are the same in every run; the \
             sequence number wraps in every conversation but baresip's.\n"
        )?;
        writeln!(f, "| program | what | from it | to it | forgeries refused by it |")?;
        writeln!(f, "|---|---|--:|--:|--:|")?;
        let mut total = Tally::default();
        for row in &self.rows {
            write!(f, "| {} | {} | ", row.program, row.what)?;
            match &row.result {
                Ok(tally) => {
                    writeln!(f, "{} | {} | {} |", tally.from_peer, tally.to_peer, tally.refused)?;
                    total.from_peer += tally.from_peer;
                    total.to_peer += tally.to_peer;
                    total.refused += tally.refused;
                }
                Err(_) => writeln!(f, "failed | failed | failed |")?,
            }
        }
        writeln!(
            f,
            "| all | {} conversations, {} failed | {} | {} | {} |",
            self.rows.len(),
            self.failed(),
            total.from_peer,
            total.to_peer,
            total.refused
        )
    }
}
