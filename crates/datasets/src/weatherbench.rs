//! WeatherBench: hourly fields of the ERA5 reanalysis.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::location::placed;
use crate::numbered::{ArrayFrames, FrameSource, Joined, Numbered, not_empty};
use foreframe_data::channels::{Channels, Chosen, Selection, numbered as numbers, read_fixed};
use foreframe_data::files::Channel;
use foreframe_data::fingerprint::fingerprint;
use foreframe_data::noise::disturb;
use foreframe_data::{ClipSource, DataConfig, DataError, Dataset, Normalization, Protocol, Splits};
use foreframe_formats::FrameSize;
use foreframe_formats::names::listing;
use foreframe_formats::npy::Mapped;

const TRAIN: RangeInclusive<usize> = 2010..=2015;
const VALIDATION: RangeInclusive<usize> = 2016..=2016;
const TEST: RangeInclusive<usize> = 2017..=2018;
/// 2010-01-01T00:00:00Z in seconds since 1970.
const BEGINNING: i64 = 1_262_304_000;
const HOUR: i64 = 3600;

/// Hourly 2 m temperature on a grid of 5.625 degrees (Rasp et al., JAMES 2020).
pub const fn weatherbench() -> Dataset {
    Dataset {
        name: "weatherbench",
        about: "hourly fields of ERA5, e.g. 2 m temperature, 12 -> 12; .npy files of the years 2010 to 2018",
        source: "Rasp et al., JAMES 2020, MIT; data: Copernicus Climate Change Service, Licence to use Copernicus Products",
        defaults,
        keys: &[
            "path",
            "variables",
            "channels",
            "targets",
            "static",
            "time_encodings",
            "missing",
        ],
        frame: |_| None,
        open,
    }
}

fn defaults() -> DataConfig {
    DataConfig {
        name: weatherbench().name.to_owned(),
        past: 12,
        future: 12,
        ..DataConfig::default()
    }
}

/// Hours of a year.
fn hours(year: usize) -> usize {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    24 * (365 + usize::from(is_leap))
}

fn hours_of(years: RangeInclusive<usize>) -> usize {
    years.map(hours).sum()
}

/// The first hours of all clips of `length` hours in a split of `hours` hours that begins at `start`. As published, the
/// last hour is dropped, and a clip may not end with the one before it.
fn starts(start: usize, hours: usize, length: usize) -> std::ops::Range<usize> {
    start..start + hours.saturating_sub(length + 1)
}

/// All hours that are there.
struct Series {
    frames: Arc<dyn FrameSource>,
    size: FrameSize,
    /// Where 2010 begins.
    start: usize,
    files: Vec<PathBuf>,
}

fn open(config: &DataConfig) -> Result<Splits, DataError> {
    refuse_variables(config)?;
    let path = &placed(config)?;
    let Series {
        frames,
        size,
        start,
        mut files,
    } = if path.is_dir() { years(path)? } else { whole(path)? };
    let clip = config.clip(size.channels, size.height, size.width)?;
    let split = |years: RangeInclusive<usize>| {
        let first = start + hours_of(*TRAIN.start()..=*years.start() - 1);
        (first, hours_of(years))
    };
    // The hour that is dropped does not count in the statistics either.
    let measured = |years| {
        let (first, hours) = split(years);
        statistics(&frames, size, first..first + hours - 1)
    };
    let normalization = measured(TRAIN)?;
    let clips = |years, normalization: &Normalization| {
        let (first, hours) = split(years);
        Arc::new(Numbered {
            frames: Arc::clone(&frames),
            starts: starts(first, hours, clip.frames()).collect(),
            step: 1,
            shape: clip,
            normalization: normalization.clone(),
            clock: Some((BEGINNING - start as i64 * HOUR, HOUR)),
        })
    };
    let train = clips(TRAIN, &normalization);
    let (validation, test, description) = match config.protocol {
        Protocol::Own => (
            clips(VALIDATION, &normalization),
            clips(TEST, &normalization),
            "train: 2010 to 2015, validation: 2016, test: 2017 and 2018, all normalized by train",
        ),
        Protocol::OpenStl => {
            let test = clips(TEST, &measured(TEST)?);
            (
                Arc::clone(&test),
                test,
                "train: 2010 to 2015, validation and test: 2017 and 2018, each normalized by itself but denormalized by train",
            )
        }
    };
    for (split, clips) in [("train", &train), ("validation", &validation), ("test", &test)] {
        not_empty(path, split, clips.starts.len())?;
    }
    let whole = Splits {
        input: None,
        train,
        validation,
        test,
        normalization,
        clip,
        fingerprint: Default::default(),
        description: description.to_owned(),
    };
    let selection = Selection::of(config, &numbers(size.channels))?;
    let (fixed, fixed_files) = read_fixed(config, None, None, |path, found, values| {
        on_the_grid(size, path, found, values)
    })?;
    files.extend(fixed_files);
    let splits = Splits {
        fingerprint: fingerprint(config, "weatherbench 1", &files)?,
        ..chosen(whole, &selection)
    };
    let splits = disturb(splits, config, false)?;
    if !Channels::are_asked_for(config) {
        return Ok(splits);
    }
    let normalization = splits.normalization.clone();
    let (channels, normalization) = Channels::new(&selection, &fixed, Some(HOUR), config, normalization);
    let splits = Splits {
        normalization,
        ..splits
    };
    Ok(channels.complete_clips(splits))
}

