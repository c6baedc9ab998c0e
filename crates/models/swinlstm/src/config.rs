//! SwinLSTM's hyper-parameters and the published sets of them.

use foreframe_core::{Benchmark, ClipShape, ConfigError, Preset};
use foreframe_nn::{FramePatches, Windows, drop_path_schedule, openstl_presets};
use serde::{Deserialize, Serialize};

use crate::cell::SwinLstmCellConfig;

/// Edge of a patch: the last layer doubles height and width once.
pub(crate) const PATCH: usize = 2;
const MOST_CHANNELS: usize = 1 << 14;
const MOST_SCALES: usize = 16;
const MOST_BLOCKS: usize = 1 << 8;
const LARGEST_WINDOW: usize = 1 << 6;

/// Hyper-parameters of [`SwinLstm`](crate::SwinLstm); the default is SwinLSTM-D for Moving MNIST.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct SwinLstmConfig {
    /// Channels at the finest scale; they double with every coarser one (OpenSTL: `embed_dim`).
    pub width: usize,
    /// Edge of a window (`window_size`).
    pub window: usize,
    /// Blocks of the cells on the way down, from fine to coarse (`depths_downsample`). SwinLSTM-B has one cell (`depths`).
    pub depths: Vec<usize>,
    /// Blocks of the cells on the way up, from fine to coarse, as many as on the way down (`depths_upsample`); empty for
    /// SwinLSTM-B.
    pub up_depths: Vec<usize>,
    /// Heads of attention of every scale, from fine to coarse (`num_heads`).
    pub heads: Vec<usize>,
    /// Probability of leaving a branch of the last block out in training; in SwinLSTM-B of every block (timm: `drop_path`).
    pub drop_path: f64,
}

impl Default for SwinLstmConfig {
    fn default() -> Self {
        Self {
            width: 128,
            window: 4,
            depths: vec![2, 6],
            up_depths: vec![6, 2],
            heads: vec![4, 8],
            drop_path: 0.1,
        }
    }
}

impl SwinLstmConfig {
    /// Scales below the finest: none in SwinLSTM-B.
    pub(crate) const fn scales(&self) -> usize {
        self.up_depths.len()
    }

    /// Channels at a scale of `1 / 2^halvings`.
    pub(crate) const fn width_at(&self, halvings: usize) -> usize {
        self.width << halvings
    }

    /// Height and width of the image of patches at a scale of `1 / 2^halvings`.
    pub(crate) const fn image_at(clip: &ClipShape, halvings: usize) -> [usize; 2] {
        let edge = PATCH << halvings;
        [clip.height / edge, clip.width / edge]
    }

    pub(crate) fn windows_at(&self, clip: &ClipShape, halvings: usize) -> Windows {
        Windows::fitting(self.window, Self::image_at(clip, halvings))
    }

    /// The cells in the order in which they are applied, and how often the image of each was halved.
    pub(crate) fn cells(&self, clip: &ClipShape) -> Vec<(usize, SwinLstmCellConfig)> {
        let scales = self.scales();
        let cell = |halvings: usize, heads: usize, drop_paths: Vec<f64>| {
            let config = SwinLstmCellConfig {
                width: self.width_at(halvings),
                heads,
                windows: self.windows_at(clip, halvings),
                drop_paths,
            };
            (halvings, config)
        };
        if scales == 0 {
            return vec![cell(0, self.heads[0], vec![self.drop_path; self.depths[0]])];
        }
        let down = shares(&self.depths, self.drop_path);
        let up = shares(&self.up_depths, self.drop_path);
        let down = down
            .into_iter()
            .enumerate()
            .map(|(scale, drops)| cell(scale, self.heads[scale], drops));
        let up = up.into_iter().enumerate().rev().map(|(scale, mut drops)| {
            drops.reverse();
            cell(scale + 1, self.heads[scale], drops)
        });
        down.chain(up).collect()
    }

    /// The number of which height and width of a frame are multiples.
    fn multiple(&self, clip: &ClipShape) -> usize {
        let edges = (0..=self.scales()).map(|halvings| (PATCH << halvings) * self.windows_at(clip, halvings).edge);
        edges.fold(1, least_common_multiple)
    }

    pub(crate) const fn frames(clip: &ClipShape) -> FramePatches {
        FramePatches::new(PATCH, clip.channels)
    }

    /// The frames that fit a network that was built for `clip`.
    pub(crate) fn fitting(&self, clip: &ClipShape) -> FramePatches {
        Self::frames(clip).in_multiples_of(self.multiple(clip))
    }

