//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Ahead, Architecture, Clip, ClipShape, ConfigError, Cost, Forecast, KeyMap, Objective, Preset, StepContext,
    as_precise_as, channels_into_time, fold_time, mean_squared_error, time_into_channels, unfold_time,
};
use foreframe_nn::{Conv2d, Conv2dConfig, SpatialDecoder, SpatialEncoder};
use foreframe_simvp::IncepU;
use foreframe_tau::differential_divergence;

use crate::gates::Scales;
use crate::layer::SegmentLayer;
use crate::{GstaNet, SegmentNet, Segmentation, TauNet, UStepConfig, UniformerNet, presets, pytorch};

/// USTEP with blocks of TAU, the combination that the paper evaluates first.
pub type UStep = UStepNetwork<TauNet>;

/// USTEP with SimVP's U of inception layers (the paper's "w/ SimVP").
pub type UStepSimVp = UStepNetwork<IncepU>;

/// USTEP with blocks of gSTA, the second version of SimVP.
pub type UStepGsta = UStepNetwork<GstaNet>;

/// USTEP with Uniformer's blocks of convolutions (the paper's "w/ Uniformer").
pub type UStepUniformer = UStepNetwork<UniformerNet>;

/// The network of "USTEP: Spatio-Temporal Predictive Learning under A Unified View", with `N` inside its segments.
#[derive(Module, Debug)]
pub struct UStepNetwork<N: SegmentNet> {
    encoder: SpatialEncoder,
    project_micro: Conv2d,
    project_macro: Conv2d,
    layers: Vec<SegmentLayer<N>>,
    head: Conv2d,
    decoder: SpatialDecoder,
    micro_segment: usize,
    window: usize,
    /// Steps in training that only bring the states up to date.
    warm_up: usize,
    teacher_forcing: bool,
    divergence_weight: f64,
}

impl<N: SegmentNet> UStepNetwork<N> {
    /// A forecast that sees the true frames in place of its own latents: what training sees with teacher forcing. Its
    /// first segment is that of [`forecast`](Forecast::forecast).
    ///
    /// # Shapes
    /// - `past`: `[batch, T, channels, height, width]`
    /// - `future`: `[batch, T', channels, height, width]`, the true frames
    /// - output: `[batch, T', channels, height, width]`
    pub fn forecast_with_teacher(&self, past: Tensor<5>, future: Tensor<5>) -> Tensor<5> {
        let [batch, time, ..] = past.dims();
        let horizon = future.dims()[1];
        let segmentation = self.segmentation(time, horizon);
        let shown = (segmentation.predicted - 1) * segmentation.micro;
        let frames = match shown {
            0 => past,
            _ => Tensor::cat(vec![past, future.narrow(1, 0, shown)], 1),
        };
        let (latents, features) = self.encode(frames);
        let segments = segments(latents, &segmentation);

        // All steps are one batch; only the states pass from step to step.
        let mut steps = Scales {
            micro_scale: self
                .project_micro
                .forward(Tensor::cat(segments[segmentation.window - 1..].to_vec(), 0)),
            macro_scale: self.project_macro.forward(Tensor::cat(
                segments
                    .windows(segmentation.window)
                    .map(|window| Tensor::cat(window.to_vec(), 1))
                    .collect(),
                0,
            )),
        };
        for layer in &self.layers {
            // One batch has one set of running statistics.
            let features = layer.features(steps, 0);
            let mut states = None;
            let outputs: Vec<Scales> = (0..segmentation.steps())
                .map(|step| {
                    let of_step = |all: &Tensor<4>| all.clone().narrow(0, step * batch, batch);
                    let features = Scales {
                        micro_scale: of_step(&features.micro_scale),
                        macro_scale: of_step(&features.macro_scale),
                    };
                    layer.advance(features, &mut states)
                })
                .collect();
            let (micro_scales, macro_scales) = outputs
                .into_iter()
                .map(|output| (output.micro_scale, output.macro_scale))
                .unzip();
            steps = Scales {
                micro_scale: Tensor::cat(micro_scales, 0),
                macro_scale: Tensor::cat(macro_scales, 0),
            };
        }
        let warm_up = segmentation.warm_up() * batch;
        let predicted = segmentation.predicted * batch;
        let predicted = self.head.forward(steps.micro_scale.narrow(0, warm_up, predicted));
        self.decode(
            predicted.chunk(segmentation.predicted, 0),
            features.narrow(1, 0, time),
            horizon,
        )
    }

