//! HorNet: recursive gated convolution (Rao et al., arXiv:2207.14284).

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{
    Block, BlockConfig, Conv2d, Conv2dConfig, DepthwiseConv2d, DepthwiseConv2dConfig, DropPath, FeedForward,
    LayerNorm2d, SizedBlock, fan_out_std,
};
use foreframe_ops::scaled_add;

use crate::linear::INITIAL_STD;
use crate::translators::owned;

/// How often features are gated.
const ORDER: usize = 4;
const EPSILON: f64 = 1e-6;
const INITIAL_SCALE: f64 = 1e-6;

/// The channels that each gate passes: an eighth of all, a quarter, half, all.
fn widths(channels: usize) -> [usize; ORDER] {
    std::array::from_fn(|order| channels >> (ORDER - 1 - order))
}

/// The convolution that makes all gates.
fn gates(channels: usize) -> DepthwiseConv2dConfig {
    DepthwiseConv2dConfig::new(widths(channels).iter().sum(), 7)
}

/// Gates features, widens them, gates them again, until they are as wide as the input.
#[derive(Module, Debug)]
struct GatedConv {
    project_in: Conv2d,
    gates: DepthwiseConv2d,
    widen: Vec<Conv2d>,
    project_out: Conv2d,
}

impl GatedConv {
    fn new(channels: usize, device: &Device) -> Self {
        let pointwise = |[input, output]: [usize; 2]| {
            Conv2dConfig::new([input, output], 1).init_normal(fan_out_std(output, 1, 1), device)
        };
        let widths = widths(channels);
        Self {
            project_in: pointwise([channels, 2 * channels]),
            gates: gates(channels).init(device),
            widen: widths.windows(2).map(|ends| pointwise([ends[0], ends[1]])).collect(),
            project_out: pointwise([channels, channels]),
        }
    }

    fn forward(&self, features: Tensor<4>) -> Tensor<4> {
        let widths = widths(features.dims()[1]);
        let projected = self.project_in.forward(features);
        let all = projected.dims()[1];
        let gates = self
            .gates
            .forward(projected.clone().narrow(1, widths[0], all - widths[0]));
        // Widths double, so that those before one of them add up to it less the first.
        let starts = widths.map(|width| width - widths[0]);
        let gate = |order: usize| gates.clone().narrow(1, starts[order], widths[order]);
        let gated = projected.narrow(1, 0, widths[0]) * gate(0);
        let gated = (1..ORDER)
            .zip(&self.widen)
            .fold(gated, |gated, (order, widen)| widen.forward(gated) * gate(order));
        self.project_out.forward(gated)
    }

    fn cost(channels: usize, size: [usize; 2]) -> Cost {
        let positions = size[0] * size[1];
        let widen = widths(channels)
            .windows(2)
            .map(|ends| Cost::linear(ends[1] * positions, ends[0]))
            .sum();
        Cost::linear(3 * channels * positions, channels) + gates(channels).cost(size) + widen
    }
}

/// Gated convolution and a feed-forward branch, each normalized, scaled and added to its input.
#[derive(Module, Debug)]
pub(crate) struct HorNetBlock {
    conv_norm: LayerNorm2d,
    conv: GatedConv,
    conv_scale: Param<Tensor<1>>,
    mlp_norm: LayerNorm2d,
    mlp: FeedForward,
    mlp_scale: Param<Tensor<1>>,
    drop_path: DropPath,
}

impl Block for HorNetBlock {
    fn forward(&self, features: Tensor<4>, _step: usize) -> Tensor<4> {
        let gated = self.conv.forward(self.conv_norm.forward(features.clone()));
        let features = scaled_add(features, self.drop_path.forward(gated), self.conv_scale.val());
        let mixed = self.mlp.on_channels(self.mlp_norm.forward(features.clone()));
        scaled_add(features, self.drop_path.forward(mixed), self.mlp_scale.val())
    }
}

impl SizedBlock for HorNetBlock {
    const CHANNEL_MULTIPLE: usize = 1 << (ORDER - 1);

    fn new(config: &BlockConfig, device: &Device) -> Self {
        let channels = config.channels;
        let norm = || LayerNorm2d::new(channels, EPSILON, device);
        let scale = || Initializer::Constant { value: INITIAL_SCALE }.init([channels], device);
        Self {
            conv_norm: norm(),
            conv: GatedConv::new(channels, device),
            conv_scale: scale(),
            mlp_norm: norm(),
            mlp: FeedForward::new(channels, config.hidden(), INITIAL_STD, device),
            mlp_scale: scale(),
            drop_path: DropPath::new(config.drop_path),
        }
    }

    fn cost(config: &BlockConfig, size: [usize; 2]) -> Cost {
        let positions = size[0] * size[1];
        Cost::group_norm(config.channels * positions) * 2
            + GatedConv::cost(config.channels, size)
            + FeedForward::cost(config.channels, config.hidden(), positions)
    }

    fn openstl_keys() -> Vec<(String, String)> {
        owned([
            ("conv_norm", "norm1"),
            ("conv.project_in", "gnconv.proj_in"),
            ("conv.gates", "gnconv.dwconv"),
            ("conv.widen.*", "gnconv.pws.*"),
            ("conv.project_out", "gnconv.proj_out"),
            ("conv_scale", "gamma1"),
            ("mlp_norm", "norm2"),
            ("mlp.expand", "pwconv1"),
            ("mlp.contract", "pwconv2"),
            ("mlp_scale", "gamma2"),
        ])
    }
}
