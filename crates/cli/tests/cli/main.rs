//! The binary as a user meets it.

mod bad_input;
mod channels;
mod data_files;
mod forecasts;
mod import;
mod lists;
mod looks;
mod program;
mod resume;
mod runs;
mod transcripts;
mod videos;
mod watch;
