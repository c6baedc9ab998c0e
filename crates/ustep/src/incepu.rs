//! SimVP's U of inception layers inside segments.

use burn::tensor::{Device, Tensor};
use foreframe_core::{ConfigError, Cost};
use foreframe_nn::{Block, keys_below};
use foreframe_simvp::{IncepU, IncepUConfig};

use crate::{Layout, SegmentNet, SegmentNetConfig, UStepConfig};

/// Groups of the convolutions and normalizations, as in OpenSTL.
const GROUPS: usize = 8;

/// As many layers down and up as there would be blocks.
fn sizes(config: &SegmentNetConfig) -> IncepUConfig {
    IncepUConfig {
        latent_channels: config.width,
        channels: config.width,
        depth: config.drop_path.len(),
        groups: GROUPS,
    }
}

impl SegmentNet for IncepU {
    const MODEL: &'static str = "ustep_simvp";
    const ABOUT: &'static str = "USTEP with SimVP's U of inception layers inside its segments";
    const HAS_LAYERS: bool = false;

    fn validate(config: &UStepConfig) -> Result<(), ConfigError> {
        if config.layout == Layout::Layerwise {
            let problem = "is \"layerwise\", but a U cannot be cut into layers with gates between them";
            return Err(ConfigError::new("network.layout", problem, "use \"single\""));
        }
        let why = format!("each of {GROUPS} groups has its share of half of them");
        ConfigError::divides("network.width", config.width, 2 * GROUPS, &why)?;
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

    fn reference_keys(ours: &str, theirs: &str, _layout: Layout) -> Vec<(String, String)> {
        keys_below(ours, &format!("{theirs}.blocks"), Self::openstl_keys())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UStepSimVp;
    use foreframe_core::{Architecture, ClipShape};

    #[test]
    fn what_a_u_cannot_be_is_refused() {
        let field = |change: fn(&mut UStepConfig)| {
            let mut config = UStepConfig::default();
            change(&mut config);
            let clip = ClipShape::new([4, 4, 1, 16, 16]);
            UStepSimVp::new(&config, &clip, &Device::flex()).unwrap_err().field
        };
        assert_eq!(field(|config| config.layout = Layout::Layerwise), "network.layout");
        assert_eq!(field(|config| config.width = 24), "network.width");
        assert_eq!(field(|config| config.micro_depth = 1), "network.micro_depth");
        assert_eq!(field(|config| config.macro_depth = 1), "network.macro_depth");
    }
}
