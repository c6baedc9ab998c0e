//! One variable of one file, frame by frame.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::axis_order::AxisOrder;
use super::container::Container;
use super::description::Description;
use super::grid::{Flip, Grid};
use super::options::ReadOptions;
use super::packing::Packing;
use super::unit::Conversion;
use super::variable::Variable;
use super::{knmi, odim};
use crate::FormatError;
use crate::error::Fault;
use crate::frame::FrameSize;
use crate::time::Epoch;

/// An array that cannot be read row by row is held whole, up to this many values (1 GiB).
const MOST_HELD: usize = 1 << 28;

/// The frames of one variable.
pub(super) struct Field {
    file: Container,
    variable: Variable,
    packing: Packing,
    layout: AxisOrder,
    conversion: Conversion,
    /// As the file states it.
    own_unit: Option<String>,
    /// That of the values as they are read.
    unit: Option<String>,
    times: Vec<i64>,
    kind: &'static str,
    grid: Grid,
    flip: Flip,
    /// Rows read last: the number of the first, and the values of all, as stored.
    block: Mutex<Option<(usize, Vec<f32>)>>,
}

impl Field {
    /// Opens the frames of `path` that are wished for.
    pub(super) fn open(path: &Path, options: &ReadOptions) -> Result<Self, FormatError> {
        let file = Container::open(path)?;
        let described = describe(&file, options).map_err(|fault| fault.at(path))?;
        let layout = AxisOrder::of(&described.variable, options.axes.as_deref()).map_err(|fault| fault.at(path))?;
        let all = layout.recordings() * layout.frames();
        file.check_claim(&described.variable, all, layout.size().values())
            .map_err(|fault| fault.at(path))?;
        let unit = described.unit.as_deref();
        // A file that does not state its unit is taken as it is, unless it is to be converted.
        let of_others = options.unit_of_others.as_deref().filter(|_| unit.is_some());
        let wanted = of_others.or(options.unit.as_deref().filter(|_| options.unit_of_others.is_none()));
        let conversion = Conversion::between(unit, wanted, described.interval);
        let flip = match &options.grid_of_others {
            Some(others) => others.flip(&described.grid),
            None => Ok(Flip::default()),
        };
        let flip = flip.map_err(|problem| {
            FormatError::file(
                path,
                problem,
                "use data of the same region, or keep the files in folders of their own; with a network that may be used \
                 elsewhere, --other-grid",
            )
        })?;
        let expected = layout.frames();
        let times = match described.times.len() == expected {
            true => described.times,
            false => Vec::new(),
        };
        Ok(Self {
            conversion: conversion.map_err(|fault| fault.at(path))?,
            unit: (options.unit_of_others.clone())
                .or(options.unit.clone())
                .or(described.unit.clone()),
            own_unit: described.unit,
            grid: options.grid_of_others.clone().unwrap_or(described.grid),
            flip,
            variable: described.variable,
            packing: described.packing,
            kind: described.kind,
            layout,
            times,
            file,
            block: Mutex::new(None),
        })
    }

    pub(super) fn variable(&self) -> &str {
        &self.variable.name
    }

    /// The unit of the values as they are read.
    pub(super) fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }

    /// The unit that the file states.
    pub(super) fn own_unit(&self) -> Option<&str> {
        self.own_unit.as_deref()
    }

    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    /// Where its frames lie, as they are read.
    pub(super) fn grid(&self) -> &Grid {
        &self.grid
    }

    pub(super) fn size(&self) -> FrameSize {
        self.layout.size()
    }

    pub(super) fn recordings(&self) -> usize {
        self.layout.recordings()
    }

    /// Frames of a recording.
    pub(super) fn frames(&self) -> usize {
        self.layout.frames()
    }

    /// When they were taken, in seconds since 1970; `None` where the file does not say.
    pub(super) fn time(&self, frame: usize) -> Option<i64> {
        self.times.get(frame).copied()
    }

    /// Reads one frame in physical units, missing values as NaN.
    ///
    /// # Shapes
    /// - `frame`: `[channels, height, width]`
    pub(super) fn read(&self, recording: usize, time: usize, frame: &mut [f32]) -> Result<(), FormatError> {
        let mut block = self.block.lock().unwrap_or_else(PoisonError::into_inner);
        let row = self.layout.row_of(recording, time);
        let len = self.layout.row_len();
        let held = match (&*block, row) {
            (Some((first, values)), Some(row)) => (*first..*first + values.len() / len.max(1)).contains(&row),
            (held, _) => held.is_some(),
        };
        if !held {
            *block = None;
            *block = Some(self.load(row).map_err(|fault| fault.at(self.file.path()))?);
        }
        if let Some((first, values)) = &*block {
            self.layout.pick(values, *first, recording, time, frame);
        }
        drop(block);
        self.packing.unpack(frame);
        self.conversion.apply(frame);
        let FrameSize { height, width, .. } = self.size();
        if self.flip.rows {
            for plane in frame.chunks_exact_mut(height * width) {
                let mut rows: Vec<&mut [f32]> = plane.chunks_exact_mut(width).collect();
                let (upper, lower) = rows.split_at_mut(height / 2);
                upper
                    .iter_mut()
                    .zip(lower.iter_mut().rev())
                    .for_each(|(a, b)| a.swap_with_slice(b));
            }
        }
        if self.flip.columns {
            frame.chunks_exact_mut(width).for_each(<[f32]>::reverse);
        }
        Ok(())
    }

    /// The rows that are stored together with `row`, or all of them.
    fn load(&self, row: Option<usize>) -> Result<(usize, Vec<f32>), Fault> {
        let rows = self.variable.axes.first().map_or(1, |axis| axis.len);
        let (first, count) = match row {
            Some(row) => {
                let together = self.variable.rows_together;
                let first = row / together * together;
                (first, together.min(rows - first))
            }
            None => (0, rows),
        };
        if row.is_none() && rows.saturating_mul(self.layout.row_len()) > MOST_HELD {
            return Err(Fault::new(
                format!(
                    "has shape {:?} in `{}`, where time is not the first axis, and is too large to be held in memory",
                    self.variable.shape(),
                    self.variable.name
                ),
                "put time first, e.g. with ncpdq -a time or numpy.moveaxis",
            ));
        }
        Ok((first, self.file.rows(&self.variable, first, count)?))
    }
}

