//! Moving MNIST from the real digits, and what has been made like it.

mod material;
mod sequences;

use std::path::Path;
use std::sync::Arc;

use crate::moving::{Bouncing, speed_noise};
use foreframe_data::at_least;
use foreframe_data::fingerprint::fingerprint;
use foreframe_data::noise::disturb;
use foreframe_data::random::Purpose;
use foreframe_data::{
    ClipSource, DataConfig, DataError, Dataset, Noise, NoisySplits, Normalization, Protocol, Splits, whole_frames,
};

use material::{Material, find, material};
use sequences::Sequences;

const TRAIN_DIGITS: &str = "train-images-idx3-ubyte";
const TEST_DIGITS: &str = "t10k-images-idx3-ubyte";
const GENERATOR: &str = "moving-mnist 1";
/// Where CIFAR-10 unpacks to.
const BATCHES: &str = "cifar-10-batches-bin";

/// The differences between the datasets of this kind.
struct Variant {
    name: &'static str,
    /// The published test clips.
    test_sequences: &'static str,
    /// Whether digits move in front of images of CIFAR-10.
    colored: bool,
}

const MNIST: Variant = Variant {
    name: "moving-mnist",
    test_sequences: "mnist_test_seq.npy",
    colored: false,
};
const FASHION: Variant = Variant {
    name: "moving-fashion-mnist",
    test_sequences: "fmnist_test_seq.npy",
    colored: false,
};
const DYNAMIC: Variant = Variant {
    name: "moving-mnist-dynamic",
    ..MNIST
};
const CIFAR: Variant = Variant {
    name: "moving-mnist-cifar",
    test_sequences: "mnist_cifar_test_seq.npy",
    colored: true,
};

const KEYS: [&str; 7] = [
    "path",
    "digits",
    "size",
    "train_clips",
    "validation_clips",
    "test_clips",
    "noise_speed",
];

/// Two MNIST digits that bounce within a frame (Srivastava et al., ICML 2015).
pub const fn moving_mnist() -> Dataset {
    Dataset {
        name: MNIST.name,
        about: "two MNIST digits that bounce within a frame; 10,000 new training clips per epoch",
        source: "Srivastava et al., ICML 2015; digits: LeCun, Cortes, Burges, CC BY-SA 3.0",
        defaults: || defaults(&MNIST),
        keys: &KEYS,
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
        keys: &KEYS,
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
        keys: &KEYS,
        frame: |config| Some([1, config.size, config.size]),
        open: |config| open(config, &DYNAMIC),
    }
}

/// Two white MNIST digits that bounce in front of a photograph.
pub const fn moving_mnist_cifar() -> Dataset {
    Dataset {
        name: CIFAR.name,
        about: "two white MNIST digits that bounce in front of an image of CIFAR-10",
        source: "as moving-mnist; images: Krizhevsky 2009, no license stated",
        defaults: || defaults(&CIFAR),
        keys: &KEYS,
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

fn open(config: &DataConfig, variant: &Variant) -> Result<Splits, DataError> {
    whole_frames(config)?;
    at_least("digits", config.digits, 1)?;
    let clip = config.clip(if variant.colored { 3 } else { 1 }, config.size, config.size)?;
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
            smooth: false,
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
        input: None,
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

#[cfg(test)]
mod tests;
