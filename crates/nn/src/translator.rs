//! SimVP's translator: what turns the latents of the past into those of the future.

use burn::module::{Module, ModuleDisplay};
use burn::tensor::{Device, Tensor};
use foreframe_core::{ClipShape, ConfigError, Cost, channels_into_time, fold_time, time_into_channels, unfold_time};

use crate::{Conv2d, Conv2dConfig, SpatialConfig, SpatialDecoder, SpatialEncoder, drop_path_schedule};

/// Beyond these a network would not fit any machine, and products of sizes would overflow.
const MAX_CHANNELS: usize = 1 << 16;
const MAX_DEPTH: usize = 1 << 10;

/// A part of a network that keeps the shape of its features.
pub trait Block: Module + ModuleDisplay + 'static {
    /// In a network that is applied to its own output, `step` counts from 0 how often it was: batch normalization has
    /// running statistics for each.
    ///
    /// # Shapes
    /// - `features`: `[batch, channels, height, width]`
    /// - output: the same
    fn forward(&self, features: Tensor<4>, step: usize) -> Tensor<4>;
}

/// Sizes of a [`SizedBlock`].
#[derive(Clone, Debug, PartialEq)]
pub struct BlockConfig {
    /// Channels in and out.
    pub channels: usize,
    /// Hidden channels of the feed-forward branch per channel.
    pub mlp_ratio: usize,
    /// Probability of leaving a branch out in training.
    pub drop_path: f64,
    /// Steps of a recurrence for which batch normalization has running statistics of their own; 1 without one.
    pub steps: usize,
}

impl BlockConfig {
    /// Hidden channels of the feed-forward branch.
    pub const fn hidden(&self) -> usize {
        self.channels * self.mlp_ratio
    }
}

/// A block that nothing but a [`BlockConfig`] decides: frames of any size pass through it.
pub trait SizedBlock: Block {
    /// The number of channels must be a multiple of this.
    const CHANNEL_MULTIPLE: usize = 1;

    /// The block with fresh weights.
    fn new(config: &BlockConfig, device: &Device) -> Self;

    /// Cost for one image of this size.
    fn cost(config: &BlockConfig, size: [usize; 2]) -> Cost;

    /// OpenSTL's names of its tensors: our name and theirs, both from the block on.
    fn openstl_keys() -> Vec<(String, String)>;
}

/// `keys` for a module at the path `ours` here and `theirs` there.
pub fn keys_below(ours: &str, theirs: &str, keys: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    keys.into_iter()
        .map(|(our_part, their_part)| (format!("{ours}.{our_part}"), format!("{theirs}.{their_part}")))
        .collect()
}

/// Sizes of a [`Translator`].
#[derive(Clone, Debug, PartialEq)]
pub struct TranslatorConfig {
    /// Channels in and out: those of the latents of all observed frames.
    pub latent_channels: usize,
    /// Channels between the first and the last block.
    pub channels: usize,
    /// Blocks, 2 or more.
    pub depth: usize,
    /// Probability of leaving a branch of the first block out in training.
    pub first_drop_path: f64,
    /// The same for the last block; the ones in between are evenly spaced.
    pub drop_path: f64,
}

/// One block's place in a [`Translator`].
#[derive(Clone, Debug, PartialEq)]
pub struct BlockPlace {
    /// Blocks before it.
    pub index: usize,
    /// Its channels.
    pub channels: usize,
    /// Channels that the next block has; where they differ, a 1x1 convolution follows.
    pub output: usize,
    /// Probability of leaving a branch out in training.
    pub drop_path: f64,
}

impl TranslatorConfig {
    /// Checks the sizes.
    ///
    /// # Errors
    /// Names the field: `network.temporal_channels`, `network.temporal_depth`, `network.first_drop_path` or
    /// `network.drop_path`.
    pub fn validate(&self) -> Result<(), ConfigError> {
        ConfigError::within("network.temporal_channels", self.channels, 1..=MAX_CHANNELS)?;
        ConfigError::within("network.temporal_depth", self.depth, 2..=MAX_DEPTH)?;
        ConfigError::probability("network.first_drop_path", self.first_drop_path)?;
        ConfigError::probability("network.drop_path", self.drop_path)
    }

