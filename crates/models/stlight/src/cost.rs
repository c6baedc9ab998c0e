//! The cost of a forecast.

use foreframe_core::{ClipShape, Cost};

use crate::StLightConfig;
use crate::decoder::channels;

/// Every operation of one forecast.
pub(crate) fn cost(config: &StLightConfig, clip: &ClipShape) -> Cost {
    dense(config, clip) + depthwise(config, clip)
}

/// The number the paper prints as "FLOPs": one per multiply-accumulate, as fvcore counts them.
///
/// fvcore does not see convolutions whose padding is given as the string `same`, so both depthwise convolutions of every
/// block are missing from the published figures. [`Architecture::cost`](foreframe_core::Architecture::cost) counts them.
pub fn published_flops(config: &StLightConfig, clip: &ClipShape) -> u64 {
    dense(config, clip).total()
}

fn positions(config: &StLightConfig, clip: &ClipShape) -> usize {
    (clip.height / config.patch_size) * (clip.width / config.patch_size)
}

/// Everything but the depthwise convolutions.
fn dense(config: &StLightConfig, clip: &ClipShape) -> Cost {
    let kernel = config.encoder_kernel();
    let values = config.width * positions(config, clip);
    let [inputs, _] = channels(config, clip);
    // The reassembly yields one value per pixel, channel and future frame in either order.
    let pixels = clip.future * clip.frame_len();
    Cost::convolution(values, clip.past * clip.channels, [kernel, kernel])
        + Cost::batch_norm(values)
        + (Cost::linear(values, config.width) + Cost::batch_norm(values) * 2) * config.depth
        + Cost::linear(pixels, inputs)
}

fn depthwise(config: &StLightConfig, clip: &ClipShape) -> Cost {
    let values = config.width * positions(config, clip);
    let kernel = |side| Cost::convolution(values, 1, [side, side]);
    (kernel(config.kernel) + kernel(config.dilated_kernel)) * config.depth
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::presets::presets;
    use rstest::rstest;

    /// The paper's figures (convolutions seen by fvcore, and normalization), and the products of all convolutions, in 10⁹.
    #[rstest]
    #[case("moving-mnist-xs", "10.6", "11.29")]
    #[case("moving-mnist-s", "16.5", "17.39")]
    #[case("moving-mnist-m", "23.7", "24.79")]
    #[case("moving-mnist-l", "32.3", "33.51")]
    #[case("taxibj-s", "0.82", "0.992")]
    #[case("taxibj-m", "1.37", "1.650")]
    #[case("taxibj-l", "2.71", "2.997")]
    #[case("kth-xs", "5.4", "5.787")]
    #[case("kth-s", "20.9", "21.96")]
    #[case("kth-m", "37.1", "38.46")]
    #[case("kth-l", "57.8", "59.54")]
    fn costs_are_the_published_ones(#[case] name: &str, #[case] published: &str, #[case] products: &str) {
        let preset = presets().into_iter().find(|preset| preset.name == name).unwrap();
        for (count, printed) in [
            (published_flops(&preset.config, &preset.clip), published),
            (cost(&preset.config, &preset.clip).multiplications, products),
        ] {
            let decimals = printed.len() - printed.find('.').unwrap() - 1;
            let printed: f64 = printed.parse().unwrap();
            let unit = 0.1f64.powi(decimals as i32);
            let billions = count as f64 * 1e-9;
            assert!((billions - printed).abs() <= 0.5 * unit, "{billions} is not {printed}");
        }
    }
}
