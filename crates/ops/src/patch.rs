//! Between fine frames and coarse frames of patches.

use burn::tensor::Tensor;

/// Stacks every square of `size`² pixels on the channel axis: row `y`, column `x` and channel `c` of a patch become
/// channel `(y * size + x) * channels + c`. The recurrent networks of OpenSTL work on such frames (its `reshape_patch`);
/// the order is not that of [`pixel_unshuffle`](crate::pixel_unshuffle).
///
/// # Shapes
/// - `frames`: `[batch, time, channels, height, width]`
/// - output: `[batch, time, size² * channels, height / size, width / size]`
pub fn patchify(frames: Tensor<5>, size: usize) -> Tensor<5> {
    let [batch, time, channels, height, width] = frames.dims();
    let (rows, columns) = (height / size, width / size);
    frames
        .reshape([batch * time, channels, rows, size, columns, size])
        .permute([0, 3, 5, 1, 2, 4])
        .reshape([batch, time, size * size * channels, rows, columns])
}

/// Undoes [`patchify`].
///
/// # Shapes
/// - `patches`: `[batch, time, size² * channels, rows, columns]`
/// - output: `[batch, time, channels, rows * size, columns * size]`
pub fn unpatchify(patches: Tensor<5>, size: usize) -> Tensor<5> {
    let [batch, time, stacked, rows, columns] = patches.dims();
    let channels = stacked / (size * size);
    patches
        .reshape([batch * time, size, size, channels, rows, columns])
        .permute([0, 3, 4, 1, 5, 2])
        .reshape([batch, time, channels, rows * size, columns * size])
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::{OpCase, Tolerance, devices};
    use rstest::rstest;

    /// The reference keeps channels last.
    #[rstest]
    #[case::forth("reshape_patch_0", patchify)]
    #[case::back("reshape_patch_back_0", unpatchify)]
    fn portable_patches_are_openstls(#[case] case: &str, #[case] reshape: fn(Tensor<5>, usize) -> Tensor<5>) {
        let case = OpCase::load(case);
        let size = case.pair("patch", 1)[0];
        for (name, device) in devices() {
            case.check(&device, &Tolerance::of(name), |inputs| {
                reshape(inputs.get::<5>("x").permute([0, 1, 4, 2, 3]), size).permute([0, 1, 3, 4, 2])
            });
        }
    }
}
