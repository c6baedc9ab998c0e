//! The differential divergence regularization of TAU's objective.

use burn::tensor::Tensor;
use foreframe_ops::softmax;

/// Sharpens the distributions that are compared.
const TEMPERATURE: f64 = 0.1;
const EPSILON: f64 = 1e-12;

/// How much the changes from frame to frame of a forecast differ from the true ones: Kullback-Leibler divergence between
/// the softmax distributions of each pair of differences (Tan et al., CVPR 2023, arXiv:2206.12126, equations 7 to 9).
///
/// As in OpenSTL the terms are averaged over all values, not summed over space, which makes the number small, and clips
/// of two frames or fewer give 0.
///
/// # Shapes
/// - `forecast`, `truth`: `[batch, time, channels, height, width]`
/// - output: `[1]`
pub fn differential_divergence(forecast: Tensor<5>, truth: Tensor<5>) -> Tensor<1> {
    if forecast.dims()[1] <= 2 {
        return Tensor::zeros([1], &forecast.device());
    }
    let forecast = change_distribution(forecast);
    let truth = change_distribution(truth);
    let ratio = forecast.clone() / (truth + EPSILON) + EPSILON;
    (forecast * ratio.log()).mean()
}

/// Softmax over space and channels of each frame's difference from the one before, `[batch, time - 1, values]`.
fn change_distribution(frames: Tensor<5>) -> Tensor<3> {
    let [batch, time, channels, height, width] = frames.dims();
    let frames = frames.reshape([batch, time, channels * height * width]);
    let change = frames.clone().narrow(1, 1, time - 1) - frames.narrow(1, 0, time - 1);
    softmax(change / TEMPERATURE, 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::{OpCase, Tolerance, devices};

    #[test]
    fn agrees_with_openstl() {
        let case = OpCase::load("diff_div_reg_0");
        for (name, device) in devices() {
            case.check(&device, &Tolerance::of(name), |inputs| {
                differential_divergence(inputs.get("pred"), inputs.get("true"))
            });
        }
    }

    #[test]
    fn two_frames_have_none() {
        let [device] = [burn::tensor::Device::flex()];
        let frames = Tensor::<5>::random([1, 2, 1, 4, 4], burn::tensor::Distribution::Default, &device);
        assert_eq!(
            differential_divergence(frames.clone(), frames * 2.0).into_scalar::<f32>(),
            0.0
        );
    }
}
