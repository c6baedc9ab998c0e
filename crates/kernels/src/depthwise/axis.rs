//! How a plane is laid out so that every tap reads neighboring outputs from neighboring places.
//!
//! Along one axis output `o` and tap `k` meet at place `o * stride + k * dilation` of the padded input. Cut into `stride`
//! phases, that is cell `o + k * dilation / stride` of phase `k * dilation % stride`: a constant distance from `o`.

use crate::conv::Conv2d;

/// One axis of a convolution.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub(super) input: usize,
    pub(super) output: usize,
    kernel: usize,
    pub(super) stride: usize,
    dilation: usize,
    padding: usize,
}

impl Axis {
    pub(super) fn new(shape: &Conv2d, axis: usize) -> Self {
        Self {
            input: shape.input[axis],
            output: shape.output()[axis],
            kernel: shape.kernel[axis],
            stride: shape.stride[axis],
            dilation: shape.dilation[axis],
            padding: shape.padding[axis].0,
        }
    }

    /// Phase and cell of a tap.
    fn place(&self, tap: usize) -> (usize, usize) {
        (tap * self.dilation % self.stride, tap * self.dilation / self.stride)
    }

    /// Cell of the last tap.
    fn reach(&self) -> usize {
        (self.kernel - 1) * self.dilation / self.stride
    }

    /// First input element of a phase, and how many it has.
    fn inputs(&self, phase: usize) -> (usize, usize) {
        let first = (phase + self.stride - self.padding % self.stride) % self.stride;
        (first, self.input.saturating_sub(first).div_ceil(self.stride))
    }

    /// The cell that an input element lies in.
    fn cell(&self, element: usize) -> usize {
        (element + self.padding) / self.stride
    }
}

/// A run of cells that hold elements of the source; those around it hold padding.
struct Run {
    cell: usize,
    element: usize,
    len: usize,
}

impl Run {
    /// Cell `c` of `cells` holds element `c * step + shift` if there is one among `elements`.
    fn new(cells: usize, step: usize, shift: isize, elements: usize) -> Self {
        let cell = if shift < 0 {
            shift.unsigned_abs().div_ceil(step)
        } else {
            0
        };
        let element = (cell * step).wrapping_add_signed(shift);
        let len = elements
            .saturating_sub(element)
            .div_ceil(step)
            .min(cells.saturating_sub(cell));
        Self {
            cell: cell.min(cells),
            element: element.min(elements),
            len,
        }
    }
}

/// A plane laid out.
#[derive(Clone, Copy)]
pub(super) struct Padded<'a> {
    /// Its elements, and room for a vector behind them.
    pub(super) values: &'a [f32],
    /// Distance between rows.
    pub(super) pitch: usize,
}

/// How a plane is laid out with its padding around it, one phase after the other.
pub(super) struct PaddedLayout {
    pitch: usize,
    rows: usize,
    runs: [Vec<Run>; 2],
    step: [usize; 2],
    width: usize,
    /// Where each tap of the kernel reads for the first output.
    pub(super) offsets: Vec<usize>,
}

impl PaddedLayout {
    /// Lays out an input.
    pub(super) fn of_input(axes: &[Axis; 2]) -> Self {
        let [rows, pitch] = axes.map(|axis| axis.output + axis.reach());
        let runs = axes.map(|axis| {
            let shift = |phase| phase as isize - axis.padding as isize;
            let cells = axis.output + axis.reach();
            (0..axis.stride)
                .map(|phase| Run::new(cells, axis.stride, shift(phase), axis.input))
                .collect()
        });
        let offset = |[y, x]: [usize; 2]| {
            let ((row_phase, row), (column_phase, column)) = (axes[0].place(y), axes[1].place(x));
            ((row_phase * axes[1].stride + column_phase) * rows + row) * pitch + column
        };
        Self {
            pitch,
            rows,
            runs,
            step: axes.map(|axis| axis.stride),
            width: axes[1].input,
            offsets: places(axes).map(offset).collect(),
        }
    }

