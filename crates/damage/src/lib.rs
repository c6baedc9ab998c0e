//! Readers of foreign files, as functions of bytes, and what damages the files: for the tests in `tests` and for the fuzz targets.
//!
//! Every reader must refuse a damaged file in words or read it, in bounded memory.

pub mod allocator;
#[cfg(target_os = "linux")]
pub mod bound;
pub mod check;
#[cfg(target_os = "linux")]
pub mod locked;
mod mutate;
mod parser;
mod parsers;
mod readers;
mod samples;

pub use parser::Parser;

/// All readers, in the order of the layers they belong to.
pub fn all() -> impl Iterator<Item = &'static Parser> {
    parsers::PARSERS.iter().chain(&readers::READERS)
}
