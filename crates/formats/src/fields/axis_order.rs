//! Which axis of an array is which.

use super::variable::Variable;
use crate::error::Fault;
use crate::frame::FrameSize;

/// The axes of an array of frames, by what they stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AxisOrder {
    shape: Vec<usize>,
    recording: Option<usize>,
    time: Option<usize>,
    /// Levels, members, variables: all of them together are the channels of a frame.
    channels: Vec<usize>,
    row: usize,
    column: usize,
}

const TIMES: [&str; 8] = [
    "time",
    "valid_time",
    "t",
    "times",
    "date",
    "datetime",
    "record",
    "frame",
];
pub(super) const ROWS: [&str; 9] = [
    "y",
    "lat",
    "latitude",
    "rlat",
    "row",
    "rows",
    "south_north",
    "nlat",
    "yc",
];
pub(super) const COLUMNS: [&str; 9] = [
    "x",
    "lon",
    "longitude",
    "rlon",
    "column",
    "columns",
    "west_east",
    "nlon",
    "xc",
];

impl AxisOrder {
    /// The layout of `variable`: as `letters` say (`data.axes`), else by the names of its dimensions, else in the order
    /// `[recording,] [time,] [channels,] rows, columns`.
    pub(super) fn of(variable: &Variable, letters: Option<&str>) -> Result<Self, Fault> {
        let layout = match letters {
            Some(letters) => Self::spelled(variable, letters)?,
            None => Self::guessed(variable)?,
        };
        let values = layout
            .shape
            .iter()
            .try_fold(1usize, |values, axis| values.checked_mul(*axis));
        match values {
            Some(1..) => {}
            Some(0) => {
                return Err(Fault::new(
                    format!("holds no values in `{}`, shape {:?}", variable.name, layout.shape),
                    "export it again, or choose another variable with data.variable",
                ));
            }
            None => {
                return Err(Fault::new(
                    format!(
                        "claims shape {:?} in `{}`, more than any file can hold",
                        layout.shape, variable.name
                    ),
                    "fetch or export it again",
                ));
            }
        }
        let size = layout.size();
        if letters.is_none() && size.width <= 4 && size.channels > 4 {
            return Err(Fault::new(
                format!(
                    "has shape {:?} in `{}`, which looks as if channels came last",
                    layout.shape, variable.name
                ),
                "say which axis is which with data.axes, e.g. data.axes = \"tyxc\"",
            ));
        }
        Ok(layout)
    }

    fn spelled(variable: &Variable, letters: &str) -> Result<Self, Fault> {
        let shape = variable.shape();
        let places = |letter: char| -> Vec<usize> {
            letters
                .chars()
                .enumerate()
                .filter(|(_, l)| *l == letter)
                .map(|(place, _)| place)
                .collect()
        };
        let [n, t, y, x] = ['n', 't', 'y', 'x'].map(places);
        let known = letters.chars().all(|letter| "ntcyx".contains(letter));
        let once = n.len() <= 1 && t.len() <= 1 && y.len() == 1 && x.len() == 1;
        if !known || !once || letters.chars().count() != shape.len() {
            return Err(Fault::new(
                format!(
                    "has shape {shape:?} in `{}`, which data.axes = \"{letters}\" does not describe",
                    variable.name
                ),
                "write one letter per axis: n recordings, t time, c channels, y rows, x columns; y and x once each",
            ));
        }
        Ok(Self {
            shape,
            recording: n.first().copied(),
            time: t.first().copied(),
            channels: places('c'),
            row: y[0],
            column: x[0],
        })
    }

    fn guessed(variable: &Variable) -> Result<Self, Fault> {
        let shape = variable.shape();
        if !(2..=5).contains(&shape.len()) {
            return Err(Fault::new(
                format!("has shape {shape:?} in `{}`, {} axes", variable.name, shape.len()),
                "choose an array of 2 to 5 axes with data.variable, or name its axes with data.axes, e.g. \"tcyx\"",
            ));
        }
        let named = |names: &[&str]| {
            variable.axes.iter().position(|axis| {
                let name = axis.name.as_deref().unwrap_or_default().to_ascii_lowercase();
                names.contains(&name.as_str())
            })
        };
        let (mut time, row, column) = (named(&TIMES), named(&ROWS), named(&COLUMNS));
        let mut free: Vec<usize> = (0..shape.len())
            .filter(|place| ![time, row, column].contains(&Some(*place)))
            .collect();
        // Dimensions without a name are in the usual order: columns last, rows before them.
        let missing = || {
            Fault::new(
                format!(
                    "has no axes for rows and columns in `{}`, shape {shape:?}",
                    variable.name
                ),
                "name its axes with data.axes, e.g. \"tyx\"",
            )
        };
        let column = match column {
            Some(column) => column,
            None => free.pop().ok_or_else(missing)?,
        };
        let row = match row {
            Some(row) => row,
            None => free.pop().ok_or_else(missing)?,
        };
        let recording = (time.is_none() && free.len() == 3).then(|| free.remove(0));
        if time.is_none() && !free.is_empty() {
            time = Some(free.remove(0));
        }
        Ok(Self {
            shape,
            recording,
            time,
            channels: free,
            row,
            column,
        })
    }

