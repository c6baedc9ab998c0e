//! CIKM AnalytiCup 2017: radar echoes over Shenzhen.

mod text;

use std::path::Path;

use super::sequences::{self, Form, Parts, Sequences, part, splits};
use crate::location::located;
use foreframe_data::{DataConfig, DataError, Dataset, Protocol, Splits};

const EXTENSIONS: [&str; 2] = ["txt", "npy"];
/// Frames of a sample, 6 minutes apart.
const LENGTH: usize = 15;

/// Radar echoes, 15 frames of 101x101 km in an hour and a half.
pub const fn cikm2017() -> Dataset {
    Dataset {
        name: "cikm2017",
        about: "radar echoes of the CIKM AnalytiCup 2017, 5 -> 10 frames 6 minutes apart; train.txt or folders of images",
        source: "Shenzhen Meteorological Bureau and Alibaba, CIKM AnalytiCup 2017; no license stated",
        defaults,
        keys: &["path", "level", "resize", "validation_clips", "test_clips"],
        frame: sequences::frame,
        open,
    }
}

fn defaults() -> DataConfig {
    sequences::defaults(cikm2017().name, [5, 10])
}

fn open(config: &DataConfig) -> Result<Splits, DataError> {
    let folder = &located(config)?;
    if config.level >= text::LEVELS {
        let problem = format!("is {}", config.level);
        return Err(DataError::config(
            "level",
            problem,
            "use 0 to 3: the heights 0.5, 1.5, 2.5 and 3.5 km",
        ));
    }
    let form = Form::new(config, LENGTH, 255.0);
    let open = |path: &Path| -> Result<Sequences, DataError> {
        match path.extension().is_some_and(|extension| extension == "txt") {
            true => form.of_array(text::decoded(path, config.level)?),
            false => form.open(path),
        }
    };
    let find = |names: &[&str]| part(folder, names, &EXTENSIONS).map(|path| open(&path)).transpose();
    let parts = Parts::find(folder, &EXTENSIONS, open)?;
    let test = match config.protocol {
        // Published tables are made of the training file alone, nine to one.
        Protocol::OpenStl => Vec::new(),
        Protocol::Own => match find(&["test"])? {
            Some(test) => vec![test],
            None => find(&["testA"])?.into_iter().chain(find(&["testB"])?).collect(),
        },
    };
    splits(folder, Parts { test, ..parts }, &form, config)
}

#[cfg(test)]
mod tests;
