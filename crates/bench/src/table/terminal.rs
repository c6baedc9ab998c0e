//! For terminals and for `awk`.

use super::{Table, conditions, memory, scaling, times};
use crate::report::Report;

/// All tables, without lines.
pub fn terminal(report: &Report) -> String {
    let mut parts = vec![conditions(report).join("\n")];
    let tables = [times(report), memory(report), scaling(report)];
    parts.extend(tables.iter().filter(|table| !table.rows.is_empty()).map(drawn));
    parts.join("\n\n")
}

pub(super) fn drawn(table: &Table) -> String {
    let mut drawn = comfy_table::Table::new();
    drawn
        .load_style(comfy_table::presets::NOTHING)
        .set_header(&table.header)
        .add_rows(&table.rows);
    drawn.trim_fmt()
}
