//! Blocks of recurrent networks: cells, highways, and what goes around them.

mod causal_lstm;
mod gate_conv;
mod gradient_highway;
mod growth;
mod motion;
mod motion_gru;
mod patches;
mod self_attention_memory;
mod settings;
mod st_lstm;
mod stack;

use burn::tensor::Tensor;

pub use causal_lstm::{CausalLstm, CausalLstmConfig};
pub use gate_conv::{GateConv, GateConvConfig, ImageNorm};
pub use gradient_highway::{GradientHighway, GradientHighwayConfig};
pub use growth::GrowthDecay;
pub use motion::{MotionPath, MotionPathConfig, MotionState};
pub use patches::FramePatches;
pub use self_attention_memory::{SelfAttentionMemory, SelfAttentionMemoryConfig};
pub use settings::openstl_presets;
pub use st_lstm::{StLstm, StLstmConfig};
pub use stack::{Stack, StackConfig};

/// Zeros of type and device of `like`, `[batch of like, channels, height, width]`.
pub fn zero_state(like: &Tensor<4>, channels: usize, [height, width]: [usize; 2]) -> Tensor<4> {
    let [batch, ..] = like.dims();
    Tensor::<4>::zeros([batch, channels, height, width], &like.device()).cast(like.dtype())
}
