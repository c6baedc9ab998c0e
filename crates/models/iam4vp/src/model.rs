//! The network.

use burn::module::{Module, Param};
use burn::nn::Initializer;
use burn::tensor::{Device, Tensor};
use foreframe_core::{Ahead, Architecture, ClipShape, ConfigError, Cost, Forecast, KeyMap, Known, Preset, fold_time};
use foreframe_nn::{Conv2d, Conv2dConfig};

use crate::large_kernel::Refinement;
use crate::predictor::Predictor;
use crate::spatial::{Decoder, Encoder};
use crate::time::TimeEmbedding;
use crate::{Iam4VpConfig, config, pytorch};

/// The network of "Implicit Stacked Autoregressive Model for Video Prediction".
#[derive(Module, Debug)]
pub struct Iam4Vp {
    time: TimeEmbedding,
    past_encoder: Encoder,
    future_encoder: Encoder,
    /// Learned placeholders for the latents of future frames that are not known yet, `[T, channels, height, width]`.
    tokens: Param<Tensor<4>>,
    predictor: Predictor,
    decoder: Decoder,
    gather: Conv2d,
    refinement: Refinement,
    readout: Conv2d,
}

impl Iam4Vp {
    /// The first `count` of the T frames after the T frames of `past`, one after the other: each is predicted from the
    /// past and all frames predicted before it, and from what is known of those.
    ///
    /// # Shapes
    /// - `past`: `[batch, T, channels, height, width]`
    /// - `given`: `[batch, count, known channels, height, width]`
    /// - output: `[batch, count, channels, height, width]`
    fn next_frames(&self, past: Tensor<5>, count: usize, given: &Known) -> Tensor<5> {
        let [batch, time, ..] = past.dims();
        // Computed once: it does not depend on the frame asked for.
        let (latents, features) = self.past_encoder.forward(fold_time(past));
        let details = self.decoder.details(features);
        let [_, channels, rows, columns] = latents.dims();
        let frame = [batch * time, channels, rows, columns];
        let mut known = vec![latents.reshape([batch, time * channels, rows, columns])];
        let mut frames: Vec<Tensor<4>> = Vec::with_capacity(count);
        for lead in 0..count {
            if let Some(newest) = frames.last() {
                // As in the public code, a frame is to blame for its own error only.
                let newest = given.complete_frame(newest.clone().detach(), lead - 1);
                known.push(self.future_encoder.forward(newest).0);
            }
            let unknown = time - lead;
            let tokens = self.tokens.val().narrow(0, lead, unknown);
            let tokens = tokens.reshape([1, unknown * channels, rows, columns]);
            let mut stacked = known.clone();
            stacked.push(tokens.expand([batch, unknown * channels, rows, columns]));
            let embedding = self.time.forward(lead, &known[0]);
            let hidden = self.predictor.forward(Tensor::cat(stacked, 1), embedding);
            let decoded = self.decoder.forward(hidden.reshape(frame), details.clone());
            let [_, channels, height, width] = decoded.dims();
            let gathered = self
                .gather
                .forward(decoded.reshape([batch, time * channels, height, width]));
            frames.push(self.readout.forward(self.refinement.forward(gathered)));
        }
        Tensor::stack(frames, 1)
    }
}

impl Forecast for Iam4Vp {
    /// The network has tokens for as many future frames as it observes. Beyond them its own answer becomes the past.
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5> {
        let Ahead { horizon, known, .. } = ahead;
        let time = past.dims()[1];
        let mut frames = past;
        let mut reached = 0;
        while reached < *horizon {
            let window = frames.clone().narrow(1, reached, time);
            let given = known.from(reached);
            let next = self.next_frames(window, time.min(*horizon - reached), &given);
            reached += next.dims()[1];
            frames = Tensor::cat(vec![frames, given.complete(next, 0)], 1);
        }
        frames.narrow(1, time, *horizon)
    }
}

impl Architecture for Iam4Vp {
    type Config = Iam4VpConfig;

    const NAME: &'static str = "iam4vp";
    const PAPER: &'static str = "Seo et al., 2023, arXiv:2303.07849";
    const ABOUT: &'static str = "every frame predicted from the past and all frames predicted before it";

    fn presets() -> Vec<Preset<Iam4VpConfig>> {
        config::presets()
    }

    fn new(config: &Iam4VpConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        let (spatial, channels) = (config.spatial(clip), config.spatial_channels);
        let [rows, columns] = spatial.latent_size([clip.height, clip.width]);
        let pointwise = |input, output| Conv2dConfig::new([input, output], 1).init(device);
        Ok(Self {
            time: TimeEmbedding::new(config.time_channels, device),
            past_encoder: spatial.init_encoder(device),
            future_encoder: spatial.init_encoder(device),
            tokens: Initializer::Zeros.init([clip.past, channels, rows, columns], device),
            predictor: config.predictor(clip).init(device),
            decoder: spatial.init_decoder(device),
            gather: pointwise(clip.past * channels, channels),
            refinement: Refinement::new(channels, device),
            readout: pointwise(channels, clip.channels),
        })
    }