    /// Checks the sizes, alone and for `clip`.
    ///
    /// # Errors
    /// Names the field at fault.
    pub(crate) fn validate(&self, clip: &ClipShape) -> Result<(), ConfigError> {
        clip.validate()?;
        ConfigError::within("network.width", self.width, 1..=MOST_CHANNELS)?;
        ConfigError::within("network.window", self.window, 1..=LARGEST_WINDOW)?;
        let counted = |field: &str, count: usize, of: &str| {
            ConfigError::within(&format!("network.{field}"), count, 1..=MOST_SCALES).map_err(|error| ConfigError {
                problem: format!("has {count} {of}"),
                ..error
            })
        };
        counted("depths", self.depths.len(), "cells")?;
        let scales = self.depths.len();
        if self.up_depths.is_empty() && scales > 1 {
            return Err(ConfigError::new(
                "network.up_depths",
                format!("is empty, and network.depths has {scales} cells"),
                format!("name {scales} cells on the way up, or a single one in network.depths for SwinLSTM-B"),
            ));
        }
        for (field, count) in [("up_depths", self.up_depths.len()), ("heads", self.heads.len())] {
            if count != scales && !(field == "up_depths" && count == 0) {
                return Err(ConfigError::new(
                    format!("network.{field}"),
                    format!("has {count} values, network.depths has {scales}"),
                    format!("use {scales} values, from fine to coarse"),
                ));
            }
        }
        for (field, depths) in [("depths", &self.depths), ("up_depths", &self.up_depths)] {
            for (cell, &depth) in depths.iter().enumerate() {
                ConfigError::within(&format!("network.{field}[{cell}]"), depth, 1..=MOST_BLOCKS)?;
            }
        }
        ConfigError::within("network.width", self.width_at(self.scales()), 1..=MOST_CHANNELS).map_err(|error| {
            ConfigError {
                problem: format!("is {}, which {} doublings make too large", self.width, self.scales()),
                ..error
            }
        })?;
        for (scale, &heads) in self.heads.iter().enumerate() {
            let field = format!("network.heads[{scale}]");
            ConfigError::within(&field, heads, 1..=self.width_at(scale))?;
            if !self.width_at(scale).is_multiple_of(heads) {
                let problem = format!(
                    "is {heads}, which does not divide the {} channels of its scale",
                    self.width_at(scale)
                );
                return Err(ConfigError::new(field, problem, "use a divisor, e.g. 4"));
            }
        }
        if !(0.0..1.0).contains(&self.drop_path) {
            return Err(ConfigError::new(
                "network.drop_path",
                format!("is {}", self.drop_path),
                "use a probability below 1, e.g. 0.1",
            ));
        }
        let coarsest = PATCH << self.scales();
        for (field, size) in [("clip.height", clip.height), ("clip.width", clip.width)] {
            ConfigError::divides(field, size, coarsest, &format!("scales down to 1/{coarsest}"))?;
        }
        self.fitting(clip)
            .check("clip", [clip.channels, clip.height, clip.width])
    }
}

/// Of every cell from fine to coarse the drop probabilities of its blocks, evenly spaced over all of them.
fn shares(depths: &[usize], last: f64) -> Vec<Vec<f64>> {
    let mut all = drop_path_schedule(0.0, last, depths.iter().sum()).into_iter();
    depths.iter().map(|&depth| all.by_ref().take(depth).collect()).collect()
}

fn least_common_multiple(one: usize, other: usize) -> usize {
    let mut divisors = (one, other);
    while divisors.1 > 0 {
        divisors = (divisors.1, divisors.0 % divisors.1);
    }
    one / divisors.0 * other
}

/// OpenSTL's configurations (`configs/<dataset>/SwinLSTM_D.py`, `SwinLSTM_B.py`), and a small one.
pub(crate) fn presets() -> Vec<Preset<SwinLstmConfig>> {
    let base = |preset: &Preset<SwinLstmConfig>| SwinLstmConfig {
        depths: vec![12],
        up_depths: vec![],
        heads: vec![4],
        ..preset.config.clone()
    };
    let mut presets: Vec<_> = openstl_presets(&[], |_| SwinLstmConfig::default())
        .into_iter()
        .filter(|preset| ["moving-mnist", "human"].contains(&preset.name))
        .map(|preset| match preset.name {
            "human" => Preset {
                config: base(&preset),
                ..preset
            },
            _ => preset,
        })
        .collect();
    presets.push(Benchmark::MOVING_DIGITS.preset(SwinLstmConfig {
        width: 32,
        depths: vec![2],
        up_depths: vec![2],
        heads: vec![4],
        drop_path: 0.0,
        ..SwinLstmConfig::default()
    }));
    presets
}
