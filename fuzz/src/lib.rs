//! The readers of foreign files and whole samples for them, as fuzz targets want them.
//!
//! They are those of the crate `foreframe-damage`, whose tests damage the same samples at random, the same way on every machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use foreframe_damage::Parser;

fn parser(name: &str) -> &'static Parser {
    foreframe_damage::all()
        .find(|parser| parser.name == name)
        .expect("every target has a reader")
}

/// Has the reader `name` read a file of these bytes, in a folder of this process.
///
/// # Panics
/// If the reader does, which is what a fuzzer looks for.
pub fn read(name: &str, bytes: &[u8]) {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = std::env::temp_dir().join(format!("foreframe-fuzz-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the folder of temporary files can be written");
        folder
    });
    // A refusal is as good as an answer.
    let _ = (parser(name).read)(bytes, folder);
}

/// Puts the samples of the reader `name` where `cargo fuzz run` takes its first inputs from.
///
/// # Panics
/// If the folder cannot be written.
pub fn write_samples(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(name);
    fs::create_dir_all(&folder).expect("the corpus can be written");
    for (number, sample) in (parser(name).samples)().iter().enumerate() {
        fs::write(folder.join(format!("sample-{number}")), sample).expect("the corpus can be written");
    }
}