    /// The places of its blocks. The first block sees the latents as they are, the last one's output gets their number
    /// of channels again.
    pub fn places(&self) -> impl Iterator<Item = BlockPlace> + '_ {
        let last = self.depth.saturating_sub(1);
        let rates = drop_path_schedule(self.first_drop_path, self.drop_path, self.depth);
        rates.into_iter().enumerate().map(move |(index, drop_path)| BlockPlace {
            index,
            channels: if index == 0 {
                self.latent_channels
            } else {
                self.channels
            },
            output: if index == last {
                self.latent_channels
            } else {
                self.channels
            },
            drop_path,
        })
    }

    /// A translator of the blocks that `block` makes for their places.
    pub fn init<B: Block>(&self, block: impl Fn(&BlockPlace) -> B, device: &Device) -> Translator<B> {
        let layers = self.places().map(|place| TranslatorLayer {
            projection: (place.channels != place.output)
                .then(|| Conv2dConfig::new([place.channels, place.output], 1).init(device)),
            block: block(&place),
        });
        Translator {
            layers: layers.collect(),
        }
    }

    /// Cost for latents of this size, with the cost of the block at each place from `block`.
    pub fn cost(&self, block: impl Fn(&BlockPlace) -> Cost, latent: [usize; 2]) -> Cost {
        let layer = |place: BlockPlace| {
            let projection = match place.channels == place.output {
                true => Cost::default(),
                false => Cost::linear(place.output * latent[0] * latent[1], place.channels),
            };
            block(&place) + projection
        };
        self.places().map(layer).sum()
    }
}

/// A block and, where the width changes after it, a 1x1 convolution.
#[derive(Module, Debug)]
struct TranslatorLayer<B: Block> {
    block: B,
    projection: Option<Conv2d>,
}

/// Blocks one after the other, between which the number of channels may change (MetaFormers as the middle of SimVP, Tan et
/// al., arXiv:2211.12509).
#[derive(Module, Debug)]
pub struct Translator<B: Block> {
    layers: Vec<TranslatorLayer<B>>,
}

impl<B: Block> Block for Translator<B> {
    fn forward(&self, features: Tensor<4>, step: usize) -> Tensor<4> {
        self.layers.iter().fold(features, |features, layer| {
            let mixed = layer.block.forward(features, step);
            match &layer.projection {
                Some(projection) => projection.forward(mixed),
                None => mixed,
            }
        })
    }
}

impl<B: Block> Translator<B> {
    /// OpenSTL's names of the tensors of a translator at the path `ours` whose blocks have these `keys`.
    pub fn openstl_keys(ours: &str, keys: Vec<(String, String)>) -> Vec<(String, String)> {
        let projection = (format!("{ours}.layers.*.projection"), "hid.enc.*.reduction".to_owned());
        let mut all = keys_below(&format!("{ours}.layers.*.block"), "hid.enc.*.block", keys);
        all.push(projection);
        all
    }
}

/// The frames that follow those of `past`: their latents, stacked on the channel axis, pass `translate` in one go.
///
/// # Shapes
/// - `past`: `[batch, T, channels, height, width]`
/// - `translate`: `[batch, T * latent_channels, latent_height, latent_width]` to the same
/// - output: `[batch, T, channels, height, width]`
pub fn translate_frames(
    encoder: &SpatialEncoder,
    decoder: &SpatialDecoder,
    past: Tensor<5>,
    translate: impl FnOnce(Tensor<4>) -> Tensor<4>,
) -> Tensor<5> {
    let time = past.dims()[1];
    let (latents, features) = encoder.forward(fold_time(past));
    let translated = translate(time_into_channels(unfold_time(latents, time)));
    let latents = fold_time(channels_into_time(translated, time));
    unfold_time(decoder.forward(latents, features), time)
}

/// Cost of a forecast of `clip` by [`translate_frames`], repeated until the horizon is reached, if the translator costs
/// `translator` each time.
pub fn translated_cost(spatial: &SpatialConfig, clip: &ClipShape, translator: Cost) -> Cost {
    let frame = [clip.height, clip.width];
    let frames = (spatial.encoder_cost(frame) + spatial.decoder_cost(frame)) * clip.past;
    (frames + translator) * clip.future.div_ceil(clip.past)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: TranslatorConfig = TranslatorConfig {
        latent_channels: 6,
        channels: 4,
        depth: 3,
        first_drop_path: 0.01,
        drop_path: 0.1,
    };

    #[test]
    fn widths_change_after_the_first_and_after_the_last_block() {
        let places: Vec<_> = CONFIG.places().map(|place| (place.channels, place.output)).collect();
        assert_eq!(places, [(6, 4), (4, 4), (4, 6)]);
        let rates: Vec<_> = CONFIG.places().map(|place| place.drop_path).collect();
        assert!((rates[1] - 0.055).abs() < 1e-12 && rates[2] == 0.1, "{rates:?}");
    }

    #[test]
    fn impossible_sizes_are_named() {
        let field = |change: fn(&mut TranslatorConfig)| {
            let mut config = CONFIG;
            change(&mut config);
            config.validate().unwrap_err().field
        };
        assert_eq!(field(|config| config.depth = 1), "network.temporal_depth");
        assert_eq!(field(|config| config.channels = 0), "network.temporal_channels");
        assert_eq!(field(|config| config.drop_path = 1.0), "network.drop_path");
        assert_eq!(field(|config| config.first_drop_path = -0.1), "network.first_drop_path");
    }
}
