//! `report`: the page of a run, once more.

use anyhow::Result;

use crate::args::ReportArgs;
use crate::{output, target};

pub(crate) fn run(args: &ReportArgs) -> Result<()> {
    let run = target::run_folder(&args.run)?;
    let page = foreframe_report::write_run_page(&run)?;
    output::line(page.display())
}
