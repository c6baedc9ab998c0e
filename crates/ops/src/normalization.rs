//! Batch, group and layer normalization.

mod kernels;

use burn::tensor::activation;
use burn::tensor::module;
use burn::tensor::{DType, Tensor};
use foreframe_kernels::pointwise::Activation;

use crate::implementation::has_kernel;
use crate::kernel::{Operands, run};

use kernels::{BatchNorm, GroupNorm, LayerNorm, Statistics};

/// Result of [`batch_norm_train`].
#[derive(Clone, Debug)]
pub struct BatchNormalized {
    /// The normalized input.
    pub output: Tensor<4>,
    /// Mean of every channel, `[channels]`, a constant to differentiation.
    pub mean: Tensor<1>,
    /// Variance of every channel (the mean square deviation), `[channels]`, a constant to differentiation.
    pub variance: Tensor<1>,
}

/// Normalizes every channel by its mean and variance over batch, height and width, scales and shifts it (Ioffe and
/// Szegedy, arXiv:1502.03167).
///
/// # Shapes
/// - `input`: `[batch, channels, height, width]`
/// - `weight`, `bias`: `[channels]`
/// - output: that of `input`
///
/// # Panics
/// When the number of channels differs.
pub fn batch_norm_train(input: Tensor<4>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> BatchNormalized {
    check_channels("batch_norm_train", input.dims()[1], [&weight, &bias]);
    if !has_kernel(&input) {
        let found = module::batch_norm_train(input, weight, bias, epsilon);
        return BatchNormalized {
            output: found.output,
            mean: found.mean,
            variance: found.variance,
        };
    }
    let channels = input.dims()[1];
    let constant = if input.device().is_autodiff() {
        input.clone().inner()
    } else {
        input.clone()
    };
    let statistics: Tensor<2> = run(Statistics, Operands::One(constant.into_dispatch()));
    let kernel = BatchNorm {
        epsilon: epsilon as f32,
        training: true,
        statistics: statistics.to_data().iter().collect(),
    };
    let output = run(
        kernel,
        Operands::Three(input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()),
    );
    let statistic = |row: usize| statistics.clone().narrow(0, row, 1).reshape([channels]);
    BatchNormalized {
        output,
        mean: statistic(0),
        variance: statistic(1),
    }
}

/// Normalizes every channel by a given mean and variance, scales and shifts it.
///
/// # Shapes
/// - `input`: `[batch, channels, height, width]`
/// - `weight`, `bias`, `mean`, `variance`: `[channels]`; the last two are constants
/// - output: that of `input`
///
/// # Panics
/// When the number of channels differs.
pub fn batch_norm(
    input: Tensor<4>,
    weight: Tensor<1>,
    bias: Tensor<1>,
    mean: Tensor<1>,
    variance: Tensor<1>,
    epsilon: f64,
) -> Tensor<4> {
    check_channels("batch_norm", input.dims()[1], [&weight, &bias, &mean, &variance]);
    if !has_kernel(&input) {
        return module::batch_norm(input, weight, bias, mean, variance, epsilon);
    }
    let statistics = [mean, variance].map(Tensor::into_data);
    let kernel = BatchNorm {
        epsilon: epsilon as f32,
        training: false,
        statistics: statistics.iter().flat_map(|values| values.iter::<f32>()).collect(),
    };
    run(
        kernel,
        Operands::Three(input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()),
    )
}

/// The activation that follows a [`group_norm`] in the same pass.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Then {
    /// Nothing.
    #[default]
    Nothing,
    /// [`silu`](crate::silu).
    Silu,
    /// [`leaky_relu`](crate::leaky_relu) with this slope.
    LeakyRelu(f32),
}