    /// The segments that follow `segments`, each predicted from those before it.
    fn run_free(&self, mut segments: Vec<Tensor<4>>, segmentation: &Segmentation) -> Vec<Tensor<4>> {
        let mut states: Vec<Option<Scales>> = vec![None; self.layers.len()];
        for end in segmentation.window..segmentation.observed + segmentation.predicted {
            // Steps are counted as in training, whatever the number of observed segments: the first one that predicts is
            // the first one that predicts.
            let step = (end - segmentation.window + self.warm_up).saturating_sub(segmentation.warm_up());
            let window = segments[end - segmentation.window..end].to_vec();
            let mut scales = Scales {
                micro_scale: self.project_micro.forward(segments[end - 1].clone()),
                macro_scale: self.project_macro.forward(Tensor::cat(window, 1)),
            };
            for (layer, states) in self.layers.iter().zip(&mut states) {
                scales = layer.advance(layer.features(scales, step), states);
            }
            if end >= segmentation.observed {
                segments.push(self.head.forward(scales.micro_scale));
            }
        }
        segments.split_off(segmentation.observed)
    }

    fn segmentation(&self, past: usize, horizon: usize) -> Segmentation {
        Segmentation::new(past, horizon, self.micro_segment, self.window)
    }

    /// Latents `[batch, time, channels, height / s, width / s]` and full-size features `[batch, time, channels, height,
    /// width]` of frames.
    fn encode(&self, frames: Tensor<5>) -> (Tensor<5>, Tensor<5>) {
        let time = frames.dims()[1];
        let (latents, features) = self.encoder.forward(fold_time(frames));
        (unfold_time(latents, time), unfold_time(features, time))
    }

    /// The first `horizon` frames of `segments`. Future frame j is drawn with the features of observed frame j mod T.
    fn decode(&self, segments: Vec<Tensor<4>>, features: Tensor<5>, horizon: usize) -> Tensor<5> {
        let latents = segments
            .into_iter()
            .map(|segment| channels_into_time(segment, self.micro_segment))
            .collect();
        let latents = Tensor::cat(latents, 1).narrow(1, 0, horizon);
        let repeats = horizon.div_ceil(features.dims()[1]);
        let features = features.repeat_dim(1, repeats).narrow(1, 0, horizon);
        unfold_time(self.decoder.forward(fold_time(latents), fold_time(features)), horizon)
    }
}

/// Cuts latents into segments, `[batch, frames * channels, height, width]` each; empty latents fill up the first ones.
fn segments(latents: Tensor<5>, segmentation: &Segmentation) -> Vec<Tensor<4>> {
    let latents = match segmentation.padding {
        0 => latents,
        padding => {
            let [batch, _, channels, height, width] = latents.dims();
            let empty = Tensor::zeros([batch, padding, channels, height, width], &latents.device());
            Tensor::cat(vec![empty, latents], 1)
        }
    };
    latents
        .split(segmentation.micro, 1)
        .into_iter()
        .map(time_into_channels)
        .collect()
}

impl<N: SegmentNet> Forecast for UStepNetwork<N> {
    /// Latents of predicted segments take the place of observed ones until the horizon is reached; nothing is decoded
    /// and encoded in between.
    fn forecast_ahead(&self, past: Tensor<5>, ahead: &Ahead) -> Tensor<5> {
        let horizon = ahead.horizon;
        let segmentation = self.segmentation(past.dims()[1], horizon);
        let (latents, features) = self.encode(past);
        let predicted = self.run_free(segments(latents, &segmentation), &segmentation);
        self.decode(predicted, features, horizon)
    }
}

impl<N: SegmentNet> Architecture for UStepNetwork<N> {
    type Config = UStepConfig;

    const NAME: &'static str = N::MODEL;
    const PAPER: &'static str = "Tan et al., TPAMI 2025, arXiv:2310.05829";
    const ABOUT: &'static str = N::ABOUT;

    fn presets() -> Vec<Preset<UStepConfig>> {
        presets::presets::<N>()
    }

    fn new(config: &UStepConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        N::validate(config)?;
        let spatial = config.spatial(clip);
        let segmentation = config.segmentation(clip);
        let window = segmentation.window;
        let micro_segment = config.micro_frames(clip);
        let segment = micro_segment * config.spatial_channels;
        let pointwise = |channels| Conv2dConfig::new(channels, 1).init(device);
        Ok(Self {
            encoder: spatial.init_encoder(device),
            project_micro: pointwise([segment, config.width]),
            project_macro: pointwise([window * segment, config.width]),
            layers: config.layers(clip).iter().map(|layer| layer.init(device)).collect(),
            head: pointwise([config.width, segment]),
            decoder: spatial.init_decoder(device),
            micro_segment,
            window,
            warm_up: segmentation.warm_up(),
            teacher_forcing: config.teacher_forcing,
            divergence_weight: config.divergence_weight,
        })
    }

