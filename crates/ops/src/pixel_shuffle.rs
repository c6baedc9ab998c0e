//! Between channels and finer pixels.

use burn::nn::{PixelShuffle, PixelUnshuffle};
use burn::tensor::Tensor;

/// Spreads groups of `factor`² channels over squares of `factor`² pixels: channel `c * factor² + y * factor + x` becomes
/// row `y` and column `x` of the squares of channel `c` (Shi et al., arXiv:1609.05158).
///
/// # Shapes
/// - `input`: `[batch, channels * factor², height, width]`
/// - output: `[batch, channels, height * factor, width * factor]`
pub fn pixel_shuffle(input: Tensor<4>, factor: usize) -> Tensor<4> {
    // A reshape that moves nothing would still copy, forward and backward.
    if factor == 1 {
        return input;
    }
    PixelShuffle { upscale_factor: factor }.forward(input)
}

/// Undoes [`pixel_shuffle`].
///
/// # Shapes
/// - `input`: `[batch, channels, height * factor, width * factor]`
/// - output: `[batch, channels * factor², height, width]`
pub fn pixel_unshuffle(input: Tensor<4>, factor: usize) -> Tensor<4> {
    if factor == 1 {
        return input;
    }
    PixelUnshuffle {
        downscale_factor: factor,
    }
    .forward(input)
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
