//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Ahead, Architecture, ClipShape, ConfigError, Cost, Forecast, KeyMap, Preset, fold_time, roll_out, unfold_time,
};
use foreframe_nn::{FramePatches, LayerNorm, Linear, LinearConfig};
use foreframe_ops::pixel_shuffle;

use crate::arrangement::Scope;
use crate::position::positions;
use crate::transformer::{EPSILON, GatedTransformer};
use crate::{Arrangement, PredFormerConfig, presets, pytorch};

/// The network of "Video Prediction Transformers without Recurrence or Convolution".
///
/// It answers with as many frames as it sees; longer horizons are reached by feeding the answer back.
#[derive(Module, Debug)]
pub struct PredFormer {
    embedding: Linear,
    /// The transformers of every block.
    blocks: Vec<Vec<GatedTransformer>>,
    head_norm: LayerNorm,
    head: Linear,
    frames: FramePatches,
    patch: usize,
    #[module(skip)]
    arrangement: Arrangement,
}

impl PredFormer {
    /// Forecasts as many frames as there are.
    ///
    /// # Shapes
    /// - `past`: `[batch, T, channels, height, width]`
    /// - output: the same
    pub fn forward(&self, past: Tensor<5>) -> Tensor<5> {
        let [batch, times, ..] = past.dims();
        let patches = self.frames.cut(fold_time(past));
        let [_, channels, rows, columns] = patches.dims();
        let places = rows * columns;
        let patches = patches
            .reshape([batch, times, channels, places])
            .swap_dims(2, 3)
            .reshape([batch, times * places, channels]);
        let tokens = self.embedding.forward_rows(patches);
        let [_, count, width] = tokens.dims();
        let positions = positions(count, width, &tokens.device()).cast(tokens.dtype());
        let mut tokens = (tokens + positions.unsqueeze()).reshape([batch, times, places, width]);
        let scopes = self.arrangement.transformers();
        for block in &self.blocks {
            for (transformer, (scope, _)) in block.iter().zip(scopes) {
                tokens = self.within(*scope, tokens, transformer);
            }
        }
        let frames = self
            .head
            .forward_rows(self.head_norm.forward(tokens).reshape([batch * times, places, width]))
            .swap_dims(1, 2);
        let [_, channels, _] = frames.dims();
        let frames = frames.reshape([batch * times, channels, rows, columns]);
        unfold_time(pixel_shuffle(frames, self.patch), times)
    }

    /// # Shapes
    /// - `tokens`, output: `[batch, T, places, width]`
    fn within(&self, scope: Scope, tokens: Tensor<4>, transformer: &GatedTransformer) -> Tensor<4> {
        let [batch, times, places, width] = tokens.dims();
        let shape = [batch, times, places, width];
        match scope {
            Scope::Everything => transformer
                .forward(tokens.reshape([batch, times * places, width]))
                .reshape(shape),
            Scope::Space => transformer
                .forward(tokens.reshape([batch * times, places, width]))
                .reshape(shape),
            Scope::Time => {
                let by_place = tokens.swap_dims(1, 2).reshape([batch * places, times, width]);
                let found = transformer.forward(by_place);
                match self.arrangement {
                    // The published code does not put the tokens back, and its weights are trained for that.
                    Arrangement::FacSt => found.reshape(shape),
                    _ => found.reshape([batch, places, times, width]).swap_dims(1, 2),
                }
            }
        }
    }
}

impl Forecast for PredFormer {
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5> {
        roll_out(past, ahead, |past, _| self.forward(past))
    }
}

impl Architecture for PredFormer {
    type Config = PredFormerConfig;