    /// Mean squared error plus TAU's weighted [`differential_divergence`].
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        let past = clip.past.clone();
        let forecast = match self.teacher_forcing {
            true => {
                let teacher = as_precise_as(&past, clip.future.clone());
                self.forecast_with_teacher(past, teacher)
            }
            false => self.forecast(past, clip.future.dims()[1]),
        };
        clip.objective(forecast, step.targets, |forecast, truth| {
            let error = mean_squared_error(forecast.clone(), truth.clone());
            error + differential_divergence(forecast, truth) * self.divergence_weight
        })
    }

    fn cost(config: &UStepConfig, clip: &ClipShape) -> Cost {
        let frame = [clip.height, clip.width];
        let spatial = config.spatial(clip);
        let latent = spatial.latent_size(frame);
        let segmentation = config.segmentation(clip);
        let segment = config.micro_frames(clip) * config.spatial_channels;
        let positions = latent[0] * latent[1];
        let projections = Cost::linear(config.width * positions, segment * (1 + segmentation.window));
        let layers: Cost = config.layers(clip).iter().map(|layer| layer.cost::<N>(latent)).sum();
        spatial.encoder_cost(frame) * clip.past
            + (projections + layers) * segmentation.steps()
            + Cost::linear(segment * positions, config.width) * segmentation.predicted
            + spatial.decoder_cost(frame) * clip.future
    }

    fn pytorch_keys(config: &UStepConfig) -> KeyMap {
        pytorch::keys::<N>(config.layout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, TensorData};
    use foreframe_core::count_parameters;
    use rstest::rstest;

    const CLIP: ClipShape = ClipShape::new([4, 6, 1, 8, 8]);

    fn config() -> UStepConfig {
        UStepConfig {
            spatial_channels: 4,
            spatial_depth: 2,
            width: 8,
            micro_segment: 2,
            micro_depth: 1,
            macro_depth: 1,
            mlp_ratio: 1,
            ..UStepConfig::default()
        }
    }

    fn frames(time: usize) -> Tensor<5> {
        Tensor::random([2, time, 1, 8, 8], Distribution::Default, &Device::flex())
    }

    fn values(frames: Tensor<5>, from: usize, to: usize) -> TensorData {
        frames.narrow(1, from, to - from).into_data()
    }

    #[test]
    fn a_teacher_changes_nothing_before_the_second_segment() {
        for macro_segment in [0, 2] {
            let config = UStepConfig {
                macro_segment,
                ..config()
            };
            let network = UStep::new(&config, &CLIP, &Device::flex()).unwrap();
            let past = frames(4);
            let free = network.forecast(past.clone(), 6);
            let taught = network.forecast_with_teacher(past, frames(6));
            let difference = (free - taught).abs();
            assert!(difference.clone().narrow(1, 0, 2).max().into_scalar::<f32>() < 1e-6);
            assert!(difference.narrow(1, 2, 4).max().into_scalar::<f32>() > 1e-6);
        }
    }

    #[test]
    fn a_segment_sees_no_frame_after_those_before_it() {
        let network = UStep::new(&config(), &CLIP, &Device::flex()).unwrap();
        let (past, future) = (frames(4), frames(6));
        let later = Tensor::cat(vec![future.clone().narrow(1, 0, 2), frames(4)], 1);
        let forecast = network.forecast_with_teacher(past.clone(), future);
        let with_other_future = network.forecast_with_teacher(past, later);
        assert_eq!(values(forecast.clone(), 0, 4), values(with_other_future.clone(), 0, 4));
        assert_ne!(values(forecast, 4, 6), values(with_other_future, 4, 6));
    }

    #[rstest]
    fn any_number_of_frames_goes_in_and_out(
        #[values(1, 3, 4, 7)] past: usize,
        #[values(1, 4, 5)] horizon: usize,
        #[values(1, 2, 5)] micro_segment: usize,
    ) {
        let config = UStepConfig {
            micro_segment,
            ..config()
        };
        let network = UStep::new(&config, &CLIP, &Device::flex()).unwrap();
        let forecast = network.forecast(frames(past), horizon);
        assert_eq!(forecast.dims(), [2, horizon, 1, 8, 8]);
        let taught = network.forecast_with_teacher(frames(past), frames(horizon));
        assert_eq!(taught.dims(), [2, horizon, 1, 8, 8]);
    }

    #[test]
    fn without_cross_there_are_no_gates() {
        let without = UStepConfig {
            cross: false,
            ..config()
        };
        let size = |config: &UStepConfig| count_parameters(&UStep::new(config, &CLIP, &Device::flex()).unwrap());
        assert_eq!(size(&config()) - size(&without), 3 * (8 * 8 * 9 + 8));
    }
}
