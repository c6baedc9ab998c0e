//! Building blocks that two or more of Foreframe's networks share.
//!
//! Each block has a configuration that builds it and knows what it costs; parameters are drawn when they are first used,
//! from the device's generator, so that seeding the device repeats a network.
//!
//! ```
//! use burn::tensor::{Device, Tensor};
//! use foreframe_nn::SpatialConfig;
//!
//! let device = Device::flex();
//! let config = SpatialConfig { frame_channels: 1, channels: 8, depth: 4, encoder_kernel: 3, decoder_kernel: 3 };
//! let frames = Tensor::zeros([2, 1, 32, 32], &device);
//! let (latents, features) = config.init_encoder(&device).forward(frames);
//! assert_eq!(latents.dims(), [2, 8, 8, 8]);
//! assert_eq!(config.init_decoder(&device).forward(latents, features).dims(), [2, 1, 32, 32]);
//! ```

mod attention;
mod batch_norm;
mod conv;
mod conv_block;
mod conv_mlp;
mod conv_transpose;
mod depthwise;
mod drop_path;
mod feed_forward;
mod group_norm;
mod initial_weights;
mod large_kernel;
mod layer_norm;
mod linear;
mod recurrent;
mod running_statistic;
mod spatial;
mod statistics;
mod translator;
mod windows;

pub use attention::SelfAttention;
pub use batch_norm::{BatchNorm2d, BatchNorm2dConfig};
pub use conv::{Conv2d, Conv2dConfig};
pub use conv_block::{ConvBlock, ConvBlockConfig, Resampling};
pub use conv_mlp::{ConvMlp, ConvMlpConfig};
pub use conv_transpose::{ConvTranspose2d, ConvTranspose2dConfig};
pub use depthwise::{DepthwiseConv2d, DepthwiseConv2dConfig};
pub use drop_path::{DropPath, PathDraws, drop_path_schedule};
pub use feed_forward::FeedForward;
pub use group_norm::GroupNorm;
pub use initial_weights::{fan_in_uniform, fan_out_std, normal};
pub use large_kernel::{LargeKernelBlock, LargeKernelConv, SpatialGate};
pub use layer_norm::{LayerNorm, LayerNorm2d};
pub use linear::{Linear, LinearConfig};
pub use recurrent::{
    CausalLstm, CausalLstmConfig, FramePatches, GateConv, GateConvConfig, GradientHighway, GradientHighwayConfig,
    GrowthDecay, ImageNorm, MotionPath, MotionPathConfig, MotionState, SelfAttentionMemory, SelfAttentionMemoryConfig,
    StLstm, StLstmConfig, Stack, StackConfig, openstl_presets, zero_state,
};
pub use running_statistic::RunningStatistic;
pub use spatial::{SpatialConfig, SpatialDecoder, SpatialEncoder};
pub use statistics::Statistics;
pub use translator::{
    Block, BlockConfig, BlockPlace, SizedBlock, Translator, TranslatorConfig, keys_below, translate_frames,
    translated_cost,
};
pub use windows::Windows;
