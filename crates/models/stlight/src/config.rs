//! Hyper-parameters.

use foreframe_core::{ClipShape, ConfigError};
use serde::{Deserialize, Serialize};

// Far above anything published: beyond them a size is a slip, and products of sizes could overflow.
const MAX_WIDTH: usize = 1 << 16;
const MAX_DEPTH: usize = 1 << 10;
const MAX_KERNEL: usize = 1 << 8;

/// Hyper-parameters of [`StLight`](crate::StLight).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StLightConfig {
    /// Channels of every block (`dim`).
    pub width: usize,
    /// Number of blocks.
    pub depth: usize,
    /// Edge of a patch in pixels, and stride between patches.
    pub patch_size: usize,
    /// Edge of what a patch sees, in patches (`O`): 0 and 1 are the patch itself.
    pub overlap: usize,
    /// Edge of the first depthwise kernel (`K_1`).
    pub kernel: usize,
    /// Edge of the second depthwise kernel (`K_2`), whose taps are 3 apart.
    pub dilated_kernel: usize,
    /// How blocks become frames.
    pub reassembly: Reassembly,
}

/// The order of the two steps that turn the last block's output into frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reassembly {
    /// Pixel shuffle, then a 1x1 convolution at full size: the paper's choice.
    #[default]
    ShuffleFirst,
    /// A 1x1 convolution on patches, then pixel shuffle: the variant that the paper compares with.
    ShuffleLast,
}

impl Default for StLightConfig {
    /// The smallest network published for Moving MNIST.
    fn default() -> Self {
        Self {
            width: 800,
            depth: 16,
            patch_size: 2,
            overlap: 0,
            kernel: 3,
            dilated_kernel: 7,
            reassembly: Reassembly::ShuffleFirst,
        }
    }
}

impl StLightConfig {
    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        clip.validate()?;
        ConfigError::within("network.width", self.width, 1..=MAX_WIDTH)?;
        ConfigError::within("network.depth", self.depth, 1..=MAX_DEPTH)?;
        ConfigError::within("network.patch_size", self.patch_size, 1..=MAX_KERNEL)?;
        ConfigError::within("network.overlap", self.overlap, 0..=MAX_KERNEL)?;
        ConfigError::within("network.kernel", self.kernel, 1..=MAX_KERNEL)?;
        ConfigError::within("network.dilated_kernel", self.dilated_kernel, 1..=MAX_KERNEL)?;
        let patch = self.patch_size;
        for (side, size) in [("clip.height", clip.height), ("clip.width", clip.width)] {
            ConfigError::divides(side, size, patch, "`network.patch_size`")?;
        }
        if self.reassembly == Reassembly::ShuffleFirst {
            let why = "the square of `network.patch_size`, by which pixel shuffle divides channels";
            ConfigError::divides("network.width", self.width, patch * patch, why)?;
        }
        if (self.margin() * patch) % 2 == 1 {
            let problem = format!(
                "is {}, and half of {} x {patch} pixels cannot be added on each side",
                self.overlap,
                self.margin()
            );
            let remedy = "use 0 or an odd number, or an even `network.patch_size`";
            return Err(ConfigError::new("network.overlap", problem, remedy));
        }
        Ok(())
    }

    /// Edge of the patch encoder's kernel in pixels.
    pub(crate) fn encoder_kernel(&self) -> usize {
        self.patch_size * self.overlap.max(1)
    }

    /// Pixels around the frame that the patch encoder sees.
    pub(crate) fn encoder_padding(&self) -> usize {
        self.margin() * self.patch_size / 2
    }

    /// How much more than itself a patch sees, in patches.
    fn margin(&self) -> usize {
        self.overlap.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn config(change: impl Fn(&mut StLightConfig)) -> StLightConfig {
        let mut config = StLightConfig {
            width: 16,
            depth: 2,
            ..StLightConfig::default()
        };
        change(&mut config);
        config
    }

    #[rstest]
    #[case::no_width("network.width", config(|c| c.width = 0))]
    #[case::odd_width("network.width", config(|c| c.width = 18))]
    #[case::no_depth("network.depth", config(|c| c.depth = 0))]
    #[case::no_patch("network.patch_size", config(|c| c.patch_size = 0))]
    #[case::patch("clip.height", config(|c| c.patch_size = 3))]
    #[case::no_kernel("network.kernel", config(|c| c.kernel = 0))]
    #[case::no_dilated_kernel("network.dilated_kernel", config(|c| c.dilated_kernel = 0))]
    #[case::half_a_pixel("network.overlap", config(|c| (c.patch_size, c.overlap) = (1, 2)))]
    #[case::half_a_pixel_again("network.overlap", config(|c| (c.patch_size, c.overlap) = (1, 4)))]
    #[case::too_much("network.overlap", config(|c| c.overlap = usize::MAX))]
    fn refusals_name_the_field(#[case] field: &str, #[case] config: StLightConfig) {
        let error = config.validate(&ClipShape::new([4, 4, 1, 16, 16])).unwrap_err();
        assert_eq!(error.field, field, "{error}");
    }

    #[test]
    fn pixel_shuffle_limits_the_width_only_when_it_comes_first() {
        let last = config(|c| (c.width, c.reassembly) = (18, Reassembly::ShuffleLast));
        assert!(last.validate(&ClipShape::new([4, 4, 1, 16, 16])).is_ok());
    }

    #[test]
    fn unknown_keys_are_errors_and_missing_ones_defaults() {
        let parse = |text: &str| serde_json::from_str::<StLightConfig>(text);
        assert_eq!(parse("{}").unwrap(), StLightConfig::default());
        assert_eq!(
            parse(r#"{"reassembly": "shuffle-last"}"#).unwrap().reassembly,
            Reassembly::ShuffleLast
        );
        assert!(parse(r#"{"dim": 3}"#).unwrap_err().to_string().contains("dim"));
    }
}
