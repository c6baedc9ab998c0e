//! The readers of arrays, images, fields and datasets.

use std::fs;
use std::path::Path;

use foreframe_data::{DataConfig, Dataset, Protocol, files};
use foreframe_datasets::download::{self, Manifest};
use foreframe_formats::samples::{self as whole, checksums, fields};
use foreframe_formats::{images, npy, npz};

use crate::parser::{Parser, written};
use crate::samples;

/// One for each kind of file.
pub(crate) const PARSERS: [Parser; 14] = [
    Parser::new("npy", whole::arrays, read_npy, 1000),
    Parser::new("npz", whole::archives, read_npz, 300),
    Parser::new("manifest", samples::manifests, read_manifest, 200),
    Parser::new("idx", whole::digits, read_idx, 200),
    Parser::new("hdf5", || vec![fields::plain()], read_field, 500),
    Parser::new("netcdf", || vec![fields::netcdf(&[0, 1, 2, 4])], read_field, 500),
    Parser::new("knmi", || vec![fields::knmi(5)], read_field, 400),
    Parser::new(
        "odim",
        || vec![fields::odim("COMP", "DBZH"), fields::odim("IMAGE", "RATE")],
        read_field,
        400,
    ),
    Parser::new("image", whole::stills, read_image, 3000),
    Parser::new("gif", whole::animations, read_gif, 600),
    Parser::new("cikm", samples::radar_text, read_cikm, 8),
    Parser::new("human", samples::lists, read_human, 300),
    Parser::new("data-config", samples::configurations, read_config, 300),
    Parser::new(
        "dataset-manifest",
        samples::dataset_manifests,
        read_dataset_manifest,
        200,
    ),
];

fn words(error: impl std::error::Error) -> String {
    error.to_string()
}

/// The same steps as `data show`.
fn inspected(config: &DataConfig) -> Result<(), String> {
    files::inspect(config, 8, 2).map(drop).map_err(words)
}

/// Opens a dataset and reads the first clip of every split.
fn opened(dataset: Dataset, config: &DataConfig) -> Result<(), String> {
    let splits = (dataset.open)(config).map_err(words)?;
    let mut frames = vec![0.0; splits.clip.clip_len()];
    let sources = [&splits.train, &splits.validation, &splits.test];
    // A share may have become 0.
    for source in sources.into_iter().filter(|source| !source.is_empty()) {
        source.read(0, 0, &mut frames).map_err(words)?;
    }
    Ok(())
}

/// The shortest clips, and what is missing is 0.
fn short(path: &Path) -> DataConfig {
    DataConfig {
        path: Some(path.to_owned()),
        past: 1,
        future: 1,
        missing: Some(foreframe_data::Missing::Become(0.0)),
        ..DataConfig::default()
    }
}

fn read_npy(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let path = written(folder, "a.npy", bytes);
    // An array that is no data set may be an array nonetheless.
    let whole = npy::read_array(&path).map(drop).map_err(words);
    inspected(&short(&path)).and(whole)
}

fn read_npz(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let path = written(folder, "a.npz", bytes);
    let unpacked = folder.join("a.npz.unpacked");
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked).unwrap();
    }
    for name in npz::names(&path).map_err(words)? {
        let array = npz::array(&path, &name).map_err(words)?;
        let mut values = vec![0.0; array.len().min(1000)];
        array.read(0, &mut values);
    }
    Ok(())
}

fn read_manifest(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let path = written(folder, "a.npy", &whole::floats());
    written(folder, "a.npy.json", bytes);
    files::verify(&path).map_err(words)?;
    inspected(&short(&path))
}

fn read_idx(bytes: &[u8], folder: &Path) -> Result<(), String> {
    written(folder, "train-images-idx3-ubyte", bytes);
    let config = DataConfig {
        size: 16,
        train_clips: 2,
        validation_clips: 2,
        test_clips: 2,
        ..short(folder)
    };
    opened(foreframe_datasets::moving_mnist(), &config)
}

fn read_field(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let repaired = checksums::repaired(bytes);
    if repaired != bytes {
        // Behind a wrong checksum lies code that is never run.
        let _ = read_field_as_is(&repaired, folder);
    }
    read_field_as_is(bytes, folder)
}

fn read_field_as_is(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let path = written(folder, "a.h5", bytes);
    let by_name = |name: &str| DataConfig {
        variable: Some(name.to_owned()),
        ..short(&path)
    };
    let outcomes = [None, Some("frames"), Some("t2m")].map(|name| match name {
        None => inspected(&short(&path)),
        Some(name) => inspected(&by_name(name)),
    });
    // Of the three ways at least one is right for a file that is whole.
    let outcome = outcomes.iter().find(|outcome| outcome.is_ok());
    outcome.unwrap_or(&outcomes[0]).clone()
}

fn read_image(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let folder = folder.join("frames");
    fs::create_dir_all(&folder).unwrap();
    written(&folder, "a.png", bytes);
    images::read_frames(&folder).map_err(words)?;
    inspected(&short(&folder))
}

fn read_gif(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let path = written(folder, "a.gif", bytes);
    images::read_frames(&path).map_err(words)?;
    inspected(&short(&path))
}

fn read_cikm(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let path = written(folder, "train.txt", bytes);
    let unpacked = folder.join("train.txt.unpacked");
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked).unwrap();
    }
    let config = DataConfig {
        test_clips: 1,
        protocol: Protocol::OpenStl,
        resize: Some([8, 8]),
        ..short(&path)
    };
    opened(foreframe_datasets::cikm2017(), &config)
}

fn read_human(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let images = folder.join("images");
    if !images.exists() {
        fs::create_dir(&images).unwrap();
        for (subject, number) in (1..=9).flat_map(|subject| (1..=4).map(move |number| (subject, number))) {
            let path = images.join(format!("S{subject}_a_{number:06}.jpg"));
            image::RgbImage::new(4, 4).save(path).unwrap();
        }
        written(folder, "test.txt", b"images/S9_a_,1,9\n");
    }
    written(folder, "train.txt", bytes);
    let config = DataConfig {
        resize: Some([4, 4]),
        ..short(folder)
    };
    opened(foreframe_datasets::human(), &config)
}

fn read_config(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let config: DataConfig = toml::from_str(&text).map_err(|error| format!("`{folder:?}`: {error}"))?;
    let config = DataConfig {
        path: Some(written(folder, "a.npy", &whole::floats())),
        ..config
    };
    opened(foreframe_datasets::files(), &config)
}

fn read_dataset_manifest(bytes: &[u8], folder: &Path) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    let manifest = Manifest::parse(&text).map_err(|error| format!("`{folder:?}`: {error}"))?;
    for file in &manifest.files {
        download::state(file, folder).map_err(words)?;
    }
    Ok(())
}
