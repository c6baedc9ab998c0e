//! Files from elsewhere, damaged in a thousand ways: every reader refuses them in words or reads them, in bounded memory.
//!
//! The same readers and files are fuzzed, guided by coverage, in the folder `fuzz` of the repository.

#[path = "damage/allocator.rs"]
mod allocator;
#[cfg(target_os = "linux")]
mod bound;
#[path = "damage/check.rs"]
mod check;
mod checksums;
mod fields;
#[cfg(target_os = "linux")]
#[path = "damage/locked.rs"]
mod locked;
#[path = "damage/mutate.rs"]
mod mutate;
#[path = "damage/parser.rs"]
mod parser;
mod parsers;
mod samples;

use allocator::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn files_that_are_whole_need_no_repair() {
    for file in [fields::plain(), fields::knmi(5), fields::odim("COMP", "DBZH")] {
        assert_eq!(checksums::repaired(&file), file);
        // Object headers have a checksum; a changed size of one is another header.
        let start = file.windows(4).position(|bytes| bytes == b"OHDR").unwrap();
        let mut wrong = file.clone();
        wrong[start + 12] ^= 1;
        assert_ne!(checksums::repaired(&wrong), wrong);
    }
}

#[test]
fn damaged_files_are_read_or_refused_in_bounded_memory() {
    parsers::PARSERS.iter().for_each(check::check);
}

#[cfg(target_os = "linux")]
#[test]
fn locked_files_are_named() {
    bound::by_permissions("locked_files_are_named", || {
        parsers::PARSERS.iter().for_each(locked::check)
    });
}
