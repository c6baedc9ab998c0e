//! Files from elsewhere, damaged in a thousand ways: every reader refuses them in words or reads them, in bounded memory.
//!
//! The same readers and files are fuzzed, guided by coverage, in the folder `fuzz` of the repository.

use foreframe_damage::{all, allocator, check};
#[cfg(target_os = "linux")]
use foreframe_damage::{bound, locked};
use foreframe_formats::samples::{checksums, fields};

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

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
    all().for_each(check::check);
}

#[cfg(target_os = "linux")]
#[test]
fn locked_files_are_named() {
    bound::by_permissions("locked_files_are_named", || all().for_each(locked::check));
}
