//! How fast the loader is.

use std::path::Path;
use std::time::{Duration, Instant};

use foreframe_data::{DataConfig, DataError, Dataset, Loader, LoaderConfig, Scaling, SplitBy};
use foreframe_formats::npy::write_array;

use super::Feeding;
use crate::error::BenchError;
use crate::statistics::median;

/// Clips, frames of each, rows and columns: as Moving MNIST, 82 MB of f32.
const SHAPE: [usize; 5] = [250, 20, 1, 64, 64];
/// A round lasts at least so long; it ends with an epoch.
const ROUND: Duration = Duration::from_secs(1);

/// Reads clips of 64x64 from a mapped array and draws moving digits, in turn.
pub(super) fn measure(batch: usize, rounds: usize) -> Result<Vec<Feeding>, BenchError> {
    let folder = tempfile::tempdir().map_err(|cause| BenchError::File {
        path: std::env::temp_dir(),
        cause,
    })?;
    let path = folder.path().join("clips.npy");
    let values: Vec<f32> = (0..SHAPE.iter().product())
        .map(|value: usize| (value % 251) as f32 / 250.0)
        .collect();
    write_array(&path, &SHAPE, &values)?;
    drop(values);
    let loaders = [
        (
            "mapped `.npy` of f32",
            loader(foreframe_datasets::files(), mapped(&path), batch)?,
        ),
        (
            "moving digits, drawn",
            loader(foreframe_datasets::moving_digits(), drawn(), batch)?,
        ),
    ];
    let mut rates = [const { Vec::new() }; 2];
    for round in 0..=rounds {
        for ((_, loader), rates) in loaders.iter().zip(&mut rates) {
            let rate = clips_per_second(loader, round as u64)?;
            // The first round brings the file into memory.
            if round > 0 {
                rates.push(rate);
            }
        }
    }
    let feeding = |((source, _), rates): (&(&'static str, Loader), &Vec<f64>)| {
        let clips_per_second = median(rates);
        Feeding {
            source,
            clips_per_second,
            frames_per_second: clips_per_second * SHAPE[1] as f64,
        }
    };
    Ok(loaders.iter().zip(&rates).map(feeding).collect())
}

fn mapped(path: &Path) -> DataConfig {
    DataConfig {
        path: Some(path.to_owned()),
        split: SplitBy::Clip,
        normalize: Scaling::MinMax,
        ..(foreframe_datasets::files().defaults)()
    }
}

fn drawn() -> DataConfig {
    DataConfig {
        size: SHAPE[3],
        ..(foreframe_datasets::moving_digits().defaults)()
    }
}

fn loader(dataset: Dataset, config: DataConfig, batch: usize) -> Result<Loader, DataError> {
    let splits = (dataset.open)(&config)?;
    let config = LoaderConfig {
        batch,
        seed: 0,
        shuffle: true,
        drop_last: true,
    };
    Loader::new(splits.train, config)
}

/// Takes batches as fast as they come.
fn clips_per_second(loader: &Loader, round: u64) -> Result<f64, DataError> {
    let start = Instant::now();
    let mut clips = 0;
    let mut epoch = round << 32;
    while start.elapsed() < ROUND {
        for batch in loader.epoch(epoch, 0) {
            clips += batch?.clips;
        }
        epoch += 1;
    }
    Ok(clips as f64 / start.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sources_yield_clips_of_one_size() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clips.npy");
        let shape = [10, 20, 1, 64, 64];
        write_array(&path, &shape, &vec![0.5; shape.iter().product()]).unwrap();
        let configs = [
            (foreframe_datasets::files(), mapped(&path)),
            (foreframe_datasets::moving_digits(), drawn()),
        ];
        for (dataset, config) in configs {
            let batch = loader(dataset, config, 4).unwrap().epoch(0, 0).next().unwrap().unwrap();
            assert_eq!((batch.clips, batch.values.len()), (4, 4 * 20 * 64 * 64));
        }
    }
}
