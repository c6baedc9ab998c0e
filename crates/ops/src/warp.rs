//! Reading images between their pixels.

use burn::tensor::ops::{GridSampleOptions, GridSamplePaddingMode, InterpolateMode};
use burn::tensor::{Int, Tensor};

/// What lies outside an image.
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
    /// From the centre of the first pixel to the centre of the last (PyTorch's `align_corners=True`).
    Centres,
    /// From edge to edge (PyTorch's `align_corners=False`).
    Edges,
}

/// Reads `input` at the places of `grid`, bilinearly (PyTorch's `grid_sample`).
///
/// # Shapes
/// - `input`: `[batch, channels, height, width]`
/// - `grid`: `[batch, out_height, out_width, 2]`, the column and then the row, each from -1 to 1
/// - output: `[batch, channels, out_height, out_width]`
pub fn sample(input: Tensor<4>, grid: Tensor<4>, outside: Outside, span: Pixels) -> Tensor<4> {
    let padding = match outside {
        Outside::Zeros => GridSamplePaddingMode::Zeros,
        Outside::Border => GridSamplePaddingMode::Border,
    };
    let options = GridSampleOptions::new(InterpolateMode::Bilinear)
        .with_padding_mode(padding)
        .with_align_corners(span == Pixels::Centres);
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
    // Pixel centres measured from edge to edge: unlike from centre to centre, this is defined for a single row.
    let centres =
        |side: usize| (Tensor::<1, Int>::arange(0..side as i64, &device).float() + 0.5) * (2.0 / side as f64) - 1.0;
    let columns = centres(width)
        .reshape([1, 1, 1, width])
        .expand([batch, 1, height, width]);
    let rows = centres(height)
        .reshape([1, 1, height, 1])
        .expand([batch, 1, height, width]);
    let right = displacement.clone().narrow(1, 0, 1) * (2.0 / width as f64);
    let down = displacement.narrow(1, 1, 1) * (2.0 / height as f64);
    let grid = Tensor::cat(vec![columns + right, rows + down], 1).permute([0, 2, 3, 1]);
    sample(input, grid, outside, Pixels::Edges)
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
            Pixels::Centres
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
