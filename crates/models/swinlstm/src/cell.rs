//! The recurrent cell.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{PathDraws, Windows};
use foreframe_ops::sigmoid;

use crate::block::{SwinLstmBlock, SwinLstmBlockConfig};

/// Sizes of a [`SwinLstmCell`].
pub(crate) struct SwinLstmCellConfig {
    /// Channels of input, hidden state and memory.
    pub(crate) width: usize,
    pub(crate) heads: usize,
    /// Those of shifted blocks.
    pub(crate) windows: Windows,
    /// Of every block.
    pub(crate) drop_paths: Vec<f64>,
}

impl SwinLstmCellConfig {
    fn blocks(&self) -> impl Iterator<Item = SwinLstmBlockConfig> + '_ {
        let blocks = self.drop_paths.iter().enumerate();
        blocks.map(|(index, &drop_path)| SwinLstmBlockConfig {
            width: self.width,
            heads: self.heads,
            windows: self.windows.clone().of_block(index),
            drop_path,
            second: index.is_multiple_of(2),
        })
    }

    pub(crate) fn init(&self, device: &Device) -> SwinLstmCell {
        SwinLstmCell {
            blocks: self.blocks().map(|block| block.init(device)).collect(),
        }
    }

    /// Cost for an image of so many positions.
    pub(crate) fn cost(&self, positions: usize) -> Cost {
        self.blocks().map(|block| block.cost(positions)).sum()
    }
}

/// An LSTM cell with one gate (equations 4 to 8 of the paper), whose products are blocks of attention: the first reads the
/// hidden state beside the input, every second one after it the input again.
#[derive(Module, Debug)]
pub(crate) struct SwinLstmCell {
    blocks: Vec<SwinLstmBlock>,
}

impl SwinLstmCell {
    /// The new hidden state and memory.
    ///
    /// # Shapes
    /// - all: `[batch, width, height, width]`
    pub(crate) fn forward(
        &self,
        input: Tensor<4>,
        hidden: Tensor<4>,
        memory: Tensor<4>,
        draws: &mut Option<PathDraws>,
    ) -> [Tensor<4>; 2] {
        let mut features = input.clone();
        let mut second = hidden;
        for block in &self.blocks {
            features = block.forward(features, second, draws);
            second = input.clone();
        }
        let gate = sigmoid(features.clone());
        let memory = gate.clone() * (memory + features.tanh());
        [gate * memory.clone().tanh(), memory]
    }
}