    /// Lays out a gradient of the output, padded so that every input finds all outputs that it went into.
    pub(super) fn of_gradient(axes: &[Axis; 2]) -> Self {
        let cells = axes.map(|axis| axis.cell(axis.input - 1) - axis.cell(0) + axis.reach() + 1);
        let run = |axis: usize| {
            let shift = axes[axis].cell(0) as isize - axes[axis].reach() as isize;
            vec![Run::new(cells[axis], 1, shift, axes[axis].output)]
        };
        let offset = |[y, x]: [usize; 2]| {
            let behind = |axis: &Axis, tap| axis.reach() - axis.place(tap).1;
            behind(&axes[0], y) * cells[1] + behind(&axes[1], x)
        };
        Self {
            pitch: cells[1],
            rows: cells[0],
            runs: [run(0), run(1)],
            step: [1, 1],
            width: axes[1].output,
            offsets: places(axes).map(offset).collect(),
        }
    }

    /// Room for a plane, padded with zeros, and for reading `lanes` at a time at its end.
    pub(super) fn zeros(&self, lanes: usize) -> Vec<f32> {
        vec![0.0; self.runs[0].len() * self.runs[1].len() * self.rows * self.pitch + lanes]
    }

    /// Writes a plane between the padding that [`zeros`](Self::zeros) made.
    #[inline(always)]
    pub(super) fn fill<'a>(&self, plane: &[f32], values: &'a mut [f32]) -> Padded<'a> {
        let [row_step, step] = self.step;
        let phases = self.runs[0]
            .iter()
            .flat_map(|rows| self.runs[1].iter().map(move |columns| (rows, columns)));
        for ((rows, columns), padded) in phases.zip(values.chunks_exact_mut(self.rows * self.pitch)) {
            for row in 0..rows.len {
                let from = &plane[(rows.element + row * row_step) * self.width..][..self.width];
                let to = &mut padded[(rows.cell + row) * self.pitch + columns.cell..][..columns.len];
                if step == 1 {
                    to.copy_from_slice(&from[columns.element..][..columns.len]);
                } else {
                    for (to, from) in to.iter_mut().zip(from[columns.element..].iter().step_by(step)) {
                        *to = *from;
                    }
                }
            }
        }
        Padded {
            values,
            pitch: self.pitch,
        }
    }
}

/// The inputs of one phase along each axis: all went into outputs by the same taps.
pub(super) struct Phase {
    /// First row and column.
    pub(super) first: [usize; 2],
    /// Rows and columns.
    pub(super) len: [usize; 2],
    /// Which taps, and where in the layout of the gradient they read.
    pub(super) taps: Vec<(usize, usize)>,
}

impl Phase {
    /// All phases of an input, none of them empty.
    pub(super) fn all(axes: &[Axis; 2], layout: &PaddedLayout) -> Vec<Self> {
        let phases = (0..axes[0].stride).flat_map(|y| (0..axes[1].stride).map(move |x| [y, x]));
        phases
            .map(|phase| Self::new(axes, layout, phase))
            .filter(|phase| !phase.len.contains(&0))
            .collect()
    }

    fn new(axes: &[Axis; 2], layout: &PaddedLayout, phase: [usize; 2]) -> Self {
        let inputs = [0, 1].map(|axis: usize| axes[axis].inputs(phase[axis]));
        let start = [0, 1].map(|axis: usize| axes[axis].cell(inputs[axis].0) - axes[axis].cell(0));
        let start = start[0] * layout.pitch + start[1];
        let reads = |place: [usize; 2]| [0, 1].map(|axis: usize| axes[axis].place(place[axis]).0) == phase;
        let taps = places(axes)
            .zip(&layout.offsets)
            .enumerate()
            .filter(|(_, (place, _))| reads(*place));
        Self {
            first: inputs.map(|(first, _)| first),
            len: inputs.map(|(_, len)| len),
            taps: taps.map(|(tap, (_, offset))| (tap, start + offset)).collect(),
        }
    }
}

/// Row and column of every tap.
fn places(axes: &[Axis; 2]) -> impl Iterator<Item = [usize; 2]> + use<> {
    let [rows, columns] = axes.map(|axis| axis.kernel);
    (0..rows).flat_map(move |y| (0..columns).map(move |x| [y, x]))
}
