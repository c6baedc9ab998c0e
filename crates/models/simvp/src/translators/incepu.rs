//! IncepU: a U of inception layers (Gao et al., CVPR 2022, arXiv:2206.05099).

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{ClipShape, ConfigError, Cost};
use foreframe_nn::{Block, Conv2d, Conv2dConfig, GroupNorm, keys_below};
use foreframe_ops::Then;

use crate::SimVpConfig;
use crate::translators::{TranslatorNet, owned};

/// Edges of the kernels that see the same input.
const KERNELS: [usize; 4] = [3, 5, 7, 11];
const SLOPE: f32 = 0.2;

/// Sizes of an [`IncepU`].
#[derive(Clone, Debug, PartialEq)]
pub struct IncepUConfig {
    /// Channels in and out, a multiple of `groups`.
    pub latent_channels: usize,
    /// Channels in between, a multiple of twice the `groups`.
    pub channels: usize,
    /// Layers on the way down and on the way up, 2 or more.
    pub depth: usize,
    /// Groups of the convolutions and normalizations. OpenSTL has 8; where those do not divide half the channels, it takes
    /// 1 without saying so.
    pub groups: usize,
}

/// Input and output channels of one layer.
type Ends = [usize; 2];

impl IncepUConfig {
    /// The layers on the way down.
    fn down(&self) -> impl Iterator<Item = Ends> + '_ {
        (0..self.depth).map(|layer| {
            let input = if layer == 0 {
                self.latent_channels
            } else {
                self.channels
            };
            [input, self.channels]
        })
    }

    /// The layers on the way up; all but the first also see a layer of the way down.
    fn up(&self) -> impl Iterator<Item = Ends> + '_ {
        (0..self.depth).map(|layer| {
            let input = if layer == 0 { self.channels } else { 2 * self.channels };
            let last = layer + 1 == self.depth;
            [input, if last { self.latent_channels } else { self.channels }]
        })
    }

    const fn hidden(&self) -> usize {
        self.channels / 2
    }

    /// The network with fresh weights.
    pub fn init(&self, device: &Device) -> IncepU {
        let layer = |ends| Inception::new(ends, self.hidden(), self.groups, device);
        IncepU {
            down: self.down().map(layer).collect(),
            up: self.up().map(layer).collect(),
        }
    }

    /// Cost for one image of this size.
    pub fn cost(&self, size: [usize; 2]) -> Cost {
        let positions = size[0] * size[1];
        let layer = |[input, output]: Ends| {
            let kernels = KERNELS.map(|kernel| {
                Cost::convolution(output * positions, self.hidden() / self.groups, [kernel, kernel])
                    + Cost::group_norm(output * positions)
            });
            Cost::linear(self.hidden() * positions, input) + kernels.into_iter().sum()
        };
        self.down().chain(self.up()).map(layer).sum()
    }
}

/// One kernel size of an inception layer.
#[derive(Module, Debug)]
struct Branch {
    conv: Conv2d,
    norm: GroupNorm,
}

/// A 1x1 convolution, and the sum of what kernels of several sizes make of it.
#[derive(Module, Debug)]
struct Inception {
    reduce: Conv2d,
    branches: Vec<Branch>,
}

impl Inception {
    fn new([input, output]: Ends, hidden: usize, groups: usize, device: &Device) -> Self {
        let branch = |kernel| Branch {
            conv: Conv2dConfig::new([hidden, output], kernel)
                .with_padding(kernel / 2)
                .with_groups(groups)
                .init(device),
            norm: GroupNorm::new(groups, output, device),
        };
        Self {
            reduce: Conv2dConfig::new([input, hidden], 1).init(device),
            branches: KERNELS.map(branch).into(),
        }
    }

    fn forward(&self, features: Tensor<4>) -> Tensor<4> {
        let reduced = self.reduce.forward(features);
        let seen = self.branches.iter().map(|branch| {
            let convolved = branch.conv.forward(reduced.clone());
            branch.norm.forward(convolved, Then::LeakyRelu(SLOPE))
        });
        seen.reduce(|sum, branch| sum + branch)
            .expect("there are kernels of several sizes")
    }
}

/// Inception layers, of which those on the way up also see those on the way down.
#[derive(Module, Debug)]
pub struct IncepU {
    down: Vec<Inception>,
    up: Vec<Inception>,
}

impl Block for IncepU {
    fn forward(&self, features: Tensor<4>, _step: usize) -> Tensor<4> {
        let mut seen: Vec<Tensor<4>> = Vec::new();
        for layer in &self.down {
            let input = seen.last().cloned().unwrap_or_else(|| features.clone());
            seen.push(layer.forward(input));
        }
        let mut features = seen.pop().unwrap_or(features);
        let (first, others) = self.up.split_first().expect("there are 2 layers or more");
        features = first.forward(features);
        for (layer, skipped) in others.iter().zip(seen.into_iter().rev()) {
            features = layer.forward(Tensor::cat(vec![features, skipped], 1));
        }
        features
    }
}

impl IncepU {
    /// OpenSTL's names of its tensors: our name and theirs, both from the network on.
    pub fn openstl_keys() -> Vec<(String, String)> {
        owned([
            ("down.*.reduce", "enc.*.conv1"),
            ("down.*.branches.*", "enc.*.layers.*"),
            ("up.*.reduce", "dec.*.conv1"),
            ("up.*.branches.*", "dec.*.layers.*"),
        ])
    }
}

impl SimVpConfig {
    const fn incepu(&self, clip: &ClipShape) -> IncepUConfig {
        IncepUConfig {
            latent_channels: clip.past * self.spatial_channels,
            channels: self.temporal_channels,
            depth: self.temporal_depth,
            groups: self.groups,
        }
    }
}

impl TranslatorNet for IncepU {
    const SKIPPED: &'static [(&'static str, &'static str)] = &[];

    fn validate(config: &SimVpConfig, clip: &ClipShape) -> Result<(), ConfigError> {
        let why = "each of network.groups has its share of half of them";
        ConfigError::divides(
            "network.temporal_channels",
            config.temporal_channels,
            2 * config.groups,
            why,
        )?;
        config.divides_latents(config.groups, clip, "each of network.groups has its share of them")
    }

    fn init(config: &SimVpConfig, clip: &ClipShape, device: &Device) -> Self {
        config.incepu(clip).init(device)
    }

    fn cost(config: &SimVpConfig, clip: &ClipShape) -> Cost {
        config.incepu(clip).cost(config.latent_size(clip))
    }

    fn keys(ours: &str) -> Vec<(String, String)> {
        keys_below(ours, "hid", Self::openstl_keys())
    }
}