/// Arrays do not say what their variables are called.
fn refuse_variables(config: &DataConfig) -> Result<(), DataError> {
    match config.variables.is_empty() {
        true => Ok(()),
        false => Err(DataError::config(
            "variables",
            format!("is set, but the arrays of `{}` have no names", config.name),
            "choose by number, e.g. data.channels = [0, 2]",
        )),
    }
}

/// Clips of the selected channels.
fn chosen(whole: Splits, selection: &Selection) -> Splits {
    if selection.chosen.iter().copied().eq(0..selection.of_frame) {
        return whole;
    }
    let of = |clips: Arc<dyn ClipSource>| -> Arc<dyn ClipSource> { Arc::new(Chosen::new(clips, selection.clone())) };
    let train = of(whole.train);
    Splits {
        clip: train.shape(),
        train,
        validation: of(whole.validation),
        test: of(whole.test),
        normalization: selection.of_normalization(&whole.normalization),
        ..whole
    }
}

/// Refuses a static field of another grid.
fn on_the_grid(grid: FrameSize, path: &Path, found: FrameSize, values: Vec<f32>) -> Result<Vec<f32>, DataError> {
    if (found.height, found.width) == (grid.height, grid.width) {
        return Ok(values);
    }
    Err(DataError::file(
        path,
        format!(
            "is {}x{}, but frames are {}x{}",
            found.height, found.width, grid.height, grid.width
        ),
        "bring the static field to the size of the frames",
    ))
}

/// Mean and standard deviation of every channel over time and space.
fn statistics(
    frames: &Arc<dyn FrameSource>,
    size: FrameSize,
    numbers: std::ops::Range<usize>,
) -> Result<Normalization, DataError> {
    let mut channels = vec![Channel::EMPTY; size.channels];
    let mut values = vec![0.0; size.values()];
    for number in numbers {
        frames.read(number, &mut values)?;
        for (channel, plane) in channels.iter_mut().zip(values.chunks_exact(size.height * size.width)) {
            channel.add(plane);
        }
    }
    let moments = channels.iter().map(Channel::moments);
    let (mean, std) = moments
        .map(|[mean, std]| (mean, if std > 0.0 { std } else { 1.0 }))
        .unzip();
    Ok(Normalization { mean, std })
}

/// One array of all hours up to the end of 2018.
fn whole(path: &Path) -> Result<Series, DataError> {
    let (found, size) = array(path)?;
    let needed = hours_of(*TRAIN.start()..=*TEST.end());
    let Some(start) = found.len().checked_sub(needed) else {
        return Err(DataError::file(
            path,
            format!("holds {} hours, but 2010 to 2018 have {needed}", found.len()),
            "convert all years, so that the last hour is the last of 2018",
        ));
    };
    Ok(Series {
        frames: Arc::new(found),
        size,
        start,
        files: vec![path.to_owned()],
    })
}

/// A folder of arrays, one per year, whose names have the year in them.
fn years(folder: &Path) -> Result<Series, DataError> {
    let arrays: Vec<PathBuf> = listing(folder)?
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "npy"))
        .collect();
    let mut parts: Vec<(Arc<dyn FrameSource>, usize)> = Vec::new();
    let mut files: Vec<PathBuf> = Vec::new();
    let mut first: Option<FrameSize> = None;
    for year in *TRAIN.start()..=*TEST.end() {
        let of_year = |path: &&PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.split(|letter: char| !letter.is_ascii_digit())
                .any(|number| number == year.to_string())
        };
        let Some(path) = arrays.iter().find(of_year) else {
            return Err(DataError::file(
                folder,
                format!("holds no .npy file of {year}"),
                "convert one file per year, e.g. 2m_temperature_2010_5.625deg.npy, or name one file of all hours",
            ));
        };
        let (part, size) = array(path)?;
        let expected = *first.get_or_insert(size);
        if part.len() != hours(year) || size != expected {
            return Err(DataError::file(
                path,
                format!(
                    "holds {} hours of {}x{}x{}, but {year} has {} and the first file {}x{}x{}",
                    part.len(),
                    size.channels,
                    size.height,
                    size.width,
                    hours(year),
                    expected.channels,
                    expected.height,
                    expected.width
                ),
                "convert it again",
            ));
        }
        parts.push((Arc::new(part), hours(year)));
        files.push(path.clone());
    }
    let Some(size) = first else {
        return Err(DataError::file(folder, "holds no year", "convert one file per year"));
    };
    Ok(Series {
        frames: Arc::new(Joined::new(parts)),
        size,
        start: 0,
        files,
    })
}

fn array(path: &Path) -> Result<(ArrayFrames, FrameSize), DataError> {
    let file = Mapped::open(path)?;
    let [channels, height, width] = match *file.shape() {
        [_, height, width] => [1, height, width],
        [_, channels, height, width] => [channels, height, width],
        _ => [0; 3],
    };
    let size = FrameSize {
        channels,
        height,
        width,
    };
    if size.values() == 0 {
        return Err(DataError::file(
            path,
            format!("has shape {:?}, not [hours, latitudes, longitudes]", file.shape()),
            "save it as [hours, latitudes, longitudes] or [hours, variables, latitudes, longitudes]",
        ));
    }
    Ok((ArrayFrames::new(file, size, false, size, 1.0), size))
}

#[cfg(test)]
mod tests;