    pub(super) fn size(&self) -> FrameSize {
        FrameSize {
            channels: self.channels.iter().map(|axis| self.shape[*axis]).product(),
            height: self.shape[self.row],
            width: self.shape[self.column],
        }
    }

    pub(super) fn recordings(&self) -> usize {
        self.recording.map_or(1, |axis| self.shape[axis])
    }

    /// Frames of a recording.
    pub(super) fn frames(&self) -> usize {
        self.time.map_or(1, |axis| self.shape[axis])
    }

    /// The axes of rows and columns.
    pub(super) fn rows_and_columns(&self) -> [usize; 2] {
        [self.row, self.column]
    }

    pub(super) fn time_axis(&self) -> Option<usize> {
        self.time
    }

    /// The entry of the first axis that a frame lies in; `None` where every frame lies in all of them.
    pub(super) fn row_of(&self, recording: usize, frame: usize) -> Option<usize> {
        match (self.recording, self.time) {
            (Some(0), _) => Some(recording),
            (_, Some(0)) => Some(frame),
            _ => None,
        }
    }

    /// Values of one entry of the first axis.
    pub(super) fn row_len(&self) -> usize {
        self.shape.iter().skip(1).product()
    }

    /// Picks one frame out of `block`, which holds the entries of the first axis from `first` on.
    ///
    /// # Shapes
    /// - `frame`: `[channels, height, width]`
    pub(super) fn pick(&self, block: &[f32], first: usize, recording: usize, time: usize, frame: &mut [f32]) {
        let mut strides = vec![1; self.shape.len()];
        for axis in (1..self.shape.len()).rev() {
            strides[axis - 1] = strides[axis] * self.shape[axis];
        }
        let fixed = |axis: Option<usize>, index: usize| axis.map_or(0, |axis| index * strides[axis]);
        let start = fixed(self.recording, recording) + fixed(self.time, time) - first * strides[0];
        let size = self.size();
        for (channel, plane) in frame.chunks_exact_mut(size.height * size.width).enumerate() {
            let mut rest = channel;
            let mut at = start;
            for axis in self.channels.iter().rev() {
                at += rest % self.shape[*axis] * strides[*axis];
                rest /= self.shape[*axis];
            }
            for (row, line) in plane.chunks_exact_mut(size.width).enumerate() {
                let at = at + row * strides[self.row];
                for (column, value) in line.iter_mut().enumerate() {
                    *value = block[at + column * strides[self.column]];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::variable::{Attributes, Axis};
    use super::*;

    fn variable(axes: &[(&str, usize)]) -> Variable {
        let axis = |&(name, len): &(&str, usize)| Axis {
            len,
            name: (!name.is_empty()).then(|| name.to_owned()),
        };
        Variable {
            name: "v".to_owned(),
            axes: axes.iter().map(axis).collect(),
            attributes: Attributes::default(),
            value_type: None,
            rows_together: 1,
        }
    }

    #[test]
    fn axes_are_found_by_name_then_by_order() {
        let of = |axes: &[(&str, usize)]| AxisOrder::of(&variable(axes), None).unwrap();
        let era5 = of(&[("time", 7), ("latitude", 3), ("longitude", 5)]);
        assert_eq!((era5.frames(), era5.size().height, era5.size().width), (7, 3, 5));
        let turned = of(&[("lon", 5), ("time", 7), ("level", 2), ("lat", 3)]);
        assert_eq!(
            (turned.frames(), turned.size().values(), turned.size().width),
            (7, 30, 5)
        );
        let unnamed = of(&[("", 9), ("", 7), ("", 2), ("", 3), ("", 5)]);
        assert_eq!(
            (unnamed.recordings(), unnamed.frames(), unnamed.size().channels),
            (9, 7, 2)
        );
        assert_eq!(of(&[("", 3), ("", 5)]).frames(), 1);
        let refused = |axes: &[(&str, usize)]| AxisOrder::of(&variable(axes), None).unwrap_err().problem;
        assert!(refused(&[("", 5)]).contains("1 axes"));
        assert!(refused(&[("time", 5), ("lat", 3)]).contains("rows and columns"));
        assert!(refused(&[("", 5), ("", 8), ("", 8), ("", 3)]).contains("channels came last"));
        assert!(refused(&[("", 5), ("", 0), ("", 8)]).contains("no values"));
    }

    #[test]
    fn letters_say_what_names_do_not() {
        let variable = variable(&[("", 2), ("", 3), ("", 4), ("", 5)]);
        let sevir = AxisOrder::of(&variable, Some("nyxt")).unwrap();
        assert_eq!(
            (sevir.recordings(), sevir.frames(), sevir.row_of(1, 4)),
            (2, 5, Some(1))
        );
        for letters in ["tyx", "tcyy", "tcy?", "ccyx t", ""] {
            let fault = AxisOrder::of(&variable, Some(letters)).unwrap_err();
            assert!(fault.problem.contains("does not describe"), "{letters}");
        }
        let block: Vec<f32> = (0..60).map(|value| value as f32).collect();
        let mut frame = [0.0; 12];
        sevir.pick(&block, 1, 1, 4, &mut frame);
        assert_eq!(frame[..3], [4.0, 9.0, 14.0]);
        assert_eq!(frame[4], 24.0);
    }
}
