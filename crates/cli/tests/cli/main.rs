//! The binary as a user meets it.

mod bad_input;
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
