//! Moving MNIST from the real digits, and what has been made like it.

mod sequences;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::cifar::{self, Batches};
use crate::config::at_least;
use crate::fingerprint::fingerprint;
use crate::idx::Images;
use crate::images::FrameSize;
use crate::moving::{Backgrounds, Bouncing, Glyphs, speed_noise};
use crate::noise::disturb;
use crate::random::Purpose;
use crate::resample::{Kernel, resample};
use crate::{ClipSource, DataConfig, DataError, Dataset, Noise, NoisySplits, Normalization, Protocol, Splits};

use sequences::Sequences;

const TRAIN_DIGITS: &str = "train-images-idx3-ubyte";
const TEST_DIGITS: &str = "t10k-images-idx3-ubyte";
const GENERATOR: &str = "moving-mnist 1";
/// Where CIFAR-10 unpacks to.
const BATCHES: &str = "cifar-10-batches-bin";

/// What distinguishes the datasets of this kind.
struct Variant {
    name: &'static str,
    /// The published test clips.
    test_sequences: &'static str,
    /// Whether digits move in front of images of CIFAR-10.
    coloured: bool,
}

const MNIST: Variant = Variant {
    name: "moving-mnist",
    test_sequences: "mnist_test_seq.npy",
    coloured: false,
};
const FASHION: Variant = Variant {
    name: "moving-fashion-mnist",
    test_sequences: "fmnist_test_seq.npy",
    coloured: false,
};
const DYNAMIC: Variant = Variant {
    name: "moving-mnist-dynamic",
    ..MNIST
};
const CIFAR: Variant = Variant {
    name: "moving-mnist-cifar",
    test_sequences: "mnist_cifar_test_seq.npy",
    coloured: true,
};

/// Two MNIST digits that bounce within a frame (Srivastava et al., ICML 2015).
pub const fn moving_mnist() -> Dataset {
    Dataset {
        name: MNIST.name,
        about: "two MNIST digits that bounce within a frame; 10,000 new training clips per epoch",
        source: "Srivastava et al., ICML 2015; digits: LeCun, Cortes, Burges, CC BY-SA 3.0",
        defaults: || defaults(&MNIST),
        frame: |config| Some([1, config.size, config.size]),
        open: |config| open(config, &MNIST),
    }
}

/// Two pieces of clothing of Fashion-MNIST that bounce within a frame.
pub const fn moving_fashion_mnist() -> Dataset {
    Dataset {
        name: FASHION.name,
        about: "two pieces of clothing that bounce within a frame; 10,000 new training clips per epoch",
        source: "as moving-mnist; images: Xiao, Rasul, Vollgraf, arXiv:1708.07747, MIT",
        defaults: || defaults(&FASHION),
        frame: |config| Some([1, config.size, config.size]),
        open: |config| open(config, &FASHION),
    }
}

/// Two MNIST digits whose speed varies from one observed frame to the next.
pub const fn moving_mnist_dynamic() -> Dataset {
    Dataset {
        name: DYNAMIC.name,
        about: "moving-mnist whose digits move at a speed that varies while they are observed",
        source: "as moving-mnist; noise as OpenSTL's NoisyMovingMNIST",
        defaults: || DataConfig {
            noise: Noise::Dynamic,
            noise_in: NoisySplits::All,
            ..defaults(&DYNAMIC)
        },
        frame: |config| Some([1, config.size, config.size]),
        open: |config| open(config, &DYNAMIC),
    }
}

/// Two white MNIST digits that bounce in front of a photograph.
pub const fn moving_mnist_cifar() -> Dataset {
    Dataset {
        name: CIFAR.name,
        about: "two white MNIST digits that bounce in front of an image of CIFAR-10",
        source: "as moving-mnist; images: Krizhevsky 2009, no licence stated",
        defaults: || defaults(&CIFAR),
        frame: |config| Some([3, config.size, config.size]),
        open: |config| open(config, &CIFAR),
    }
}

fn defaults(variant: &Variant) -> DataConfig {
    DataConfig {
        name: variant.name.to_owned(),
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
        resample(&image, cifar::SIZE, frame, size, Kernel::Cubic);
        // The published clips were resampled as bytes.
        frame
            .iter_mut()
            .for_each(|value| *value = (*value * 255.0).round().clamp(0.0, 255.0) / 255.0);
    }
}

/// What is moved and what lies behind it, in train, validation and test.
struct Material {
    digits: [Digits; 3],
    backgrounds: [Option<Arc<dyn Backgrounds>>; 3],
    files: Vec<PathBuf>,
    /// Which digits validate and test.
    held_out: String,
}

fn open(config: &DataConfig, variant: &Variant) -> Result<Splits, DataError> {
    at_least("digits", config.digits, 1)?;
    let clip = config.clip(if variant.coloured { 3 } else { 1 }, config.size, config.size)?;
    let default = Path::new("datasets").join(variant.name);
    let folder = config.path.as_deref().unwrap_or(&default);
    // The published clips move evenly; disturbed ones are made here.
    let published = match speed_noise(config, Purpose::Test) > 0.0 {
        true => None,
        false => find(folder, variant.test_sequences),
    };
    let Material {
        digits: [train, validation, test],
        backgrounds: [behind_train, behind_validation, behind_test],
        mut files,
        held_out,
    } = material(folder, config, variant, published.is_some())?;
    let bouncing = |field, clips, purpose, digits, background| {
        at_least(field, clips, 1)?;
        Ok::<_, DataError>(Arc::new(Bouncing {
            glyphs: Arc::new(digits),
            digits: config.digits,
            clips,
            shape: clip,
            seed: config.seed,
            purpose,
            speed_noise: speed_noise(config, purpose),
            background,
        }))
    };
    let (test, test_name): (Arc<dyn ClipSource>, _) = match published {
        Some(path) => {
            let test = Sequences::open(&path, config, clip)?;
            files.push(path);
            (Arc::new(test), variant.test_sequences.to_owned())
        }
        None => (
            bouncing("test_clips", config.test_clips, Purpose::Test, test, behind_test)?,
            format!("the second half of {held_out} (made here, not the published test file)"),
        ),
    };
    let own = bouncing(
        "validation_clips",
        config.validation_clips,
        Purpose::Validation,
        validation,
        behind_validation,
    )?;
    let (validation, validation_name): (Arc<dyn ClipSource>, _) = match config.protocol {
        Protocol::Own => (own, format!("the first half of {held_out}")),
        Protocol::OpenStl => (Arc::clone(&test), "the test clips".to_owned()),
    };
    let splits = Splits {
        train: bouncing("train_clips", config.train_clips, Purpose::Train, train, behind_train)?,
        validation,
        test,
        normalization: Normalization::identity(),
        clip,
        fingerprint: fingerprint(config, GENERATOR, &files)?,
        description: format!("validation: {validation_name}; test: {test_name}"),
    };
    disturb(splits, config, true)
}

/// Finds the digits and shares them out.
fn material(folder: &Path, config: &DataConfig, variant: &Variant, published: bool) -> Result<Material, DataError> {
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
    let backgrounds = match variant.coloured {
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

#[cfg(test)]
mod tests;
