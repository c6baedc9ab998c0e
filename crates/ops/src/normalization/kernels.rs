//! The loops behind the normalizations.

use foreframe_kernels::norm;
use foreframe_kernels::pointwise::Activation;

use crate::kernel::{DifferentiableKernel, Floats, Known};

/// Mean and variance of every channel, `[2, channels]`.
#[derive(Debug)]
pub(super) struct Statistics;

impl DifferentiableKernel for Statistics {
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
pub(super) struct BatchNorm {
    pub(super) epsilon: f32,
    pub(super) training: bool,
    /// Means of the channels, then variances. Not an input: Burn computes nothing again that depends on a constant.
    pub(super) statistics: Vec<f32>,
}

impl DifferentiableKernel for BatchNorm {
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
pub(super) struct GroupNorm {
    pub(super) groups: usize,
    pub(super) epsilon: f32,
    pub(super) activation: Option<Activation>,
}

impl DifferentiableKernel for GroupNorm {
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
pub(super) struct LayerNorm {
    pub(super) epsilon: f32,
    pub(super) channels_first: bool,
}

impl DifferentiableKernel for LayerNorm {
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
