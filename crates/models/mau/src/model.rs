//! The network.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::{
    Architecture, Clip, ClipShape, ConfigError, Cost, KeyMap, Objective, Preset, Recurrent, SamplingRule, State,
    StepContext, unrolled,
};
use foreframe_nn::{Conv2d, ConvTranspose2d, FramePatches, zero_state};
use foreframe_ops::leaky_relu;

use crate::cell::MauCell;
use crate::{MauConfig, config, pytorch};

const SLOPE: f32 = 0.2;

/// The network of "MAU: A Motion-Aware Unit for Video Prediction and Beyond".
#[derive(Module, Debug)]
pub struct Mau {
    first: Conv2d,
    encoders: Vec<Conv2d>,
    cells: Vec<MauCell>,
    decoders: Vec<ConvTranspose2d>,
    last: Conv2d,
    /// The frames that fit.
    frames: FramePatches,
    width: usize,
    recalled: usize,
    skip: bool,
}

/// State of the network: of every layer its newest states, oldest first, `[batch, width, rows, columns]` each.
#[derive(Clone, Debug)]
pub struct MauState {
    temporal: Vec<Vec<Tensor<4>>>,
    spatial: Vec<Vec<Tensor<4>>>,
}

impl State for MauState {
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        Self {
            temporal: self.temporal.map_tensors(change),
            spatial: self.spatial.map_tensors(change),
        }
    }
}

impl Mau {
    /// The latent image, and what came before it, the frame's own size first.
    fn encode(&self, frame: Tensor<4>) -> (Tensor<4>, Vec<Tensor<4>>) {
        let mut latent = leaky_relu(self.first.forward(frame), SLOPE);
        let mut before = Vec::new();
        for encoder in &self.encoders {
            let smaller = leaky_relu(encoder.forward(latent.clone()), SLOPE);
            before.push(std::mem::replace(&mut latent, smaller));
        }
        (latent, before)
    }

    fn decode(&self, mut latent: Tensor<4>, mut before: Vec<Tensor<4>>) -> Tensor<4> {
        for (number, decoder) in self.decoders.iter().enumerate() {
            latent = decoder.forward(latent);
            if number + 1 < self.decoders.len() {
                latent = leaky_relu(latent, SLOPE);
            }
            if let (true, Some(encoded)) = (self.skip, before.pop()) {
                latent = latent + encoded;
            }
        }
        self.last.forward(latent)
    }
}

impl Recurrent for Mau {
    type State = MauState;

    fn start(&self, frame: &Tensor<4>) -> MauState {
        let zeros = zero_state(frame, self.width, self.frames.image_of(frame));
        let states = vec![vec![zeros; self.recalled]; self.cells.len()];
        MauState {
            temporal: states.clone(),
            spatial: states,
        }
    }

    fn step(&self, frame: Tensor<4>, mut state: MauState) -> (Tensor<4>, MauState) {
        let (mut spatial, before) = self.encode(frame);
        for (layer, cell) in self.cells.iter().enumerate() {
            let (times, spaces) = (&mut state.temporal[layer], &mut state.spatial[layer]);
            let [temporal, next] = cell.forward(spatial.clone(), times, spaces);
            for (history, newest) in [(times, temporal), (spaces, spatial)] {
                history.remove(0);
                history.push(newest);
            }
            spatial = next;
        }
        (self.decode(spatial, before), state)
    }

    fn check_frame(&self, frame: [usize; 3]) -> Result<(), ConfigError> {
        self.frames.check("frame", frame)
    }
}

impl Architecture for Mau {
    type Config = MauConfig;

