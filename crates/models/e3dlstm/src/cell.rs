//! The eidetic cell.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::fan_in_uniform;
use foreframe_ops::{conv2d, same, sigmoid, tanh};

use crate::recall::{recall, recall_cost};
use crate::volume::{SLICES, VolumeConv, VolumeConvConfig, VolumeNorm};

/// Sizes of an [`E3dCell`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct E3dCellConfig {
    /// Channels of the input.
    pub(crate) input: usize,
    /// Channels of hidden state and cell.
    pub(crate) width: usize,
    /// Height and width.
    pub(crate) image: [usize; 2],
    /// Whether gates are normalized.
    pub(crate) layer_norm: bool,
}

impl E3dCellConfig {
    fn convolution(&self, input: usize, outputs: usize) -> VolumeConvConfig {
        VolumeConvConfig {
            input,
            output: outputs * self.width,
            normalized: self.layer_norm.then_some(self.image),
        }
    }

    pub(crate) fn init(&self, device: &Device) -> E3dCell {
        let (width, [rows, columns]) = (self.width, self.image);
        E3dCell {
            input_gates: self.convolution(self.input, 7).init(device),
            hidden_gates: self.convolution(width, 4).init(device),
            memory_gates: self
                .layer_norm
                .then(|| Param::from_tensor(Tensor::zeros([4 * width, SLICES, rows, columns], device))),
            output_of_cell: self.convolution(width, 1).init(device),
            output_of_memory: self.convolution(width, 1).init(device),
            cell_norm: VolumeNorm::new(width, self.image, device),
            merge: fan_in_uniform().init_with([width, 2 * width, 1, 1, 1], Some(2 * width), None, device),
            width,
        }
    }

    /// Cost of one step in which `recalled` states are looked at.
    pub(crate) fn cost(&self, recalled: usize) -> Cost {
        let (width, image) = (self.width, self.image);
        let pixels = image[0] * image[1];
        // Without normalization the memory has one slice, and its forget gate no effect.
        let (of_input, slices) = if self.layer_norm { (7, SLICES) } else { (6, 1) };
        self.convolution(self.input, 7).cost(image, of_input * width, SLICES)
            + self.convolution(width, 4).cost(image, 4 * width, SLICES)
            + self.convolution(width, 1).cost(image, width, SLICES)
            + self.convolution(width, 1).cost(image, width, slices)
            + Cost::linear(width * (SLICES + slices) * pixels, width)
            + Cost::group_norm(width * SLICES * pixels)
            + recall_cost(width, image, recalled)
    }
}

/// A spatio-temporal LSTM on volumes whose forget gate is a look at all earlier cells (equations 4 to 6 of the paper).
///
/// The memory that the paper passes from layer to layer stays zero: the reference returns it as it came in. Its convolution
/// is therefore left out, but for the shift of its normalization.
#[derive(Module, Debug)]
pub(crate) struct E3dCell {
    input_gates: VolumeConv,
    hidden_gates: VolumeConv,
    /// `[4 width, 2, height, width]`: the gates of a memory that is zero.
    memory_gates: Option<Param<Tensor<4>>>,
    output_of_cell: VolumeConv,
    output_of_memory: VolumeConv,
    cell_norm: VolumeNorm,
    /// `[width, 2 width, 1, 1, 1]`
    merge: Param<Tensor<5>>,
    width: usize,
}

impl E3dCell {
    /// The new hidden state and the new cell.
    ///
    /// # Shapes
    /// - `input`: `[batch, 2 input, height, width]`, a channel's two slices after each other
    /// - `hidden`, outputs and every one of `history`: `[batch, 2 width, height, width]`; the last of `history` is the cell
    pub(crate) fn forward(&self, input: Tensor<4>, hidden: Tensor<4>, history: &[Tensor<4>]) -> [Tensor<4>; 2] {
        let part = |gates: &Tensor<5>, number: usize| gates.clone().narrow(1, number * self.width, self.width);
        let of_input = self.input_gates.first_channels(volume(input), 6 * self.width);
        let gates = of_input.clone().narrow(1, 0, 4 * self.width) + self.hidden_gates.forward(volume(hidden));
        let [input, candidate, query, output] = std::array::from_fn(|number| part(&gates, number));

        let cell = volume(history[history.len() - 1].clone());
        let recalled = recall(sigmoid(query), history);
        let cell = self.cell_norm.forward(cell + recalled) + sigmoid(input) * tanh(candidate);

        let memory = match &self.memory_gates {
            None => sigmoid(part(&of_input, 4)) * tanh(part(&of_input, 5)),
            Some(gates) => {
                let gates = gates.val().unsqueeze::<5>();
                let [input, forget, candidate, kept] = std::array::from_fn(|number| part(&gates, number));
                let old = sigmoid(part(&of_input, 6) + forget + 1.0) * tanh(kept);
                old + sigmoid(part(&of_input, 4) + input) * tanh(part(&of_input, 5) + candidate)
            }
        };
        let output =
            tanh(output + self.output_of_cell.forward(cell.clone()) + self.output_of_memory.forward(memory.clone()));
        let hidden = tanh(self.merged(cell.clone(), memory)) * sigmoid(output);
        [hidden.flatten(1, 2), cell.flatten(1, 2)]
    }

    /// Cell and memory, mixed pixel by pixel; what has one slice is mixed once.
    fn merged(&self, cell: Tensor<5>, memory: Tensor<5>) -> Tensor<5> {
        let mixed = |part: Tensor<5>, first: usize| {
            let [batch, _, slices, rows, columns] = part.dims();
            let weight = self.merge.val().narrow(1, first, self.width);
            let weight = weight.reshape([self.width, self.width, 1, 1]);
            let flat = part.reshape([batch, self.width, slices * rows, columns]);
            let mixed = conv2d(flat, weight, None, same([1, 1], 1, 1));
            mixed.reshape([batch, self.width, slices, rows, columns])
        };
        mixed(cell, 0) + mixed(memory, self.width)
    }
}

/// A volume from its slices in the channels.
fn volume(slices: Tensor<4>) -> Tensor<5> {
    let [batch, channels, rows, columns] = slices.dims();
    slices.reshape([batch, channels / SLICES, SLICES, rows, columns])
}