fn describe(file: &Container, options: &ReadOptions) -> Result<Description, Fault> {
    let variables = file.variables()?;
    let wanted = options.variable.as_deref();
    if let Some(found) = knmi::describe(file, &variables, wanted)? {
        return Ok(found);
    }
    if let Some(found) = odim::describe(file, &variables, wanted)? {
        return Ok(found);
    }
    let variable = choose(&variables, wanted)?;
    let layout = AxisOrder::of(variable, options.axes.as_deref())?;
    let times = match layout.time_axis() {
        Some(axis) => times(file, &variables, variable, axis)?,
        None => Vec::new(),
    };
    Ok(Description {
        variable: variable.clone(),
        packing: Packing::of(variable),
        unit: variable
            .attributes
            .text("units")
            .filter(|unit| !unit.is_empty())
            .map(str::to_owned),
        times,
        interval: None,
        kind: "array",
        grid: Grid::of(file, &variables, variable, &layout)?,
    })
}

/// The variable of that name, or the only one that can be frames.
fn choose<'a>(variables: &'a [Variable], wanted: Option<&str>) -> Result<&'a Variable, Fault> {
    let is_numbers = |variable: &&Variable| variable.value_type.is_some();
    let of_rank = |least: usize| -> Vec<&Variable> {
        variables
            .iter()
            .filter(is_numbers)
            .filter(|variable| variable.axes.len() >= least)
            .collect()
    };
    let names = |variables: &[&Variable]| {
        let names = variables
            .iter()
            .take(12)
            .map(|variable| format!("{} {:?}", variable.name, variable.shape()));
        names.collect::<Vec<_>>().join(", ")
    };
    if let Some(wanted) = wanted {
        let wanted = wanted.trim_matches('/');
        let whole = variables.iter().find(|variable| variable.name == wanted);
        let found = whole.or_else(|| variables.iter().find(|variable| variable.short_name() == wanted));
        return found.ok_or_else(|| {
            Fault::new(
                format!("has no variable `{wanted}`"),
                format!("choose from: {}", names(&of_rank(2))),
            )
        });
    }
    let frames = [of_rank(3), of_rank(2)]
        .into_iter()
        .find(|found| !found.is_empty())
        .unwrap_or_default();
    match frames.as_slice() {
        [only] => Ok(only),
        [] => Err(Fault::new(
            "holds no array of numbers with rows and columns",
            "name a file that does; `data show` prints what is found",
        )),
        several => Err(Fault::new(
            format!("holds several arrays that could be the frames: {}", names(several)),
            "choose one with data.variable, e.g. --set data.variable=NAME",
        )),
    }
}

/// When the frames along an axis were taken, by the coordinate that belongs to it.
fn times(file: &Container, variables: &[Variable], of: &Variable, axis: usize) -> Result<Vec<i64>, Fault> {
    let axis = &of.axes[axis];
    let epoch = |variable: &Variable| variable.attributes.text("units").and_then(Epoch::parse);
    let fitting = |variable: &&Variable| {
        variable.shape() == [axis.len] && variable.value_type.is_some() && epoch(variable).is_some()
    };
    let named = |variable: &&Variable| Some(variable.short_name()) == axis.name.as_deref();
    let found = variables.iter().filter(fitting).find(named);
    let Some(coordinate) = found.or_else(|| variables.iter().find(fitting)) else {
        return Ok(Vec::new());
    };
    let values = file.coordinate(coordinate)?;
    let epoch = epoch(coordinate);
    let seconds = values
        .into_iter()
        .map(|value| epoch.and_then(|epoch| epoch.seconds(value)));
    seconds.collect::<Option<Vec<i64>>>().ok_or_else(|| {
        Fault::new(
            format!("has a time in `{}` that is missing or no time", coordinate.name),
            "correct it, or remove the coordinate",
        )
    })
}
