use std::fmt::Write as _;

use comfy_table::{Attribute, Cell, Color, ColumnConstraint, ContentArrangement, TableStyle, presets};

use crate::{clean::clean, id};

/// The lines of a terminal's table: none.
const STYLE: TableStyle = presets::NOTHING;
/// A terminal with fewer columns is narrow, and shows less.
const NARROW: u16 = 110;

/// Rows below headings: drawn for people on a terminal, plain aligned text in a pipe.
#[derive(Debug)]
pub struct Table {
    headings: Vec<&'static str>,
    whole: Vec<usize>,
    lesser: Vec<usize>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Makes a table without rows.
    pub fn new(headings: &[&'static str]) -> Self {
        Self { headings: headings.to_vec(), whole: Vec::new(), lesser: Vec::new(), rows: Vec::new() }
    }

    /// Says that these columns are never wrapped: ids, which people copy. A terminal shows the end of each.
    #[must_use]
    pub fn keep_whole(mut self, columns: &[usize]) -> Self {
        self.whole.extend(columns);
        self
    }

    /// Says that a narrow terminal does without these columns.
    #[must_use]
    pub fn drop_when_narrow(mut self, columns: &[usize]) -> Self {
        self.lesser.extend(columns);
        self
    }

    /// Adds a row; control characters are taken out.
    pub fn row<const N: usize>(&mut self, cells: [&str; N]) {
        self.rows.push(cells.iter().map(|cell| clean(cell).into_owned()).collect());
    }

    /// Tells whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Draws the table for a pipe: columns two spaces apart, nothing cut.
    pub fn plain(&self) -> String {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.chain([self.headings[column].len()]).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.headings.len()).map(width).collect();
        let headings = self.headings.iter().map(ToString::to_string).collect::<Vec<_>>();
        let mut text = String::new();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                let _ = write!(line, "{cell:<width$}  ");
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    /// Draws the table for a terminal of its width, or of the one given, with colour marks that the writer may take out.
    pub fn drawn(&self, width: Option<u16>) -> String {
        let mut table = comfy_table::Table::new();
        table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic).enforce_styling();
        if let Some(width) = width {
            table.set_width(width);
        }
        let narrow = table.width().is_some_and(|width| width < NARROW);
        let is_shown = |column: &usize| !narrow || !self.lesser.contains(column);
        let shown: Vec<usize> = (0..self.headings.len()).filter(is_shown).collect();
        table.set_header(shown.iter().map(|column| Cell::new(self.headings[*column]).add_attribute(Attribute::Bold)));
        for row in &self.rows {
            table.add_row(shown.iter().map(|column| match row[*column].parse() {
                // The end tells ids apart, and is enough wherever an id is asked for.
                Ok(id) if self.whole.contains(column) => Cell::new(id::short(id)),
                _ => coloured(&row[*column]),
            }));
        }
        for column in &self.whole {
            let place = shown.iter().position(|shown| shown == column);
            if let Some(column) = place.and_then(|place| table.column_mut(place)) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
        let mut text = table.trim_fmt();
        text.push('\n');
        text
    }
}

/// Gives the words that mean something their colour.
fn coloured(text: &str) -> Cell {
    let cell = Cell::new(text);
    match text {
        "critical" | "dead" | "failed" | "refused" | "unavailable" => cell.fg(Color::Red),
        "high" | "expired" | "leased" | "degraded" | "retired" | "revoked" => cell.fg(Color::Yellow),
        "acked" | "ok" | "passed" | "ready" => cell.fg(Color::Green),
        "pending" => cell.fg(Color::Cyan),
        "info" | "deferred" | "-" => cell.fg(Color::DarkGrey),
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    fn table() -> Table {
        let mut table = Table::new(&["ID", "SUBJECT", "STATE"]).keep_whole(&[0]);
        table.row(["0198-aaaa", "Hello", "pending"]);
        table.row(["0198-bbbb-cc", "A much longer subject that does not fit on a narrow terminal", "acked"]);
        table
    }

    #[test]
    fn a_pipe_gets_aligned_columns_with_nothing_cut() {
        insta::assert_snapshot!(table().plain(), @r"
        ID            SUBJECT                                                       STATE
        0198-aaaa     Hello                                                         pending
        0198-bbbb-cc  A much longer subject that does not fit on a narrow terminal  acked
        ");
    }

    #[test]
    fn a_narrow_terminal_wraps_text_but_no_ids() {
        let drawn = anstream::adapter::strip_str(&table().drawn(Some(44))).to_string();
        assert!(drawn.lines().all(|line| line.chars().count() <= 44), "{drawn}");
        assert!(drawn.contains("0198-bbbb-cc"), "{drawn}");
    }

    #[test]
    fn a_narrow_terminal_does_without_the_lesser_columns() {
        let table = table().drop_when_narrow(&[2]);
        assert!(!table.drawn(Some(60)).contains("STATE"));
        assert!(table.drawn(Some(120)).contains("STATE") && table.plain().contains("STATE"));
    }

    #[test]
    fn a_cell_cannot_break_its_line() {
        let mut table = Table::new(&["SUBJECT"]);
        table.row(["one\ntwo\u{1b}[2J"]);
        assert_eq!(table.plain().lines().count(), 2);
        assert!(!table.plain().contains('\u{1b}'));
    }
}
