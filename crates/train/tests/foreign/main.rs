//! Configurations and weights from elsewhere, damaged in a thousand ways: every reader refuses them in words or reads them,
//! in bounded memory.

#[path = "../../../data/tests/foreign/damage/allocator.rs"]
mod allocator;
#[cfg(target_os = "linux")]
#[path = "../../../data/tests/foreign/bound.rs"]
mod bound;
#[path = "../../../data/tests/foreign/damage/check.rs"]
mod check;
#[cfg(target_os = "linux")]
#[path = "../../../data/tests/foreign/damage/locked.rs"]
mod locked;
#[path = "../../../data/tests/foreign/damage/mutate.rs"]
mod mutate;
#[path = "../../../data/tests/foreign/damage/parser.rs"]
mod parser;
mod readers;

#[global_allocator]
static ALLOCATOR: allocator::Counting = allocator::Counting;

#[test]
fn damaged_files_are_read_or_refused_in_bounded_memory() {
    readers::READERS.iter().for_each(check::check);
}

#[cfg(target_os = "linux")]
#[test]
fn locked_files_are_named() {
    bound::by_permissions("locked_files_are_named", || {
        readers::READERS.iter().for_each(locked::check)
    });
}
