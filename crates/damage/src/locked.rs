//! A reader, and what it says of a file that may not be read.

use crate::bound::lock;
use crate::parser::{Parser, changing};

/// Reads every sample as a file that is locked, which must be refused with its name and what to do.
pub fn check(parser: &Parser) {
    let Parser { name, read, .. } = *parser;
    for (number, sample) in (parser.samples)().iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let (outcome, locked) = changing(lock, || read(sample, folder.path()));
        if locked.is_empty() {
            // It looks at no file.
            continue;
        }
        let error = outcome.expect_err("a locked file was read");
        let names_one = locked
            .iter()
            .any(|path| error.contains(&format!("`{}`", path.display())));
        assert!(
            names_one && error.contains("Permission denied") && error.contains("): "),
            "{name}, sample {number}: {error}"
        );
    }
}
