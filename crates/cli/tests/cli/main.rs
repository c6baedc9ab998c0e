//! The binary as a user meets it.

mod bad_input;
mod forecasts;
mod import;
mod lists;
mod program;
mod resume;
mod runs;
mod transcripts;
mod watch;
