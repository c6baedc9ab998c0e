//! Convolutions as partial derivatives.

use burn::tensor::{Device, Tensor, TensorData};

/// Edge of the kernels.
pub(crate) const EDGE: usize = 7;
/// Partial derivatives: of every order below 7 in both directions.
pub(crate) const ORDERS: usize = EDGE * EDGE;

/// How far kernels are from partial derivatives: kernel k should have the moment 1 at `(k / 7, k % 7)` and no other (Long et
/// al., PDE-Net, arXiv:1710.09668). Over moments the mean of the squares, over input channels the sum.
///
/// # Shapes
/// - `kernels`: `[49, channels, 7, 7]`
/// - output: `[1]`
pub(crate) fn moment_loss(kernels: Tensor<4>) -> Tensor<1> {
    let device = kernels.device();
    let powers = powers(&device).cast(kernels.dtype());
    let channels = kernels.dims()[1];
    let kernels = kernels.reshape([ORDERS * channels, EDGE, EDGE]);
    let moments = powers.clone().matmul(kernels).matmul(powers.swap_dims(1, 2));
    let moments = moments.reshape([ORDERS, channels, ORDERS]);
    let wanted = Tensor::<2>::eye(ORDERS, &device)
        .cast(moments.dtype())
        .unsqueeze_dim::<3>(1);
    (moments - wanted).square().sum() / (ORDERS * ORDERS) as f64
}

/// `(u - 3)^i / i!` at row i and column u, `[1, 7, 7]`.
fn powers(device: &Device) -> Tensor<3> {
    let mut rows = [1.0f64; EDGE];
    let mut values: Vec<f32> = Vec::with_capacity(ORDERS);
    for order in 0..EDGE {
        values.extend(rows.iter().map(|value| *value as f32));
        for (tap, value) in rows.iter_mut().enumerate() {
            *value *= (tap as f64 - (EDGE / 2) as f64) / (order + 1) as f64;
        }
    }
    Tensor::from_data(TensorData::new(values, [1, EDGE, EDGE]), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Central differences are derivatives: their other moments are those of higher orders alone.
    #[test]
    fn moments_of_known_kernels() {
        let device = Device::flex();
        // The first derivative in x at kernel 1, nothing elsewhere.
        let mut kernels = vec![0.0f32; ORDERS * ORDERS];
        (kernels[ORDERS + 3 * EDGE + 2], kernels[ORDERS + 3 * EDGE + 4]) = (-0.5, 0.5);
        let kernels = Tensor::from_data(TensorData::new(kernels, [ORDERS, 1, EDGE, EDGE]), &device);
        let loss: f32 = moment_loss(kernels).into_scalar();
        // 48 kernels lack their moment; this one has the third and the fifth, 1/3! and 1/5!.
        let expected = (48.0 + (1.0f32 / 6.0).powi(2) + (1.0f32 / 120.0).powi(2)) / (ORDERS * ORDERS) as f32;
        assert!((loss - expected).abs() < 1e-6, "{loss} instead of {expected}");
    }
}
