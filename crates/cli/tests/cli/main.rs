//! The binary as a user meets it.

mod bad_input;
/// Shared with the tests of the readers.
#[cfg(target_os = "linux")]
#[path = "../../../data/tests/foreign/bound.rs"]
mod bound;
mod channels;
mod compare;
mod data_files;
mod forecasts;
mod import;
mod lists;
mod perceptual;
mod program;
mod resume;
mod runs;
mod same_file;
mod scores;
mod seams;
mod shipped;
mod splits;
mod transcripts;
mod videos;
mod watch;
