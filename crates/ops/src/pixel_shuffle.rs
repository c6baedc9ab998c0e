//! Between channels and finer pixels.

use burn::nn::{PixelShuffle, PixelUnshuffle};
use burn::tensor::Tensor;
use foreframe_kernels::shuffle;

use crate::implementation::has_kernel;
use crate::kernel::{DifferentiableKernel, Floats, Known, Operands, run};

/// Spreads groups of `factor`² channels over squares of `factor`² pixels: channel `c * factor² + y * factor + x` becomes
/// row `y` and column `x` of the squares of channel `c` (Shi et al., arXiv:1609.05158).
///
/// # Shapes
/// - `input`: `[batch, channels * factor², height, width]`
/// - output: `[batch, channels, height * factor, width * factor]`
///
/// # Panics
/// If `factor`² does not divide the channels.
pub fn pixel_shuffle(input: Tensor<4>, factor: usize) -> Tensor<4> {
    let channels = input.dims()[1];
    assert!(
        factor > 0 && channels.is_multiple_of(factor * factor),
        "pixel_shuffle: the square of factor {factor} does not divide {channels} channels (axis 1)"
    );
    // A reshape that moves nothing would still copy, forward and backward.
    if factor == 1 {
        return input;
    }
    if has_kernel(&input) {
        return run(Shuffle { factor, finer: true }, Operands::One(input.into_dispatch()));
    }
    PixelShuffle { upscale_factor: factor }.forward(input)
}

/// Undoes [`pixel_shuffle`].
///
/// # Shapes
/// - `input`: `[batch, channels, height * factor, width * factor]`
/// - output: `[batch, channels * factor², height, width]`
///
/// # Panics
/// If `factor` does not divide the height or the width.
pub fn pixel_unshuffle(input: Tensor<4>, factor: usize) -> Tensor<4> {
    let [_, _, height, width] = input.dims();
    assert!(
        factor > 0 && height.is_multiple_of(factor) && width.is_multiple_of(factor),
        "pixel_unshuffle: factor {factor} does not divide height {height} (axis 2) and width {width} (axis 3)"
    );
    if factor == 1 {
        return input;
    }
    if has_kernel(&input) {
        return run(Shuffle { factor, finer: false }, Operands::One(input.into_dispatch()));
    }
    PixelUnshuffle {
        downscale_factor: factor,
    }
    .forward(input)
}

/// Its derivative is the way back.
#[derive(Debug)]
struct Shuffle {
    factor: usize,
    finer: bool,
}

impl Shuffle {
    fn apply(&self, input: &Floats, finer: bool) -> Floats {
        let (factor, area) = (self.factor, self.factor * self.factor);
        let [batch, channels, height, width] = input.dims();
        if finer {
            let channels = channels / area;
            Floats::filled([batch, channels, height * factor, width * factor], |out| {
                shuffle::pixel_shuffle(batch, channels, height, width, factor, input.values(), out);
            })
        } else {
            let (height, width) = (height / factor, width / factor);
            Floats::filled([batch, channels * area, height, width], |out| {
                shuffle::pixel_unshuffle(batch, channels, height, width, factor, input.values(), out);
            })
        }
    }
}

impl DifferentiableKernel for Shuffle {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        (self.apply(&inputs[0], self.finer), Vec::new())
    }

    fn keeps(&self, _input: usize) -> bool {
        false
    }

    fn backward(&self, _known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        vec![Some(self.apply(gradient, !self.finer))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::{OpCase, Tolerance, devices};
    use rstest::rstest;

    #[rstest]
    fn portable_shuffles_are_pytorchs(#[values(0, 1)] number: usize, #[values(true, false)] finer: bool) {
        let case = OpCase::load(&format!(
            "{}_{number}",
            if finer { "pixel_shuffle" } else { "pixel_unshuffle" }
        ));
        let factor = case.pair("factor", 1)[0];
        let shuffle = if finer { pixel_shuffle } else { pixel_unshuffle };
        for (name, device) in devices() {
            case.check(&device, &Tolerance::of(name), |inputs| shuffle(inputs.get("x"), factor));
        }
    }
}
