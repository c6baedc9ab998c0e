//! SimVP's U of inception layers inside segments.

use burn::tensor::{Device, Tensor};
use foreframe_core::{ConfigError, Cost};
use foreframe_nn::{Block, keys_below};
use foreframe_simvp::{IncepU, IncepUConfig};

use crate::{RecurrenceLayout, SegmentNet, SegmentNetConfig, UStepConfig};

/// As many layers down and up as there would be blocks.
fn sizes(config: &SegmentNetConfig) -> IncepUConfig {
    IncepUConfig {
        latent_channels: config.width,
        channels: config.width,
        depth: config.drop_path.len(),
        groups: config.groups,
    }
}

impl SegmentNet for IncepU {
    const MODEL: &'static str = "ustep_simvp";
    const ABOUT: &'static str = "USTEP with SimVP's U of inception layers inside its segments";
    const HAS_LAYERS: bool = false;

    fn validate(config: &UStepConfig) -> Result<(), ConfigError> {
        if config.layout == RecurrenceLayout::Layerwise {
            let problem = "is \"layerwise\", but a U cannot be cut into layers with gates between them";
            return Err(ConfigError::new("network.layout", problem, "use \"single\""));
        }
        let UStepConfig { width, groups, .. } = *config;
        if groups > 1 && !width.is_multiple_of(2 * groups) {
            let multiple = 2 * groups;
            return Err(ConfigError::new(
                "network.width",
                format!(
                    "is {width}, not a multiple of {multiple} (each of network.groups = {groups} has its share of half of them)"
                ),
                format!(
                    "use a multiple of {multiple}, e.g. {}, or other groups: network.groups=1 is what OpenSTL silently takes \
                     here",
                    width.div_ceil(multiple) * multiple
                ),
            ));
        }
        for (field, depth) in [
            ("network.micro_depth", config.micro_depth),
            ("network.macro_depth", config.macro_depth),
        ] {
            if depth < 2 {
                let problem = format!("is {depth}, and a U needs a way down and a way up");
                return Err(ConfigError::new(field, problem, "use 2 or more"));
            }
        }
        Ok(())
    }

    fn new(config: &SegmentNetConfig, device: &Device) -> Self {
        sizes(config).init(device)
    }

    fn forward(&self, segment: Tensor<4>, step: usize) -> Tensor<4> {
        Block::forward(self, segment, step)
    }

    fn cost(config: &SegmentNetConfig, latent: [usize; 2]) -> Cost {
        sizes(config).cost(latent)
    }

    fn reference_keys(ours: &str, theirs: &str, _layout: RecurrenceLayout) -> Vec<(String, String)> {
        keys_below(ours, &format!("{theirs}.blocks"), Self::openstl_keys())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UStepSimVp;
    use foreframe_core::{Architecture, ClipShape, count_parameters};

    #[test]
    fn what_a_u_cannot_be_is_refused() {
        let field = |change: fn(&mut UStepConfig)| {
            let mut config = UStepConfig::default();
            change(&mut config);
            let clip = ClipShape::new([4, 4, 1, 16, 16]);
            UStepSimVp::new(&config, &clip, &Device::flex()).unwrap_err().field
        };
        assert_eq!(
            field(|config| config.layout = RecurrenceLayout::Layerwise),
            "network.layout"
        );
        assert_eq!(field(|config| config.width = 24), "network.width");
        assert_eq!(field(|config| config.groups = 5), "network.width");
        assert_eq!(field(|config| config.groups = 0), "network.groups");
        assert_eq!(field(|config| config.micro_depth = 1), "network.micro_depth");
        assert_eq!(field(|config| config.macro_depth = 1), "network.macro_depth");
    }

    /// By hand: a layer has a 1x1 convolution from `input` to `width / 2` channels, and for every kernel size k a
    /// convolution of `width / 2 / groups * width * k * k` weights with a bias, and a normalization.
    #[test]
    fn groups_divide_the_weights_of_the_convolutions() {
        let layer = |input: usize, width: usize, groups: usize| {
            let hidden = width / 2;
            let branches = [3, 5, 7, 11].map(|kernel| hidden / groups * width * kernel * kernel + 3 * width);
            input * hidden + hidden + branches.iter().sum::<usize>()
        };
        // Two layers down and two up, of which the last sees twice the channels.
        let net = |width, groups| 3 * layer(width, width, groups) + layer(2 * width, width, groups);
        for (width, groups) in [(32, 8), (32, 1), (32, 4), (24, 1), (24, 3), (7, 1)] {
            let config = SegmentNetConfig {
                width,
                mlp_ratio: 8,
                groups,
                drop_path: vec![0.0; 2],
                steps: 1,
            };
            let network = <IncepU as SegmentNet>::new(&config, &Device::flex());
            assert_eq!(count_parameters(&network), net(width, groups), "{width} in {groups}");
            let features = SegmentNet::forward(&network, Tensor::ones([1, width, 4, 4], &Device::flex()), 0);
            assert_eq!(features.dims(), [1, width, 4, 4]);
        }
    }
}
