//! Moving MNIST from the real digits.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foreframe_core::ClipShape;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::config::at_least;
use crate::fingerprint::fingerprint;
use crate::idx::Images;
use crate::moving::{Bouncing, Glyphs};
use crate::npy::Mapped;
use crate::random::Purpose;
use crate::{ClipSource, DataConfig, DataError, Dataset, Normalization, Splits};

const FOLDER: &str = "datasets/moving-mnist";
const TRAIN_DIGITS: &str = "train-images-idx3-ubyte";
const TEST_DIGITS: &str = "t10k-images-idx3-ubyte";
const TEST_SEQUENCES: &str = "mnist_test_seq.npy";
const GENERATOR: &str = "moving-mnist 1";

/// Two MNIST digits that bounce within a frame (Srivastava et al., ICML 2015).
pub const fn moving_mnist() -> Dataset {
    Dataset {
        name: "moving-mnist",
        about: "two MNIST digits that bounce within a frame; 10,000 new training clips per epoch",
        source: "Srivastava et al., ICML 2015; digits: LeCun, Cortes, Burges, CC BY-SA 3.0",
        defaults,
        frame: |config| Some([1, config.size, config.size]),
        open,
    }
}

fn defaults() -> DataConfig {
    DataConfig {
        name: moving_mnist().name.to_owned(),
        size: 64,
        train_clips: 10_000,
        validation_clips: 1_000,
        test_clips: 10_000,
        ..DataConfig::default()
    }
}

/// A share of the digits in a file.
struct Digits {
    images: Arc<Images>,
    share: Range<usize>,
}

impl Glyphs for Digits {
    fn side(&self) -> usize {
        self.images.height
    }

    fn draw(&self, rng: &mut ChaCha8Rng, digit: &mut [f32]) {
        let number = rng.random_range(self.share.clone());
        let pixels = &self.images.pixels[number * digit.len()..][..digit.len()];
        digit
            .iter_mut()
            .zip(pixels)
            .for_each(|(value, pixel)| *value = f32::from(*pixel) / 255.0);
    }
}

fn open(config: &DataConfig) -> Result<Splits, DataError> {
    at_least("digits", config.digits, 1)?;
    let clip = config.clip(1, config.size, config.size)?;
    let folder = config.path.as_deref().unwrap_or(Path::new(FOLDER));
    let train_path = find(folder, TRAIN_DIGITS).ok_or_else(|| {
        DataError::file(
            folder,
            format!("holds no {TRAIN_DIGITS}(.gz)"),
            "run `foreframe data get moving-mnist`, or name the folder that holds it (data.path, --data-path)",
        )
    })?;
    let train = read_digits(&train_path, config)?;
    let mut files = vec![train_path];
    let (trained, held_out, held_out_name) = match find(folder, TEST_DIGITS) {
        Some(path) => {
            let digits = read_digits(&path, config)?;
            same_side(&path, &digits, &train)?;
            files.push(path);
            let all = 0..digits.count;
            (
                0..train.count,
                Digits {
                    images: digits,
                    share: all,
                },
                format!("the digits of {TEST_DIGITS}"),
            )
        }
        None => {
            // A sixth, as many as MNIST itself keeps for its test.
            let kept = train.count - (train.count / 6).max(2).min(train.count);
            let share = kept..train.count;
            let name = format!("the last {} digits of {TRAIN_DIGITS}, which train nothing", share.len());
            (
                0..kept,
                Digits {
                    images: Arc::clone(&train),
                    share,
                },
                name,
            )
        }
    };
    if trained.is_empty() || held_out.share.len() < 2 {
        return Err(DataError::file(
            &files[files.len() - 1],
            "holds too few digits for three splits",
            "use the files of MNIST",
        ));
    }
    let bouncing = |field, clips, purpose, digits| {
        at_least(field, clips, 1)?;
        Ok::<_, DataError>(Arc::new(Bouncing {
            glyphs: Arc::new(digits),
            digits: config.digits,
            clips,
            shape: clip,
            seed: config.seed,
            purpose,
        }))
    };
    let middle = (held_out.share.start + held_out.share.end) / 2;
    let validation = Digits {
        images: Arc::clone(&held_out.images),
        share: held_out.share.start..middle,
    };
    let (test, test_name): (Arc<dyn ClipSource>, _) = match find(folder, TEST_SEQUENCES) {
        Some(path) => {
            let test = Sequences::open(&path, config, clip)?;
            files.push(path);
            (Arc::new(test), TEST_SEQUENCES.to_owned())
        }
        None => {
            let digits = Digits {
                share: middle..held_out.share.end,
                images: held_out.images,
            };
            let test = bouncing("test_clips", config.test_clips, Purpose::Test, digits)?;
            (
                test,
                format!("the second half of {held_out_name} (made here, not the published test file)"),
            )
        }
    };
    let description = format!("validation: the first half of {held_out_name}; test: {test_name}");
    let train = Digits {
        images: train,
        share: trained,
    };
    Ok(Splits {
        train: bouncing("train_clips", config.train_clips, Purpose::Train, train)?,
        validation: bouncing(
            "validation_clips",
            config.validation_clips,
            Purpose::Validation,
            validation,
        )?,
        test,
        normalization: Normalization::identity(),
        clip,
        fingerprint: fingerprint(config, GENERATOR, &files)?,
        description,
    })
}

