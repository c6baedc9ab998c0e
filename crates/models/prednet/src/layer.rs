//! One layer.

use burn::module::Module;
use burn::nn::Initializer;
use burn::tensor::module::{interpolate, max_pool2d};
use burn::tensor::ops::{InterpolateMode, InterpolateOptions, MaxPoolOptions};
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig};
use foreframe_ops::{relu, tanh};

/// A layer, its neighbors' channels and whether it has any.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LayerSizes {
    pub(crate) channels: usize,
    /// Of the layer above.
    pub(crate) above: Option<usize>,
}

impl LayerSizes {
    /// Of every layer of a stack.
    pub(crate) fn of(channels: &[usize]) -> Vec<Self> {
        (0..channels.len())
            .map(|layer| Self {
                channels: channels[layer],
                above: channels.get(layer + 1).copied(),
            })
            .collect()
    }

    fn gate(&self) -> Conv2dConfig {
        // The state, both signs of the error, and the state of the layer above.
        convolution([3 * self.channels + self.above.unwrap_or(0), self.channels])
    }

    fn prediction(&self) -> Conv2dConfig {
        convolution([self.channels; 2])
    }

    fn upwards(&self) -> Option<Conv2dConfig> {
        self.above.map(|above| convolution([2 * self.channels, above]))
    }

    pub(crate) fn init(&self, device: &Device) -> Layer {
        let init = |config: Conv2dConfig| {
            let mut convolution = config.init(device);
            convolution.bias = Some(Initializer::Zeros.init([config.output], device));
            convolution
        };
        Layer {
            input_gate: init(self.gate()),
            forget_gate: init(self.gate()),
            candidate: init(self.gate()),
            output_gate: init(self.gate()),
            prediction: init(self.prediction()),
            upwards: self.upwards().map(init),
        }
    }

    /// Cost of updating the state and of predicting from it.
    pub(crate) fn downward_cost(&self, image: [usize; 2]) -> Cost {
        self.gate().cost(image) * 4 + self.prediction().cost(image)
    }

    /// Cost of handing the error on.
    pub(crate) fn upward_cost(&self, image: [usize; 2]) -> Cost {
        self.upwards().map_or_else(Cost::default, |upwards| upwards.cost(image))
    }
}

fn convolution(channels: [usize; 2]) -> Conv2dConfig {
    Conv2dConfig::new(channels, 3).with_padding(1)
}

/// A state that predicts the layer's input, and what is handed on of the error.
#[derive(Module, Debug)]
pub(crate) struct Layer {
    input_gate: Conv2d,
    forget_gate: Conv2d,
    candidate: Conv2d,
    output_gate: Conv2d,
    prediction: Conv2d,
    /// From both signs of the error to the input of the layer above; the last layer has none.
    upwards: Option<Conv2d>,
}

impl Layer {
    /// The new state and the new cell.
    ///
    /// # Shapes
    /// - `state`, `cell`, outputs: `[batch, channels, height, width]`
    /// - `error`: `[batch, 2 * channels, height, width]`
    /// - `above`: the new state of the layer above, `[batch, channels above, height / 2, width / 2]`
    pub(crate) fn update(
        &self,
        state: Tensor<4>,
        cell: Tensor<4>,
        error: Tensor<4>,
        above: Option<Tensor<4>>,
    ) -> [Tensor<4>; 2] {
        let mut seen = vec![state, error];
        if let Some(above) = above {
            let [.., height, width] = above.dims();
            let options = InterpolateOptions::new(InterpolateMode::Nearest).with_output_size([2 * height, 2 * width]);
            seen.push(interpolate(above, options));
        }
        let seen = Tensor::cat(seen, 1);
        let gate = |convolution: &Conv2d| hard_sigmoid(convolution.forward(seen.clone()));
        let candidate = tanh(self.candidate.forward(seen.clone()));
        let cell = gate(&self.forget_gate) * cell + gate(&self.input_gate) * candidate;
        [gate(&self.output_gate) * tanh(cell.clone()), cell]
    }

    /// The layer's input as its state predicts it.
    pub(crate) fn predict(&self, state: Tensor<4>) -> Tensor<4> {
        relu(self.prediction.forward(state))
    }

    /// The input of the layer above, where there is one.
    pub(crate) fn hand_on(&self, error: Tensor<4>) -> Option<Tensor<4>> {
        let upwards = self.upwards.as_ref()?;
        let input = relu(upwards.forward(error));
        Some(max_pool2d(input, MaxPoolOptions::new([2, 2])))
    }
}

/// Where the prediction is too large, then where it is too small, `[batch, 2 * channels, height, width]`.
pub(crate) fn errors(prediction: Tensor<4>, input: Tensor<4>) -> Tensor<4> {
    let difference = prediction - input;
    Tensor::cat(vec![relu(difference.clone()), relu(-difference)], 1)
}

fn hard_sigmoid(input: Tensor<4>) -> Tensor<4> {
    (input * 0.2 + 0.5).clamp(0.0, 1.0)
}
