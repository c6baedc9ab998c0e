//! The cell.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{ClipShape, Cost};
use foreframe_motionrnn::{GATE, MotionCell, gated};
use foreframe_nn::{SelfAttentionMemory, SelfAttentionMemoryConfig, StLstm, StLstmConfig};
use foreframe_ops::StLstmState;

use crate::GmgConfig;
use crate::focus::{GlobalFocus, GlobalFocusConfig};

/// Sizes of a [`GmgCell`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct GmgCellConfig<'a> {
    lstm: StLstmConfig,
    whole: &'a GmgConfig,
}

impl GmgConfig {
    pub(crate) fn cells(&self, clip: &ClipShape) -> Vec<GmgCellConfig<'_>> {
        let cell = |lstm| GmgCellConfig { lstm, whole: self };
        self.stack().st_lstms(clip).map(cell).collect()
    }
}

impl GmgCellConfig<'_> {
    const fn focus(&self) -> GlobalFocusConfig {
        GlobalFocusConfig {
            input: self.lstm.input,
            width: self.lstm.width,
            kernel: self.lstm.kernel,
            normalized: self.lstm.normalized,
        }
    }

    fn attention(&self) -> Option<SelfAttentionMemoryConfig> {
        (self.whole.attention > 0).then_some(SelfAttentionMemoryConfig {
            width: self.lstm.width,
            attention: self.whole.attention,
        })
    }

    pub(crate) fn init(&self, device: &Device) -> GmgCell {
        GmgCell {
            lstm: self.lstm.init(device),
            focus: self.focus().init(self.whole.focus, device),
            attention: self.attention().map(|attention| attention.init(device)),
        }
    }

    /// Cost of one step.
    pub(crate) fn cost(&self, size: [usize; 2]) -> Cost {
        let attention = self.attention().map(|attention| attention.cost(size));
        self.lstm.cost(size) + self.focus().cost(self.whole.focus, size) + attention.unwrap_or_default()
    }
}

/// A spatio-temporal LSTM, whose hidden state is focused globally and attends to itself and the memory, with a highway
/// past all of it.
#[derive(Module, Debug)]
pub(crate) struct GmgCell {
    lstm: StLstm,
    focus: Option<GlobalFocus>,
    attention: Option<SelfAttentionMemory>,
}

impl MotionCell for GmgCell {
    fn forward(&self, input: Tensor<4>, state: StLstmState, highway: Tensor<4>) -> StLstmState {
        let (state, gate) = gated(self.lstm.forward(input.clone(), state, GATE));
        let focused = match &self.focus {
            Some(focus) => focus.forward(input, state.hidden),
            None => state.hidden,
        };
        let [hidden, memory] = match &self.attention {
            Some(attention) => attention.forward(focused, state.memory),
            None => [focused, state.memory],
        };
        StLstmState {
            hidden: hidden + highway.clone() - gate * highway,
            cell: state.cell,
            memory,
        }
    }
}
