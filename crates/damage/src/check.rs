//! A reader, and what it may do with damaged files.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use crate::allocator::peak_of;
use crate::mutate::{Numbers, damaged};
use crate::parser::Parser;

/// The most memory that reading a file of a few KB may take, in bytes.
const MOST: usize = 64 << 20;

static PARSER: Mutex<&str> = Mutex::new("");
static ROUND: AtomicUsize = AtomicUsize::new(0);

/// The case: the reader's name and the number of the round, which seeds the damage.
pub fn current() -> (&'static str, usize) {
    let parser = PARSER.lock().map_or("", |name| *name);
    (parser, ROUND.load(Relaxed))
}

/// How many times as long as usual the test is to try.
fn longer() -> usize {
    std::env::var("FOREFRAME_DAMAGE").map_or(1, |times| times.parse().expect("FOREFRAME_DAMAGE is a number"))
}

/// Reads every sample, which must succeed, and damaged ones, which must not panic, nor take more memory than 64 MiB
/// beyond 16 times the file.
pub fn check(parser: &Parser) {
    let Parser { name, read, .. } = *parser;
    let rounds = parser.rounds * longer();
    let samples = (parser.samples)();
    let folder = tempfile::tempdir().unwrap();
    *PARSER.lock().unwrap() = name;
    for (number, sample) in samples.iter().enumerate() {
        if let Err(error) = read(sample, folder.path()) {
            panic!("{name}, sample {number}: {error}");
        }
    }
    let (mut refused, mut largest, start) = (0, 0, Instant::now());
    for round in 0..rounds {
        ROUND.store(round, Relaxed);
        let bytes = damaged(&samples[round % samples.len()], &mut Numbers::new(round as u64));
        let work = || catch_unwind(AssertUnwindSafe(|| read(&bytes, folder.path())));
        let (outcome, peak) = peak_of(work);
        let Ok(outcome) = outcome else {
            panic!("{name}, round {round}: panicked, see above");
        };
        largest = largest.max(peak);
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
    let (largest, seconds) = (largest >> 10, start.elapsed().as_secs_f64());
    eprintln!("{name}: {refused} of {rounds} refused, at most {largest} KiB of memory, {seconds:.2} s");
    assert!(
        refused > rounds / 10,
        "{name}: {refused} of {rounds} damaged files were refused"
    );
}
