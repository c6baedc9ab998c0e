//! SEVIR: storms over the United States as the weather radars saw them.

mod archive;
mod catalog;
mod frames;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::frames::{Array, EventFrames};
use crate::location::located;
use crate::numbered::{FrameSource, Numbered, not_empty};
use foreframe_data::files::LinkPolicy;
use foreframe_data::fingerprint::fingerprint;
use foreframe_data::noise::disturb;
use foreframe_data::{ClipSource, DataConfig, DataError, Dataset, Normalization, Protocol, Scaling, Splits};
use foreframe_data::{at_least, check_positive_shares};
use foreframe_formats::FrameSize;

const CATALOG: &str = "CATALOG.csv";
/// The files that the public scripts make from the archive.
const PROCESSED: [&str; 2] = ["vil_training.h5", "vil_testing.h5"];
/// Rows and columns of the published frames.
const SIDE: usize = 384;
/// Mean and standard deviation that the public loaders normalize by.
const MOMENTS: [f32; 2] = [33.44, 47.54];
/// The largest value of a byte.
const BYTE: f32 = 255.0;
/// Samples of the processed files that are left out between training and validation: which samples are of the same event is
/// not in the files, but the public scripts write those of an event close to each other.
const APART: usize = 96;

/// Vertically integrated liquid in storms, 384 km wide, for four hours each (Veillette et al., NeurIPS 2020).
pub const fn sevir() -> Dataset {
    Dataset {
        name: "sevir",
        about: "storms over the United States as radars see them (vil), 13 -> 12 frames 5 minutes apart; CATALOG.csv and HDF5",
        source: "Veillette, Samsi, Mattioli, NeurIPS 2020; terms: registry.opendata.aws/sevir",
        defaults,
        keys: &[
            "path",
            "normalize",
            "resize",
            "stride",
            "validation_share",
            "crop",
            "pool",
            "damaged",
            "links",
        ],
        frame: |config| {
            let whole = FrameSize {
                channels: 1,
                height: SIDE,
                width: SIDE,
            };
            let (_, size) = frames::size(whole, config).ok()?;
            Some([1, size.height, size.width])
        },
        open,
    }
}

fn defaults() -> DataConfig {
    DataConfig {
        name: sevir().name.to_owned(),
        past: 13,
        future: 12,
        stride: 12,
        ..DataConfig::default()
    }
}

/// Contents of the files: frames, where clips of each split begin, and remarks on them.
struct Found {
    frames: EventFrames,
    train: Vec<usize>,
    validation: Vec<usize>,
    test: Vec<usize>,
    files: Vec<PathBuf>,
    description: String,
}

fn open(config: &DataConfig) -> Result<Splits, DataError> {
    let folder = &located(config)?;
    let normalization = normalization(config)?;
    let length = config.clip(1, 1, 1)?.frames();
    at_least("stride", config.stride, 1)?;
    for side in config.resize.iter().flatten() {
        at_least("resize", *side, 1)?;
    }
    let processed = [folder.clone(), folder.join("processed")]
        .map(|folder| PROCESSED.map(|name| folder.join(name)))
        .into_iter()
        .find(|files| files[0].exists());
    let found = match processed {
        _ if folder.join(CATALOG).exists() => archive::open(folder, config, length)?,
        Some(files) => samples(folder, files, config)?,
        None => {
            return Err(DataError::file(
                folder,
                format!("holds neither {CATALOG} nor {}", PROCESSED[0]),
                "`foreframe data get sevir` says where to get it",
            ));
        }
    };
    let size = found.frames.size();
    let clip = config.clip(size.channels, size.height, size.width)?;
    let source: Arc<dyn FrameSource> = Arc::new(found.frames);
    let clips = |split: &str, starts: Vec<usize>| {
        not_empty(folder, split, starts.len())?;
        Ok::<Arc<dyn ClipSource>, DataError>(Arc::new(Numbered {
            frames: Arc::clone(&source),
            starts,
            step: 1,
            shape: clip,
            normalization: normalization.clone(),
            clock: None,
        }))
    };
    let test = clips("test", found.test)?;
    let splits = Splits {
        input: None,
        train: clips("train", found.train)?,
        validation: match config.protocol {
            Protocol::Own => clips("validation", found.validation)?,
            Protocol::OpenStl => Arc::clone(&test),
        },
        test,
        normalization: normalization.clone(),
        clip,
        fingerprint: fingerprint(config, "sevir 1", &found.files)?,
        description: found.description,
    };
    disturb(splits, config, false)
}

fn normalization(config: &DataConfig) -> Result<Normalization, DataError> {
    let [mean, std] = match (config.normalize, config.protocol) {
        (Scaling::ZScore, _) | (Scaling::Auto, Protocol::OpenStl) => MOMENTS,
        (Scaling::Scale | Scaling::Auto, _) => [0.0, BYTE],
        (Scaling::None, _) => [0.0, 1.0],
        (Scaling::MinMax, _) => {
            return Err(DataError::config(
                "normalize",
                "is `min-max`, which is not measured here",
                "use `scale` (divides by 255), `z-score` (that of the public loaders) or `none`",
            ));
        }
    };
    Ok(Normalization {
        mean: vec![mean],
        std: vec![std],
    })
}

/// The output of the public scripts: samples in two files, observed and future frames in an array each.
fn samples(folder: &Path, files: [PathBuf; 2], config: &DataConfig) -> Result<Found, DataError> {
    check_positive_shares(config)?;
    let policy = LinkPolicy::of(folder, config.links)?;
    for path in &files {
        if !path.exists() {
            return Err(DataError::file(
                path,
                "is not there",
                "make or fetch it with vil_training.h5",
            ));
        }
        if !policy.admits(path)? {
            return Err(DataError::file(path, "is skipped", "set data.links = \"follow\""));
        }
    }
    let observed = Array::open(files.to_vec(), "IN", config)?;
    let followed = Array::open(files.to_vec(), "OUT", config)?;
    let counts = observed.files();
    if counts != followed.files() || counts.len() != files.len() || observed.size() != followed.size() {
        return Err(DataError::file(
            &files[0],
            format!("and {} do not hold an IN and an OUT for every sample", PROCESSED[1]),
            "make or fetch them again",
        ));
    }
    let (past, future) = (observed.length(), followed.length());
    for (field, asked, there) in [("past", config.past, past), ("future", config.future, future)] {
        if asked > there {
            let problem = format!("is {asked}, but `{}` holds {there} such frames", files[0].display());
            return Err(DataError::config(field, problem, format!("use {there} or less")));
        }
    }
    let (all, train) = (observed.events(), counts[0].1);
    // The newest of the observed frames, the first of those that followed.
    let starts = |samples: Range<usize>| -> Vec<usize> {
        samples
            .map(|sample| sample * (past + future) + past - config.past)
            .collect()
    };
    let kept = ((train as f64 * config.validation_share).round() as usize).clamp(1, train);
    let border = train - kept;
    let (train_to, description) = match config.protocol {
        Protocol::Own => (
            border.saturating_sub(APART.min(kept)),
            format!(
                "validation: the last {kept} samples of {}, of which {} before them train nothing; test: {}",
                PROCESSED[0],
                APART.min(kept),
                PROCESSED[1]
            ),
        ),
        Protocol::OpenStl => (train, format!("validation and test: {}", PROCESSED[1])),
    };
    Ok(Found {
        train: starts(0..train_to),
        validation: starts(border..train),
        test: starts(train..all),
        frames: EventFrames::new(vec![observed, followed], config)?,
        files: files.to_vec(),
        description,
    })
}

#[cfg(test)]
mod tests;