/// Normalizes every group of channels of every image by its mean and variance, scales and shifts every channel (Wu and
/// He, arXiv:1803.08494), and applies `then`.
///
/// # Shapes
/// - `input`: `[batch, channels, height, width]`
/// - `weight`, `bias`: `[channels]`
/// - output: that of `input`
///
/// # Panics
/// When the number of channels differs or the groups do not divide it.
pub fn group_norm(
    input: Tensor<4>,
    groups: usize,
    weight: Tensor<1>,
    bias: Tensor<1>,
    epsilon: f64,
    then: Then,
) -> Tensor<4> {
    let [batch, channels, height, width] = input.dims();
    check_channels("group_norm", channels, [&weight, &bias]);
    assert!(
        groups > 0 && channels.is_multiple_of(groups),
        "group_norm: {groups} groups do not divide {channels} channels (axis 1)"
    );
    if has_kernel(&input) {
        let activation = match then {
            Then::Nothing => None,
            Then::Silu => Some(Activation::Silu),
            Then::LeakyRelu(slope) => Some(Activation::LeakyRelu(slope)),
        };
        let kernel = GroupNorm {
            groups,
            epsilon: epsilon as f32,
            activation,
        };
        return run(
            kernel,
            Operands::Three(input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()),
        );
    }
    let normalized = standardized(
        input.reshape([batch, groups, channels / groups * height * width]),
        2,
        epsilon,
    );
    let output = normalized.reshape([batch, channels, height, width]) * weight.reshape([1, channels, 1, 1])
        + bias.reshape([1, channels, 1, 1]);
    match then {
        Then::Nothing => output,
        Then::Silu => activation::silu(output),
        Then::LeakyRelu(slope) => activation::leaky_relu(output, f64::from(slope)),
    }
}

/// Normalizes along the last axis, scales and shifts (Ba et al., arXiv:1607.06450).
///
/// # Shapes
/// - `input`: `[.., columns]`
/// - `weight`, `bias`: `[columns]`
/// - output: that of `input`
///
/// # Panics
/// When the number of columns differs.
pub fn layer_norm<const D: usize>(input: Tensor<D>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<D> {
    let columns = input.dims()[D - 1];
    check_channels("layer_norm", columns, [&weight, &bias]);
    if has_kernel(&input) {
        let kernel = LayerNorm {
            epsilon: epsilon as f32,
            channels_first: false,
        };
        return run(
            kernel,
            Operands::Three(input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()),
        );
    }
    let mut shape = [1; D];
    shape[D - 1] = columns;
    standardized(input, D - 1, epsilon) * weight.reshape(shape) + bias.reshape(shape)
}

/// Normalizes over the channels of every pixel, scales and shifts (a layer normalization for images, as in ConvNeXt, Liu
/// et al., arXiv:2201.03545).
///
/// # Shapes
/// - `input`: `[batch, channels, height, width]`
/// - `weight`, `bias`: `[channels]`
/// - output: that of `input`
///
/// # Panics
/// When the number of channels differs.
pub fn channel_norm(input: Tensor<4>, weight: Tensor<1>, bias: Tensor<1>, epsilon: f64) -> Tensor<4> {
    let channels = input.dims()[1];
    check_channels("channel_norm", channels, [&weight, &bias]);
    if has_kernel(&input) {
        let kernel = LayerNorm {
            epsilon: epsilon as f32,
            channels_first: true,
        };
        return run(
            kernel,
            Operands::Three(input.into_dispatch(), weight.into_dispatch(), bias.into_dispatch()),
        );
    }
    let shape = [1, channels, 1, 1];
    standardized(input, 1, epsilon) * weight.reshape(shape) + bias.reshape(shape)
}

/// Mean 0 and variance 1 along an axis, from sums in 32 bits.
fn standardized<const D: usize>(input: Tensor<D>, axis: usize, epsilon: f64) -> Tensor<D> {
    if input.dtype() != DType::F32 {
        let dtype = input.dtype();
        return standardized(input.cast(DType::F32), axis, epsilon).cast(dtype);
    }
    let centered = input.clone() - input.mean_dim(axis);
    let variance = centered.clone().square().mean_dim(axis);
    centered / (variance + epsilon).sqrt()
}

fn check_channels<const N: usize>(op: &str, channels: usize, parameters: [&Tensor<1>; N]) {
    for parameter in parameters {
        let [found] = parameter.dims();
        assert!(
            found == channels,
            "{op}: a parameter has {found} values for {channels} channels"
        );
    }
}