    const NAME: &'static str = "mau";
    const PAPER: &'static str = "Chang et al., NeurIPS 2021";
    const ABOUT: &'static str = "cells that attend to those of their earlier states whose motion the frame resembles";
    const REFERENCE_SETTINGS: &'static [(&'static str, &'static str)] = &[
        ("sr_size", "downsampling"),
        ("num_hidden", "widths"),
        ("filter_size", "kernel"),
        ("tau", "recalled"),
    ];
    const SAMPLING: Option<SamplingRule> = Some(SamplingRule::Scheduled);

    fn presets() -> Vec<Preset<MauConfig>> {
        config::presets()
    }

    fn new(config: &MauConfig, clip: &ClipShape, device: &Device) -> Result<Self, ConfigError> {
        config.validate(clip)?;
        let halvings = config.halvings();
        Ok(Self {
            first: config.first(clip).init(device),
            encoders: (0..halvings).map(|_| config.halving().init(device)).collect(),
            cells: config.widths.iter().map(|_| config.cell(clip).init(device)).collect(),
            decoders: (0..halvings).map(|_| config.doubling().init(device)).collect(),
            last: config.last(clip).init(device),
            frames: config.stack().patches(clip),
            width: config.width(),
            recalled: config.recalled,
            skip: config.skip,
        })
    }

    /// Mean squared error of all forecast frames, those of the past included.
    fn loss(&self, clip: Clip, step: &StepContext) -> Objective {
        unrolled(self, clip, step)
    }

    fn cost(config: &MauConfig, clip: &ClipShape) -> Cost {
        let frame = [clip.height, clip.width];
        let halved = |times: usize| frame.map(|side| side >> times);
        let coders: Cost = (1..=config.halvings())
            .map(|times| config.halving().cost(halved(times)) + config.doubling().cost(halved(times)))
            .sum();
        let cells = config.cell(clip).cost(config.recalled) * config.widths.len();
        (config.first(clip).cost(frame) + coders + cells + config.last(clip).cost(frame)) * (clip.frames() - 1)
    }

    fn pytorch_keys(_config: &MauConfig) -> KeyMap {
        pytorch::keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_golden::published;

    /// OpenSTL's counts, without two convolutions that it never uses.
    #[test]
    fn published_sizes() {
        let published = [
            ("moving-mnist", 4_483_588, 1),
            ("moving-mnist-cifar", 4_483_864, 3),
            ("taxibj", 4_409_868, 2),
            ("kth", 20_138_372, 1),
            ("human", 20_212_504, 3),
            ("kinetics", 20_212_504, 3),
            ("caltech", 24_332_952, 3),
            ("bair", 7_555_736, 3),
            ("weatherbench", 5_458_308, 1),
            ("weatherbench-fine", 11_823_620, 1),
            ("weatherbench-wind", 5_458_444, 2),
            ("weatherbench-multi", 3_961_016, 12),
        ];
        // `merge`, from two latent images to one, and `conv_last_sr`, from two frames to one.
        let unused = |channels: usize| 64 * 128 + 64 + channels * 2 * channels + channels;
        published::check_sizes::<Mau>(&published.map(|(name, count, channels)| (name, count - unused(channels))));
    }

    #[test]
    fn published_multiply_accumulates() {
        let published = [("moving-mnist", 17.79), ("taxibj", 6.02), ("weatherbench", 39.58)];
        published::check_costs::<Mau>(&published, 2e-3);
    }

    #[test]
    fn impossible_sizes_are_named() {
        let clip = ClipShape::new([4, 4, 1, 16, 16]);
        let field = |change: fn(&mut MauConfig)| {
            let mut config = MauConfig::default();
            change(&mut config);
            Mau::new(&config, &clip, &Device::flex()).unwrap_err().field
        };
        assert_eq!(field(|config| config.downsampling = 0), "network.downsampling");
        assert_eq!(field(|config| config.downsampling = 6), "network.downsampling");
        assert_eq!(field(|config| config.downsampling = 32), "clip.height");
        assert_eq!(field(|config| config.recalled = 0), "network.recalled");
        assert_eq!(field(|config| config.widths = vec![8, 16]), "network.widths[1]");
        assert_eq!(field(|config| config.kernel = 4), "network.kernel");
    }
}
