//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{Ahead, Architecture, ClipShape, ConfigError, Cost, Forecast, KeyMap, Preset, roll_out};
use foreframe_nn::{Block, SpatialDecoder, SpatialEncoder, translate_frames, translated_cost};

use crate::translators::AnyTranslator;
use crate::{SimVpConfig, presets};

/// The network of "SimVP: Simpler yet Better Video Prediction", with any of its translators.
#[derive(Module, Debug)]
pub struct SimVp {
    encoder: SpatialEncoder,
    translator: AnyTranslator,
    decoder: SpatialDecoder,
}

impl Forecast for SimVp {
    /// The network answers with as many frames as it observes. Fewer are cut off; for more it observes its own answer,
    /// as in OpenSTL.
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5> {
        roll_out(past, ahead, |window, step| {
            translate_frames(&self.encoder, &self.decoder, window, |latents| {
                self.translator.forward(latents, step)
            })
        })
    }
}

impl Architecture for SimVp {
    type Config = SimVpConfig;

    const NAME: &'static str = "simvp";
    const PAPER: &'static str = "Gao et al., CVPR 2022, arXiv:2206.05099";
    const ABOUT: &'static str = "convolutional encoder and decoder around one of twelve translators";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = &[
        ("model_type", "translator"),
        ("hid_S", "spatial_channels"),
        ("N_S", "spatial_depth"),
        ("spatio_kernel_enc", "encoder_kernel"),
        ("spatio_kernel_dec", "decoder_kernel"),
        ("hid_T", "temporal_channels"),
        ("N_T", "temporal_depth"),
        ("mlp_ratio", "mlp_ratio"),
    ];

    fn presets() -> Vec<Preset<SimVpConfig>> {
        presets::presets()
    }

    fn new(config: &SimVpConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        let spatial = config.spatial(clip);
        Ok(Self {
            encoder: spatial.init_encoder(device),
            translator: config.translator.init(config, clip, device),
            decoder: spatial.init_decoder(device),
        })
    }

    fn cost(config: &SimVpConfig, clip: &ClipShape) -> Cost {
        translated_cost(&config.spatial(clip), clip, config.translator.cost(config, clip))
    }

    fn pytorch_keys(config: &SimVpConfig) -> KeyMap {
        config.translator.key_map(config)
    }
}