    const NAME: &'static str = "predformer";
    const PAPER: &'static str = "Tang et al., 2024, arXiv:2410.04733";
    const ABOUT: &'static str = "gated transformers over space and time, without recurrence or convolution";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = &[
        ("patch_size", "patch"),
        ("dim", "width"),
        ("heads", "heads"),
        ("dim_head", "head_width"),
        ("scale_dim", "mlp_ratio"),
        ("Ndepth", "depth"),
        ("depth", "block_depth"),
    ];

    fn presets() -> Vec<Preset<PredFormerConfig>> {
        presets::presets()
    }

    fn new(config: &PredFormerConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        let transformers = config.arrangement.transformers().len();
        let block = |_| {
            (0..transformers)
                .map(|_| GatedTransformer::new(config, device))
                .collect()
        };
        let patch = config.patch_channels(clip);
        Ok(Self {
            embedding: LinearConfig::new([patch, config.width]).init(device),
            blocks: (0..config.blocks()).map(block).collect(),
            head_norm: LayerNorm::new(config.width, EPSILON, device),
            head: LinearConfig::new([config.width, patch]).init(device),
            frames: config.frames(clip),
            patch: config.patch,
            arrangement: config.arrangement,
        })
    }

    fn cost(config: &PredFormerConfig, clip: &ClipShape) -> Cost {
        let places = (clip.height / config.patch) * (clip.width / config.patch);
        let (times, tokens) = (clip.past, clip.past * places);
        let block: Cost = config
            .arrangement
            .transformers()
            .iter()
            .map(|(scope, _)| match scope {
                Scope::Everything => GatedTransformer::cost(config, 1, tokens),
                Scope::Space => GatedTransformer::cost(config, times, places),
                Scope::Time => GatedTransformer::cost(config, places, times),
            })
            .sum();
        let ends = Cost::linear(2 * tokens * config.width, config.patch_channels(clip))
            + Cost::group_norm(tokens * config.width);
        (block * config.blocks() + ends) * clip.future.div_ceil(clip.past)
    }

    fn pytorch_keys(config: &PredFormerConfig) -> KeyMap {
        pytorch::keys(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::published;

    #[test]
    fn published_sizes() {
        published::check_sizes::<PredFormer>(&[
            ("moving-mnist-full", 25_285_952),
            ("moving-mnist-facst", 25_286_464),
            ("moving-mnist-facts", 25_286_464),
            ("moving-mnist-st", 25_297_728),
            ("moving-mnist-ts", 25_297_728),
            ("moving-mnist-sts", 25_297_728),
            ("moving-mnist-tst", 25_297_728),
            ("moving-mnist", 25_297_728),
            ("moving-mnist-stts", 25_297_728),
            ("human-full", 12_725_696),
            ("human-facst", 12_726_208),
            ("human-facts", 12_726_208),
            ("human-st", 12_731_328),
            ("human-ts", 12_731_328),
            ("human-sts", 12_731_328),
            ("human-tst", 12_731_328),
            ("human", 12_731_328),
            ("human-stts", 12_731_328),
            ("taxibj-full", 8_434_976),
            ("taxibj-facst", 8_435_488),
            ("taxibj-facts", 8_435_488),
            ("taxibj-st", 8_438_560),
            ("taxibj-ts", 8_438_560),
            ("taxibj", 9_491_232),
            ("taxibj-tst", 9_491_232),
            ("taxibj-tsst", 8_438_560),
            ("taxibj-stts", 8_438_560),
            ("weatherbench-full", 5_272_848),
            ("weatherbench-facst", 5_273_360),
            ("weatherbench", 5_273_360),
            ("weatherbench-st", 5_276_432),
            ("weatherbench-ts", 5_276_432),
            ("weatherbench-sts", 5_934_864),
            ("weatherbench-tst", 5_934_864),
            ("weatherbench-tsst", 5_276_432),
            ("weatherbench-stts", 5_276_432),
        ]);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let clip = ClipShape::new([4, 4, 1, 16, 24]);
        let field = |change: fn(&mut PredFormerConfig)| {
            let mut config = PredFormerConfig::default();
            change(&mut config);
            PredFormer::new(&config, &clip, &Device::flex()).unwrap_err().field
        };
        assert_eq!(field(|config| config.patch = 16), "clip.width");
        assert_eq!(field(|config| config.heads = 0), "network.heads");
        assert_eq!(field(|config| config.depth = 0), "network.depth");
        assert_eq!(field(|config| config.drop_path = 1.0), "network.drop_path");
        assert_eq!(field(|config| config.dropout = f64::NAN), "network.dropout");
        assert_eq!(
            field(|config| {
                config.arrangement = Arrangement::FacTs;
                config.block_depth = 2;
            }),
            "network.block_depth"
        );
    }

    #[test]
    fn fewer_frames_than_it_was_built_for_are_enough() {
        let device = Device::flex();
        let config = PredFormerConfig {
            patch: 4,
            width: 8,
            heads: 2,
            head_width: 4,
            depth: 1,
            ..PredFormerConfig::default()
        };
        let network = PredFormer::new(&config, &ClipShape::new([4, 4, 1, 8, 8]), &device).unwrap();
        let past = Tensor::zeros([2, 3, 1, 12, 8], &device);
        assert_eq!(network.forecast(past, 5).dims(), [2, 5, 1, 12, 8]);
    }
}
