//! Aligned tables and a little colour for people; scripts have JSON.

use std::fmt;

use anstyle::{AnsiColor, Style};

/// Colours by meaning. `anstream` takes them out where they are not wanted.
pub mod style {
    use super::{AnsiColor, Style};

    /// All well.
    pub const GOOD: Style = AnsiColor::Green.on_default().bold();
    /// Works, but look here.
    pub const NOTE: Style = AnsiColor::Yellow.on_default();
    /// Does not work.
    pub const BAD: Style = AnsiColor::Red.on_default().bold();
    /// Headings.
    pub const HEAD: Style = Style::new().bold();
    /// What is there to be looked up, not to be read.
    pub const QUIET: Style = Style::new().dimmed();
}

/// How a column is aligned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A cell: its text, and a style that takes no room.
#[derive(Clone, Debug, Default)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell in a style.
    pub fn styled(text: impl fmt::Display, style: Style) -> Self {
        Self { text: text.to_string(), style }
    }

    /// A number; zero is quiet, so that the others stand out.
    pub fn count(number: u64, style: Style) -> Self {
        Self::styled(number, if number == 0 { style::QUIET } else { style })
    }
}

impl<T: fmt::Display> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text, Style::new())
    }
}

/// A table with a heading line.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table of these columns.
    pub fn new(columns: &[(&'static str, Align)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row; missing cells stay empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |text: &str| text.chars().count();
        let widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(at, (head, _))| {
                let cells = self.rows.iter().filter_map(|row| row.get(at));
                cells.map(|cell| width(&cell.text)).max().unwrap_or(0).max(width(head))
            })
            .collect();
        let head = self.columns.iter().map(|(head, _)| Cell::styled(head, style::HEAD)).collect();
        for row in std::iter::once(&head).chain(&self.rows) {
            let last = row.len().saturating_sub(1);
            for (at, ((cell, (_, align)), cell_width)) in
                row.iter().zip(&self.columns).zip(&widths).enumerate()
            {
                let fill = cell_width.saturating_sub(width(&cell.text));
                let Cell { text, style } = cell;
                let (before, after) = match align {
                    Align::Left if at == last => (0, 0),
                    Align::Left => (0, fill),
                    Align::Right => (fill, 0),
                };
                let gap = if at == 0 { "" } else { "  " };
                write!(f, "{gap}{:before$}{style}{text}{style:#}{:after$}", "", "")?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers to the right, text to the left, no blanks at line ends, arrows one column wide.
    #[test]
    fn columns_line_up() {
        let mut table = Table::new(&[
            ("STREAM", Align::Left),
            ("PACKETS", Align::Right),
            ("SUITE", Align::Left),
        ]);
        table.row(["a → b".into(), 501.into(), "X".into()]);
        table.row(["long name → b".into(), Cell::count(0, style::BAD), "".into()]);
        let plain = anstream::adapter::strip_str(&table.to_string()).to_string();
        let wanted = "STREAM         PACKETS  SUITE\n\
                      a → b              501  X\n\
                      long name → b        0  \n";
        assert_eq!(plain, wanted);
    }
}
