//! Several variables of the same times and places.

use std::path::{Path, PathBuf};

use super::container::Container;
use super::field::Field;
use super::grid::Grid;
use super::options::ReadOptions;
use super::series::{About, Series};
use crate::FormatError;
use crate::frame::FrameSize;

/// The frames of one or several variables, the channels of one after those of the other.
pub struct Variables {
    series: Vec<Series>,
    size: FrameSize,
    about: About,
}

impl Variables {
    /// Opens one variable of `files`, at least one file.
    ///
    /// # Errors
    /// Names the file that cannot be read, or that differs from the first one.
    pub fn open(files: Vec<PathBuf>, options: &ReadOptions) -> Result<Self, FormatError> {
        Ok(Self::of(vec![Series::open(files, options)?]))
    }

    /// Opens several variables, at least one, each by its own options. Files of a folder may hold one of them each.
    ///
    /// # Errors
    /// As [`Variables::open`]; names the variable whose frames are of another size, or of other times, than those of the first.
    pub fn open_all(files: &[PathBuf], options: &[ReadOptions]) -> Result<Self, FormatError> {
        let mut series: Vec<Series> = Vec::new();
        for options in options {
            let mut options = options.clone();
            if let Some(first) = series.first() {
                // One frame holds all of them, so that they must lie in the same place.
                options.grid_of_others = Some(first.about().grid.clone());
            }
            let files = match &options.variable {
                Some(variable) => holding(files, variable),
                None => files.to_vec(),
            };
            let found = Series::open(files, &options)?;
            if let Some(first) = series.first() {
                agree(first, &found)?;
            }
            series.push(found);
        }
        Ok(Self::of(series))
    }

    fn of(series: Vec<Series>) -> Self {
        let mut about = series[0].about().clone();
        let of_all = |each: &dyn Fn(&About) -> String| {
            let each: Vec<String> = series.iter().map(|series| each(series.about())).collect();
            match each.iter().all(|one| *one == each[0]) {
                true => each[0].clone(),
                false => each.join(", "),
            }
        };
        about.variable = of_all(&|about| about.variable.clone());
        about.unit = match series.iter().all(|series| series.about().unit.is_none()) {
            true => None,
            false => Some(of_all(&|about| {
                about.unit.clone().unwrap_or_else(|| "no unit".to_owned())
            })),
        };
        about.units = series
            .iter()
            .map(|series| series.about().unit.clone().unwrap_or_default())
            .collect();
        let size = FrameSize {
            channels: series.iter().map(|series| series.size().channels).sum(),
            ..series[0].size()
        };
        Self { series, size, about }
    }

    /// Names of the channels: that of their variable, with a number where it has several.
    pub fn names(&self) -> Vec<String> {
        let of = |series: &Series| -> Vec<String> {
            let path = &series.about().variable;
            let name = path.rsplit('/').next().unwrap_or_default();
            match series.size().channels {
                1 => vec![name.to_owned()],
                channels => (0..channels).map(|number| format!("{name}[{number}]")).collect(),
            }
        };
        self.series.iter().flat_map(of).collect()
    }

    /// The size of every frame.
    pub fn size(&self) -> FrameSize {
        self.size
    }

    /// Metadata of the frames as a whole.
    pub fn about(&self) -> &About {
        &self.about
    }

    /// All files, each once.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = Vec::new();
        for file in self.series.iter().flat_map(|series| series.files()) {
            if !files.contains(file) {
                files.push(file.clone());
            }
        }
        files
    }

    /// Frames from start to end of each stretch without a gap.
    pub fn stretches(&self) -> Vec<std::ops::Range<usize>> {
        self.series[0].stretches()
    }

    /// The file of a frame, of the first variable.
    pub fn file_of(&self, frame: usize) -> &Path {
        self.series[0].file_of(frame)
    }

    /// When a frame was taken, in seconds since 1970.
    pub fn time(&self, frame: usize) -> Option<i64> {
        self.series[0].time(frame)
    }

    /// Reads one frame in physical units, missing values as NaN.
    ///
    /// # Shapes
    /// - `values`: `[channels, height, width]`
    pub fn read(&self, frame: usize, values: &mut [f32]) -> Result<(), FormatError> {
        let mut rest = values;
        for series in &self.series {
            let (of_variable, others) = rest.split_at_mut(series.size().values());
            series.read(frame, of_variable)?;
            rest = others;
        }
        Ok(())
    }
}