    fn cost(config: &Iam4VpConfig, clip: &ClipShape) -> Cost {
        let (time, frame, channels) = (clip.past, [clip.height, clip.width], config.spatial_channels);
        let (spatial, pixels) = (config.spatial(clip), clip.height * clip.width);
        let windows = clip.future.div_ceil(time);
        let of_past = (spatial.encoder_cost(frame) + spatial.details_cost(frame)) * time;
        let of_frame = TimeEmbedding::cost(config.time_channels)
            + config.predictor(clip).cost(spatial.latent_size(frame))
            + spatial.decoder_cost(frame) * time
            + Cost::linear(channels * pixels, time * channels)
            + Refinement::cost(channels, frame)
            + Cost::linear(clip.channels * pixels, channels);
        // The last frame of a window is not looked at again.
        of_past * windows + of_frame * clip.future + spatial.encoder_cost(frame) * (clip.future - windows)
    }

    fn pytorch_keys(config: &Iam4VpConfig) -> KeyMap {
        pytorch::keys(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Int;
    use foreframe_core::count_parameters;

    fn preset(name: &str) -> Preset<Iam4VpConfig> {
        Iam4Vp::presets()
            .into_iter()
            .find(|preset| preset.name == name)
            .unwrap()
    }

    /// Of every network of the public code, the last block of the predictor is never executed.
    fn unused(config: &Iam4VpConfig, clip: &ClipShape) -> usize {
        let channels = config.spatial_channels * clip.past;
        9 * channels * channels + (config.time_channels + 86) * channels
    }

    #[test]
    fn published_sizes() {
        for (name, exact, published) in [
            ("moving-mnist", Some(35_351_809), 35.4),
            ("human", None, 102.0),
            ("weatherbench", None, 12.9),
        ] {
            let Preset { clip, config, .. } = preset(name);
            let network = Iam4Vp::new(&config, &clip, &Device::flex()).unwrap();
            let parameters = count_parameters(&network) + unused(&config, &clip);
            if let Some(exact) = exact {
                assert_eq!(parameters, exact, "{name}");
            }
            let millions = parameters as f64 / 1e6;
            assert!((millions / published - 1.0).abs() < 5e-3, "{name}: {millions}");
        }
    }

    /// The published figures are those of one future frame.
    #[test]
    fn published_multiply_accumulates() {
        for (name, published) in [("moving-mnist", 14.2), ("human", 978.0), ("weatherbench", 2.4)] {
            let Preset { clip, config, .. } = preset(name);
            let counted = Iam4Vp::cost(&config, &ClipShape { future: 1, ..clip }).total() as f64 / 1e9;
            assert!((counted / published - 1.0).abs() < 1e-2, "{name}: {counted}");
        }
    }

    #[test]
    fn a_longer_horizon_observes_the_forecast() {
        let device = Device::flex();
        let clip = ClipShape::new([2, 5, 1, 8, 12]);
        let network = Iam4Vp::new(&preset("moving-digits").config, &clip, &device).unwrap();
        let past = Tensor::<1, Int>::arange(0..2 * 96, &device).float();
        let past = (past * 0.3).sin().reshape([1, 2, 1, 8, 12]);
        let long = network.forecast(past.clone(), 5);
        let near = network.forecast(past, 2);
        let far = network.forecast(near.clone(), 3);
        let apart = (long - Tensor::cat(vec![near, far], 1)).abs().max();
        assert_eq!(apart.into_scalar::<f32>(), 0.0);
    }

    #[test]
    fn impossible_sizes_are_named_with_what_would_fit() {
        let error = |clip: [usize; 5], change: fn(&mut Iam4VpConfig)| {
            let mut config = Iam4VpConfig::default();
            change(&mut config);
            Iam4Vp::new(&config, &ClipShape::new(clip), &Device::flex())
                .unwrap_err()
                .to_string()
        };
        let clip = [3, 4, 1, 16, 12];
        assert_eq!(
            error([3, 4, 1, 16, 18], |_| {}),
            "`clip.width` is 18, not a multiple of 4 (network.spatial_depth 4 halves it 2 times): use a multiple of 4, e.g. 20"
        );
        assert!(error(clip, |config| config.spatial_depth = 8).starts_with("`clip.width` is 12"));
        for (change, start) in [
            (
                (|config| config.spatial_channels = 0) as fn(&mut Iam4VpConfig),
                "`network.spatial_channels` is 0: use 1",
            ),
            (|config| config.spatial_depth = usize::MAX, "`network.spatial_depth` is"),
            (|config| config.temporal_depth = 0, "`network.temporal_depth` is 0"),
            (|config| config.time_channels = 2, "`network.time_channels` is 2: use 4"),
            (|config| config.time_channels = 7, "`network.time_channels` is 7,"),
        ] {
            let error = error(clip, change);
            assert!(error.starts_with(start), "{error}");
        }
        assert!(error([usize::MAX, 4, 1, 16, 16], |_| {}).starts_with("`clip.past`"));
    }
}
