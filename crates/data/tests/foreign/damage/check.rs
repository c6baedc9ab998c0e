//! A reader, and what it may do with damaged files.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::allocator::peak_of;
use crate::mutate::{Numbers, damaged};
use crate::parser::Parser;

/// The most memory that reading a file of a few KB may take, in bytes.
const MOST: usize = 64 << 20;

static PARSER: Mutex<&str> = Mutex::new("");
static ROUND: AtomicUsize = AtomicUsize::new(0);

/// What is being read: the reader's name and the number of the round, which makes the damage.
pub(crate) fn current() -> (&'static str, usize) {
    let parser = PARSER.lock().map_or("", |name| *name);
    (parser, ROUND.load(Relaxed))
}

/// Reads every sample, which must succeed, and damaged ones, which must not panic, nor take more memory than [`MOST`]
/// beyond 16 times the file.
pub(crate) fn check(parser: &Parser) {
    let Parser { name, read, rounds, .. } = *parser;
    let samples = (parser.samples)();
    let folder = tempfile::tempdir().unwrap();
    *PARSER.lock().unwrap() = name;
    for (number, sample) in samples.iter().enumerate() {
        if let Err(error) = read(sample, folder.path()) {
            panic!("{name}, sample {number}: {error}");
        }
    }
    let mut refused = 0;
    for round in 0..rounds {
        ROUND.store(round, Relaxed);
        let bytes = damaged(&samples[round % samples.len()], &mut Numbers::new(round as u64));
        let work = || catch_unwind(AssertUnwindSafe(|| read(&bytes, folder.path())));
        let (outcome, peak) = peak_of(work);
        let Ok(outcome) = outcome else {
            panic!("{name}, round {round}: panicked, see above");
        };
        let most = MOST + 16 * bytes.len();
        assert!(peak <= most, "{name}, round {round}: took {peak} bytes of memory");
        if let Err(error) = outcome {
            refused += 1;
            assert!(
                error.contains('`') && error.contains(": "),
                "{name}, round {round}: names nothing: {error}"
            );
        }
    }
    assert!(
        refused > rounds / 10,
        "{name}: {refused} of {rounds} damaged files were refused"
    );
}
