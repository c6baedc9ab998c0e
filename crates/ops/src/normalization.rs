//! Batch, group and layer normalization.

use burn::tensor::activation;
use burn::tensor::module;
use burn::tensor::{DType, Tensor};
use foreframe_kernels::norm;
use foreframe_kernels::pointwise::Activation;

use crate::implementation::has_kernel;
use crate::kernel::{Floats, Kernel, Known, Operands, run};

/// What [`batch_norm_train`] yields.
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

/// What follows a [`group_norm`] in the same pass.
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
    let centred = input.clone() - input.mean_dim(axis);
    let variance = centred.clone().square().mean_dim(axis);
    centred / (variance + epsilon).sqrt()
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

/// Mean and variance of every channel, `[2, channels]`.
#[derive(Debug)]
struct Statistics;

impl Kernel for Statistics {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let [batch, channels, pixels] = inputs[0].image();
        let output = Floats::filled([2, channels], |out| {
            let (mean, variance) = out.split_at_mut(channels);
            norm::batch_statistics(batch, channels, pixels, inputs[0].values(), mean, variance);
        });
        (output, Vec::new())
    }

    fn keeps(&self, _input: usize) -> bool {
        false
    }

    fn backward(&self, _known: &Known, _gradient: &Floats) -> Vec<Option<Floats>> {
        unreachable!("statistics are taken of constants")
    }
}

/// Inputs: image, weight, bias.
#[derive(Debug)]
struct BatchNorm {
    epsilon: f32,
    training: bool,
    /// Means of the channels, then variances. Not an input: Burn computes nothing again that depends on a constant.
    statistics: Vec<f32>,
}

impl Kernel for BatchNorm {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let [batch, channels, pixels] = inputs[0].image();
        let (mean, variance) = self.statistics.split_at(channels);
        let [x, w, b] = [0, 1, 2].map(|index: usize| inputs[index].values());
        let output = inputs[0].same_shape(|out| {
            norm::batch_norm(batch, channels, pixels, x, mean, variance, w, b, self.epsilon, out);
        });
        (output, Vec::new())
    }

    fn keeps(&self, input: usize) -> bool {
        input != 2
    }

    fn cheap(&self) -> bool {
        true
    }

    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        let [batch, channels, pixels] = gradient.image();
        let (mean, variance) = self.statistics.split_at(channels);
        let (x, w, g) = (known.input(0), known.input(1), gradient.values());
        let backward = if self.training {
            norm::batch_norm_train_backward
        } else {
            norm::batch_norm_eval_backward
        };
        let lens = [x.len(), channels, channels];
        let [dx, dw, db] = Floats::filled_together(lens, |[dx, dw, db]| {
            backward(
                batch,
                channels,
                pixels,
                x,
                mean,
                variance,
                w,
                self.epsilon,
                g,
                dx,
                dw,
                db,
            );
        });
        vec![Some(dx.reshaped(gradient.dims::<4>())), Some(dw), Some(db)]
    }
}

/// Inputs: image, weight, bias.
#[derive(Debug)]
struct GroupNorm {
    groups: usize,
    epsilon: f32,
    activation: Option<Activation>,
}

impl Kernel for GroupNorm {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let [batch, channels, pixels] = inputs[0].image();
        let [x, w, b] = [0, 1, 2].map(|index: usize| inputs[index].values());
        let statistics = batch * self.groups;
        let lens = [x.len(), statistics, statistics];
        let [output, mean, inverse_std] = Floats::filled_together(lens, |[out, mean, inverse_std]| {
            let (groups, epsilon) = (self.groups, self.epsilon);
            norm::group_norm(
                batch,
                channels,
                groups,
                pixels,
                x,
                w,
                b,
                epsilon,
                self.activation,
                out,
                mean,
                inverse_std,
            );
        });
        (output.reshaped(inputs[0].dims::<4>()), vec![mean, inverse_std])
    }

    fn keeps(&self, _input: usize) -> bool {
        true
    }

    fn cheap(&self) -> bool {
        true
    }

    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        let [batch, channels, pixels] = gradient.image();
        let [x, w, b] = [0, 1, 2].map(|index: usize| known.input(index));
        let (mean, inverse_std) = (known.saved[0].values(), known.saved[1].values());
        let lens = [x.len(), channels, channels];
        let [dx, dw, db] = Floats::filled_together(lens, |[dx, dw, db]| {
            let (groups, activation, g) = (self.groups, self.activation, gradient.values());
            norm::group_norm_backward(
                batch,
                channels,
                groups,
                pixels,
                x,
                mean,
                inverse_std,
                w,
                b,
                activation,
                g,
                dx,
                dw,
                db,
            );
        });
        vec![Some(dx.reshaped(gradient.dims::<4>())), Some(dw), Some(db)]
    }
}

/// Inputs: values, weight, bias.
#[derive(Debug)]
struct LayerNorm {
    epsilon: f32,
    channels_first: bool,
}

impl Kernel for LayerNorm {
    fn forward(&self, inputs: &[Floats]) -> (Floats, Vec<Floats>) {
        let [x, w, b] = [0, 1, 2].map(|index: usize| inputs[index].values());
        let [rows, columns] = inputs[0].rows();
        let epsilon = self.epsilon;
        let image = self.channels_first.then(|| inputs[0].image());
        let normalized = image.map_or(rows, |[batch, _, pixels]| batch * pixels);
        let lens = [x.len(), normalized, normalized];
        let mut saved = Floats::filled_together(lens, |[out, mean, inverse_std]| match image {
            Some([batch, channels, pixels]) => {
                norm::channel_norm(batch, channels, pixels, x, w, b, epsilon, out, mean, inverse_std);
            }
            None => norm::layer_norm(rows, columns, x, w, b, epsilon, out, mean, inverse_std),
        })
        .to_vec();
        let output = saved.remove(0);
        (output.shaped_like(&inputs[0]), saved)
    }

    fn keeps(&self, input: usize) -> bool {
        input < 2
    }

    fn cheap(&self) -> bool {
        true
    }

    fn backward(&self, known: &Known, gradient: &Floats) -> Vec<Option<Floats>> {
        let (x, w, g) = (known.input(0), known.input(1), gradient.values());
        let (mean, inverse_std) = (known.saved[0].values(), known.saved[1].values());
        let lens = [x.len(), w.len(), w.len()];
        let [dx, dw, db] = Floats::filled_together(lens, |[dx, dw, db]| {
            if self.channels_first {
                let [batch, channels, pixels] = gradient.image();
                norm::channel_norm_backward(batch, channels, pixels, x, mean, inverse_std, w, g, dx, dw, db);
            } else {
                let [rows, columns] = gradient.rows();
                norm::layer_norm_backward(rows, columns, x, mean, inverse_std, w, g, dx, dw, db);
            }
        });
        vec![Some(dx.shaped_like(gradient)), Some(dw), Some(db)]
    }
}
