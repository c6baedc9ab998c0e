//! The digits and backgrounds that clips are made of, shared out among the splits.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::{BATCHES, TEST_DIGITS, TRAIN_DIGITS, Variant};
use crate::cifar::{self, Batches};
use crate::moving::{Backgrounds, Glyphs};
use foreframe_data::at_least;
use foreframe_data::resample::{ResampleKernel, resample};
use foreframe_data::{DataConfig, DataError, Protocol};
use foreframe_formats::FrameSize;
use foreframe_formats::idx::Images;

/// A share of the digits in a file.
pub(super) struct Digits {
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

/// Backgrounds out of a share of the images.
struct Photographs {
    images: Arc<Batches>,
    share: Range<usize>,
    side: usize,
}

impl Backgrounds for Photographs {
    fn draw(&self, rng: &mut ChaCha8Rng, frame: &mut [f32]) {
        let image = self.images.image(rng.random_range(self.share.clone()));
        let size = FrameSize {
            height: self.side,
            width: self.side,
            ..cifar::SIZE
        };
        resample(&image, cifar::SIZE, frame, size, ResampleKernel::Cubic);
        // The published clips were resampled as bytes.
        frame
            .iter_mut()
            .for_each(|value| *value = (*value * 255.0).round().clamp(0.0, 255.0) / 255.0);
    }
}

/// Foreground and background images, in train, validation and test.
pub(super) struct Material {
    pub(super) digits: [Digits; 3],
    pub(super) backgrounds: [Option<Arc<dyn Backgrounds>>; 3],
    pub(super) files: Vec<PathBuf>,
    /// Which digits validate and test.
    pub(super) held_out: String,
}

/// Finds the digits and shares them out.
pub(super) fn material(
    folder: &Path,
    config: &DataConfig,
    variant: &Variant,
    published: bool,
) -> Result<Material, DataError> {
    let get = format!(
        "run `foreframe data get {}`, or name the folder that holds it (data.path, --data-path)",
        variant.name
    );
    let train_path = find(folder, TRAIN_DIGITS)
        .ok_or_else(|| DataError::file(folder, format!("holds no {TRAIN_DIGITS}(.gz)"), get))?;
    let train = read_digits(&train_path, config)?;
    let mut files = vec![train_path];
    let all = 0..train.count;
    let (mut trained, held_out, name) = match find(folder, TEST_DIGITS) {
        Some(path) => {
            let digits = read_digits(&path, config)?;
            same_side(&path, &digits, &train)?;
            files.push(path);
            let share = 0..digits.count;
            let held_out = Digits { images: digits, share };
            (all.clone(), held_out, format!("the digits of {TEST_DIGITS}"))
        }
        None => {
            let kept = sixth(train.count);
            let share = kept..train.count;
            let name = format!("the last {} digits of {TRAIN_DIGITS}, which train nothing", share.len());
            let images = Arc::clone(&train);
            (0..kept, Digits { images, share }, name)
        }
    };
    if trained.is_empty() || held_out.share.len() < 2 {
        return Err(DataError::file(
            &files[files.len() - 1],
            "holds too few digits for three splits",
            "use the published files",
        ));
    }
    if config.protocol == Protocol::OpenStl && published {
        // Nothing needs to be kept for clips that are not made.
        trained = all;
    }
    let [validating, testing] = halves(&held_out.share);
    let of_held_out = |share| Digits {
        images: Arc::clone(&held_out.images),
        share,
    };
    let digits = [
        Digits {
            images: train,
            share: trained,
        },
        of_held_out(validating),
        of_held_out(testing),
    ];
    let backgrounds = match variant.colored {
        true => photographs(folder, config, &mut files)?.map(|photographs| Some(photographs as Arc<dyn Backgrounds>)),
        false => [None, None, None],
    };
    Ok(Material {
        digits,
        backgrounds,
        files,
        held_out: name,
    })
}

/// The images of CIFAR-10 in the folder, shared out as the digits are: its test batch, or the last sixth, is kept.
fn photographs(
    folder: &Path,
    config: &DataConfig,
    files: &mut Vec<PathBuf>,
) -> Result<[Arc<Photographs>; 3], DataError> {
    let place = |name: &str| {
        let below = folder.join(BATCHES).join(name);
        Some(if below.exists() { below } else { folder.join(name) }).filter(|path| path.exists())
    };
    let mut paths: Vec<PathBuf> = (1..=5)
        .filter_map(|number| place(&format!("data_batch_{number}.bin")))
        .collect();
    if paths.is_empty() {
        return Err(DataError::file(
            folder,
            format!("holds no {BATCHES}/data_batch_1.bin"),
            "run `foreframe data get moving-mnist-cifar` and unpack cifar-10-binary.tar.gz there with tar",
        ));
    }
    let trained = Batches::open(&paths)?.len();
    paths.extend(place("test_batch.bin"));
    let images = Arc::new(Batches::open(&paths)?);
    let all = images.len();
    let kept = if all > trained { trained } else { sixth(all) };
    if kept == 0 || all - kept < 2 {
        return Err(DataError::file(
            &paths[0],
            "holds too few images for three splits",
            "use the published files",
        ));
    }
    files.extend(paths);
    let [validating, testing] = halves(&(kept..all));
    // The published clips have backgrounds out of all images, those for the test among them.
    let training = if config.protocol == Protocol::OpenStl {
        0..all
    } else {
        0..kept
    };
    Ok([training, validating, testing].map(|share| {
        Arc::new(Photographs {
            images: Arc::clone(&images),
            share,
            side: config.size,
        })
    }))
}

/// Where the last sixth begins, as much as MNIST itself keeps for its test, and two at least.
fn sixth(count: usize) -> usize {
    count - (count / 6).max(2).min(count)
}

fn halves(share: &Range<usize>) -> [Range<usize>; 2] {
    let middle = (share.start + share.end) / 2;
    [share.start..middle, middle..share.end]
}

/// The file of that name in `folder`, packed or not.
pub(super) fn find(folder: &Path, name: &str) -> Option<PathBuf> {
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