/// The files that hold an array of that name: variables may lie in files of their own. All files where that is not known.
fn holding(files: &[PathBuf], variable: &str) -> Vec<PathBuf> {
    let wanted = variable.trim_matches('/');
    let holds = |path: &&PathBuf| {
        let variables = Container::open(path).ok().and_then(|file| file.variables().ok());
        variables.is_none_or(|found| found.iter().any(|v| v.name == wanted || v.short_name() == wanted))
    };
    match files {
        [_] => files.to_vec(),
        _ => {
            let holding: Vec<PathBuf> = files.iter().filter(holds).cloned().collect();
            if holding.is_empty() { files.to_vec() } else { holding }
        }
    }
}

/// Checks that two variables have frames of the same size at the same times.
fn agree(first: &Series, other: &Series) -> Result<(), FormatError> {
    let (name, expected) = (&other.about().variable, &first.about().variable);
    let differs = |problem: String| {
        Err(FormatError::file(
            &other.files()[0],
            problem,
            "choose variables of the same grid and times with data.variables",
        ))
    };
    let (a, b) = (first.size(), other.size());
    if (a.height, a.width) != (b.height, b.width) {
        return differs(format!(
            "has frames of {}x{} in `{name}`, but `{expected}` has {}x{}",
            b.height, b.width, a.height, a.width
        ));
    }
    let len = |series: &Series| series.stretches().iter().map(ExactSizeIterator::len).sum::<usize>();
    if len(first) != len(other) {
        return differs(format!(
            "has {} frames of `{name}`, but there are {} of `{expected}`",
            len(other),
            len(first)
        ));
    }
    match (0..len(first)).find(|frame| first.time(*frame) != other.time(*frame)) {
        Some(frame) => differs(format!(
            "has frame {frame} of `{name}` at another time than that of `{expected}`"
        )),
        None if first.stretches() != other.stretches() => {
            differs(format!("holds other recordings of `{name}` than of `{expected}`"))
        }
        None => Ok(()),
    }
}

/// One field that does not change in time, turned as frames on `grid` lie: its name, size and values, missing ones as NaN. An unnamed first axis of three
/// counts as channels.
pub fn read_field(
    path: &Path,
    variable: Option<&str>,
    grid: Option<&Grid>,
) -> Result<(String, FrameSize, Vec<f32>), FormatError> {
    /// More than this are no channels of a static field.
    const MOST_FRAMES: usize = 64;
    let options = ReadOptions {
        variable: variable.map(str::to_owned),
        grid_of_others: grid.cloned(),
        ..ReadOptions::default()
    };
    let field = Field::open(path, &options)?;
    let (size, frames) = (field.size(), field.frames());
    let changes = field.recordings() > 1 || frames > MOST_FRAMES || (frames > 1 && field.time(0).is_some());
    if changes {
        return Err(FormatError::file(
            path,
            format!("has {} frames in `{}`", field.recordings() * frames, field.variable()),
            "name a field that has one for all times as file:variable, e.g. data.static = [\"land.nc:z\"]; \
             variables that change are named by data.variables",
        ));
    }
    let mut values = vec![0.0; frames * size.values()];
    for (time, frame) in values.chunks_exact_mut(size.values()).enumerate() {
        field.read(0, time, frame)?;
    }
    let name = field.variable().rsplit('/').next().unwrap_or_default().to_owned();
    let size = FrameSize {
        channels: frames * size.channels,
        ..size
    };
    Ok((name, size, values))
}
