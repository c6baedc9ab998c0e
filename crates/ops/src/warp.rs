//! Reading images between their pixels.

use burn::tensor::ops::{GridSampleOptions, GridSamplePaddingMode, InterpolateMode};
use burn::tensor::{Int, Tensor};
use foreframe_kernels::sample::{self as kernels, Sample};

use crate::implementation::has_kernel;
use crate::kernel::{DifferentiableKernel, Floats, Known, Operands, run};

/// Padding mode: the values outside an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    /// Nothing: 0.
    Zeros,
    /// The nearest pixel of the border.
    Border,
}

/// Which part of an image the coordinates from -1 to 1 span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pixels {
    /// From the center of the first pixel to the center of the last (PyTorch's `align_corners=True`).
    Centers,
    /// From edge to edge (PyTorch's `align_corners=False`).
    Edges,
}

/// Reads `input` at the places of `grid`, bilinearly (PyTorch's `grid_sample`).
///
/// # Shapes
/// - `input`: `[batch, channels, height, width]`
/// - `grid`: `[batch, out_height, out_width, 2]`, the column and then the row, each from -1 to 1
/// - output: `[batch, channels, out_height, out_width]`
///
/// # Panics
/// When the batches differ or the last axis of `grid` is not 2.
pub fn sample(input: Tensor<4>, grid: Tensor<4>, outside: Outside, span: Pixels) -> Tensor<4> {
    let ([batch, channels, height, width], places) = (input.dims(), grid.dims());
    assert!(
        places[0] == batch && places[3] == 2,
        "sample: a grid of shape {places:?} for {batch} images; it should be [{batch}, height, width, 2]"
    );
    if has_kernel(&input) {
        let kernel = Sampling(Sample {
            batch,
            channels,
            input: [height, width],
            output: [places[1], places[2]],
            border: outside == Outside::Border,
            align_corners: span == Pixels::Centers,
        });
        return run(kernel, Operands::Two(input.into_dispatch(), grid.into_dispatch()));
    }
    let padding = match outside {
        Outside::Zeros => GridSamplePaddingMode::Zeros,
        Outside::Border => GridSamplePaddingMode::Border,
    };
    let options = GridSampleOptions::new(InterpolateMode::Bilinear)
        .with_padding_mode(padding)
        .with_align_corners(span == Pixels::Centers);
    input.grid_sample_2d(grid, options)
}

/// Carries an image along a field of displacements: every output pixel is read where its displacement points
/// (backward warping).
///
/// # Shapes
/// - `input`: `[batch, channels, height, width]`
/// - `displacement`: `[batch, 2, height, width]`, in pixels, to the right and then down
/// - output: the shape of `input`
pub fn warp(input: Tensor<4>, displacement: Tensor<4>, outside: Outside) -> Tensor<4> {
    let [batch, _, height, width] = displacement.dims();
    let device = displacement.device();
    // Pixel centers measured from edge to edge: unlike from center to center, this is defined for a single row.
    let centers =
        |side: usize| (Tensor::<1, Int>::arange(0..side as i64, &device).float() + 0.5) * (2.0 / side as f64) - 1.0;
    let columns = centers(width)
        .reshape([1, 1, 1, width])
        .expand([batch, 1, height, width]);
    let rows = centers(height)
        .reshape([1, 1, height, 1])
        .expand([batch, 1, height, width]);
    let right = displacement.clone().narrow(1, 0, 1) * (2.0 / width as f64);
    let down = displacement.narrow(1, 1, 1) * (2.0 / height as f64);
    let grid = Tensor::cat(vec![columns + right, rows + down], 1).permute([0, 2, 3, 1]);
    sample(input, grid, outside, Pixels::Edges)
}

/// Inputs: images, grid.
#[derive(Debug)]
struct Sampling(Sample);

impl DifferentiableKernel for Sampling {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let Sample {
            batch,
            channels,
            output: [height, width],
            ..
        } = self.0;
        let output = Floats::filled([batch, channels, height, width], |out| {
            kernels::forward(&self.0, inputs[0].values(), inputs[1].values(), out);
        });
        (output, Vec::new())
    }

    fn keeps(&self, _input: usize) -> bool {
        true
    }

    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        let (x, grid) = (known.input(0), known.input(1));
        let Sample {
            batch,
            channels,
            input,
            output,
            ..
        } = self.0;
        let lens = [0, 1].map(|index| {
            if known.wants(index) {
                known.input(index).len()
            } else {
                0
            }
        });
        let [dx, d_grid] = Floats::filled_together(lens, |[dx, d_grid]| {
            let (dx, d_grid) = (known.wants(0).then_some(dx), known.wants(1).then_some(d_grid));
            kernels::gradients(&self.0, x, grid, gradient.values(), dx, d_grid);
        });
        vec![
            known
                .wants(0)
                .then(|| dx.reshaped([batch, channels, input[0], input[1]])),
            known
                .wants(1)
                .then(|| d_grid.reshaped([batch, output[0], output[1], 2])),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};
    use foreframe_golden::{OpCase, Tolerance, devices};
    use rstest::rstest;

    #[rstest]
    fn portable_sampling_is_pytorchs(#[values(0, 1)] case: usize) {
        let case = OpCase::load(&format!("grid_sample_{case}"));
        let outside = if case.hyper["padding_mode"] == "zeros" {
            Outside::Zeros
        } else {
            Outside::Border
        };
        let span = if case.hyper["align_corners"] == true {
            Pixels::Centers
        } else {
            Pixels::Edges
        };
        for (name, device) in devices() {
            case.check(&device, &Tolerance::of(name), |inputs| {
                sample(inputs.get("x"), inputs.get("grid"), outside, span)
            });
        }
    }

    #[rstest]
    #[case::right(1.0, 0.0, [2.0, 3.0, 0.0, 5.0, 6.0, 0.0])]
    #[case::up(0.0, -1.0, [0.0, 0.0, 0.0, 1.0, 2.0, 3.0])]
    #[case::half(0.5, 0.0, [1.5, 2.5, 1.5, 4.5, 5.5, 3.0])]
    fn displacements_are_pixels_to_the_right_and_down(
        #[case] right: f32,
        #[case] down: f32,
        #[case] expected: [f32; 6],
    ) {
        let device = Device::flex();
        let image = TensorData::new(vec![1.0f32, 2.0, 3.0, 4.0, 5.0, 6.0], [1, 1, 2, 3]);
        let field = Tensor::cat(
            vec![
                Tensor::full([1, 1, 2, 3], right, &device),
                Tensor::full([1, 1, 2, 3], down, &device),
            ],
            1,
        );
        let moved = warp(Tensor::from_data(image, &device), field, Outside::Zeros).into_data();
        for (found, expected) in moved.iter::<f32>().zip(expected) {
            assert!((found - expected).abs() < 1e-5, "{moved}");
        }
    }
}
