//! For the book.

use super::{Table, conditions, memory, scaling, times};
use crate::report::Report;

const ABOUT: &str = "\
Written by `cargo xtask bench`. Times are medians over the rounds; in each round every engine has its turn, and a ratio is \
taken within a round, against the faster of PyTorch's two modes. PyTorch runs with the \
memory layout that is faster without compilation. Operations and bytes are what the definition of a case takes \
at least: every input and output passes memory once in each direction, and convolutions are counted as they are written down. \
The floor is the time that these take at the machine's measured peak, the share how near Foreframe comes to it; it can exceed \
100 % where an algorithm has fewer multiplications or where tensors stay in the cache. Peak \
memory is that of a fresh process that does nothing but training steps; on a CPU, PyTorch has the C library's default allocator \
for it, which takes the least.";

/// A page with all tables.
pub fn markdown(report: &Report) -> String {
    let mut page = format!("# Speed on `{}`\n\n{ABOUT}\n\n", report.backend);
    for line in conditions(report) {
        page.push_str(&format!("- {line}\n"));
    }
    for (title, table) in [
        ("Times", times(report)),
        ("Peak memory", memory(report)),
        ("Threads", scaling(report)),
    ] {
        if !table.rows.is_empty() {
            page.push_str(&format!("\n## {title}\n\n"));
            draw(&mut page, &table);
        }
    }
    page
}

pub(super) fn draw(page: &mut String, table: &Table) {
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        page.push('|');
        for cell in cells {
            // A cell may hold the words of an error.
            page.push_str(&format!(" {} |", cell.replace('|', "\\|")));
        }
        page.push('\n');
    };
    line(&mut table.header.iter().copied());
    line(
        &mut table
            .header
            .iter()
            .enumerate()
            .map(|(column, _)| if column == 0 { "---" } else { "---:" }),
    );
    for row in &table.rows {
        line(&mut row.iter().map(String::as_str));
    }
}
