//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Ahead, Architecture, Clip, ClipShape, ConfigError, Cost, Forecast, KeyMap, Objective, Preset, StepContext,
    mean_squared_error, roll_out,
};
use foreframe_nn::{
    Block, BlockPlace, SizedBlock, SpatialDecoder, SpatialEncoder, Translator, translate_frames, translated_cost,
};

use crate::{TauBlock, TauConfig, config, differential_divergence, pytorch};

/// The network of "Temporal Attention Unit: Towards Efficient Spatiotemporal Predictive Learning".
#[derive(Module, Debug)]
pub struct Tau {
    encoder: SpatialEncoder,
    translator: Translator<TauBlock>,
    decoder: SpatialDecoder,
    divergence_weight: f64,
}

impl Tau {
    /// The T frames after the T frames of `past`, `[batch, T, channels, height, width]` both, where `step` answers
    /// were fed back before.
    fn next_frames(&self, past: Tensor<5>, step: usize) -> Tensor<5> {
        translate_frames(&self.encoder, &self.decoder, past, |latents| {
            self.translator.forward(latents, step)
        })
    }
}

impl Forecast for Tau {
    /// The network answers with as many frames as it observes. Fewer are cut off; for more it observes its own answer,
    /// as in OpenSTL.
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5> {
        roll_out(past, ahead, |window, step| self.next_frames(window, step))
    }
}

impl Architecture for Tau {
    type Config = TauConfig;

    const NAME: &'static str = "tau";
    const PAPER: &'static str = "Tan et al., CVPR 2023, arXiv:2206.12126";
    const ABOUT: &'static str = "convolutional encoder and decoder around blocks of temporal attention";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = &[
        ("hid_S", "spatial_channels"),
        ("N_S", "spatial_depth"),
        ("spatio_kernel_enc", "encoder_kernel"),
        ("spatio_kernel_dec", "decoder_kernel"),
        ("hid_T", "temporal_channels"),
        ("N_T", "temporal_depth"),
        ("mlp_ratio", "mlp_ratio"),
    ];

    fn presets() -> Vec<Preset<TauConfig>> {
        config::presets()
    }

    fn new(config: &TauConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        let spatial = config.spatial(clip);
        Ok(Self {
            encoder: spatial.init_encoder(device),
            translator: config
                .translator(clip)
                .init(|place| TauBlock::new(&config.block(place), device), device),
            decoder: spatial.init_decoder(device),
            divergence_weight: config.divergence_weight,
        })
    }

    /// Mean squared error plus the weighted [`differential_divergence`].
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        let forecast = self.forecast_ahead(clip.past.clone(), &step.targets.ahead(&clip.future));
        clip.objective(forecast, step.targets, |forecast, truth| {
            let error = mean_squared_error(forecast.clone(), truth.clone());
            error + differential_divergence(forecast, truth) * self.divergence_weight
        })
    }

    fn cost(config: &TauConfig, clip: &ClipShape) -> Cost {
        let spatial = config.spatial(clip);
        let latent = spatial.latent_size([clip.height, clip.width]);
        let block = |place: &BlockPlace| TauBlock::cost(&config.block(place), latent);
        translated_cost(&spatial, clip, config.translator(clip).cost(block, latent))
    }

    fn pytorch_keys(config: &TauConfig) -> KeyMap {
        pytorch::keys(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_core::count_parameters;

    #[test]
    fn published_sizes() {
        let published = [
            ("moving-mnist", 44_656_001),
            ("moving-mnist-cifar", 44_657_283),
            ("taxibj", 9_545_442),
            ("kth", 14_955_201),
            ("human", 37_647_363),
            ("kinetics", 37_647_363),
            ("caltech", 14_956_483),
            ("weatherbench", 12_219_553),
            ("weatherbench-wind", 12_219_874),
            ("weatherbench-fine", 12_284_545),
            ("weatherbench-multi", 9_548_652),
            ("bair", 10_607_427),
        ];
        let presets = Tau::presets();
        for (name, parameters) in published {
            let preset = presets.iter().find(|preset| preset.name == name).unwrap();
            let network = Tau::new(&preset.config, &preset.clip, &Device::flex()).unwrap();
            assert_eq!(count_parameters(&network), parameters, "{name}");
        }
    }

    /// OpenSTL counts KTH and Caltech as if they had 10 future frames.
    #[test]
    fn published_multiply_accumulates() {
        let published = [
            ("moving-mnist", 15.95, 10),
            ("taxibj", 2.49, 4),
            ("weatherbench", 6.70, 12),
            ("weatherbench-wind", 6.70, 12),
            ("weatherbench-multi", 5.01, 4),
            ("weatherbench-fine", 36.1, 12),
            ("moving-mnist-cifar", 16.0, 10),
            ("human", 182.0, 4),
            ("kth", 73.8, 10),
            ("caltech", 92.5, 10),
        ];
        let presets = Tau::presets();
        for (name, giga, future) in published {
            let preset = presets.iter().find(|preset| preset.name == name).unwrap();
            let clip = ClipShape { future, ..preset.clip };
            let counted = Tau::cost(&preset.config, &clip).total() as f64 / 1e9;
            assert!(
                (counted / giga - 1.0).abs() < 2e-3,
                "{name}: {counted}, published {giga}"
            );
        }
    }

    #[test]
    fn impossible_sizes_are_named() {
        let clip = ClipShape::new([4, 4, 1, 16, 16]);
        let field = |change: fn(&mut TauConfig)| {
            let mut config = TauConfig::default();
            change(&mut config);
            Tau::new(&config, &clip, &Device::flex()).unwrap_err().field
        };
        assert_eq!(field(|config| config.temporal_depth = 1), "network.temporal_depth");
        assert_eq!(
            field(|config| config.temporal_channels = 3),
            "network.temporal_channels"
        );
        assert_eq!(field(|config| config.mlp_ratio = 0), "network.mlp_ratio");
        assert_eq!(field(|config| config.spatial_depth = 10), "clip.height");
        assert_eq!(field(|config| config.drop_path = 1.0), "network.drop_path");
        assert_eq!(
            field(|config| config.divergence_weight = f64::NAN),
            "network.divergence_weight"
        );
    }
}