/// The file of that name in `folder`, packed or not.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    [name.to_owned(), format!("{name}.gz")]
        .into_iter()
        .map(|name| folder.join(name))
        .find(|path| path.exists())
}

fn read_digits(path: &Path, config: &DataConfig) -> Result<Arc<Images>, DataError> {
    let images = Images::read(path)?;
    if images.height != images.width {
        return Err(DataError::file(
            path,
            format!(
                "holds images of {}x{}, which are not square",
                images.height, images.width
            ),
            "use the files of MNIST",
        ));
    }
    at_least("size", config.size, images.height)?;
    Ok(Arc::new(images))
}

fn same_side(path: &Path, digits: &Images, train: &Images) -> Result<(), DataError> {
    if digits.height == train.height {
        return Ok(());
    }
    let problem = format!(
        "holds digits of {0}x{0}, those that train are {1}x{1}",
        digits.height, train.height
    );
    Err(DataError::file(path, problem, "use files of one data set"))
}

/// The published test set, `[20, 10000, 64, 64]` bytes: time comes first.
struct Sequences {
    file: Mapped,
    shape: ClipShape,
    clips: usize,
}

impl Sequences {
    fn open(path: &Path, config: &DataConfig, shape: ClipShape) -> Result<Self, DataError> {
        let file = Mapped::open(path)?;
        let &[time, clips, height, width] = file.shape() else {
            return Err(DataError::file(
                path,
                format!("has shape {:?}, not [20, 10000, 64, 64]", file.shape()),
                "run `foreframe data get moving-mnist`, or move it away to test on clips made here",
            ));
        };
        if !file.value_type().is_byte() || clips == 0 {
            return Err(DataError::file(
                path,
                format!(
                    "holds {clips} clips of values of type {}, not of bytes",
                    file.value_type()
                ),
                "fetch the published file, or move it away to test on clips made here",
            ));
        }
        if shape.frames() > time || [shape.height, shape.width] != [height, width] {
            return Err(DataError::file(
                path,
                format!("holds clips of {time} frames of {height}x{width}, but the configuration asks for {shape}"),
                "change data.past, data.future or data.size, or move the file away to test on clips made here",
            ));
        }
        at_least("test_clips", config.test_clips, 1)?;
        let clips = clips.min(config.test_clips);
        Ok(Self { file, shape, clips })
    }
}

impl ClipSource for Sequences {
    fn shape(&self) -> ClipShape {
        self.shape
    }

    fn len(&self) -> usize {
        self.clips
    }

    fn read(&self, _: u64, index: usize, frames: &mut [f32]) -> Result<(), DataError> {
        assert!(index < self.clips, "clip {index} of {}", self.clips);
        assert_eq!(frames.len(), self.shape.clip_len(), "room for one clip");
        let len = self.shape.frame_len();
        for (time, frame) in frames.chunks_exact_mut(len).enumerate() {
            self.file.read((time * self.file.shape()[1] + index) * len, frame);
        }
        frames.iter_mut().for_each(|value| *value /= 255.0);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
