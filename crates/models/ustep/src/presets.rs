//! Named sets of hyper-parameters.

use foreframe_core::{ClipShape, Preset};

use crate::{RecurrenceLayout, SegmentNet, UStepConfig};

const MOVING_MNIST: [usize; 5] = [10, 10, 1, 64, 64];
const MOVING_DIGITS: [usize; 5] = [10, 10, 1, 32, 32];
const KTH: [usize; 5] = [10, 20, 1, 128, 128];
const HUMAN: [usize; 5] = [4, 4, 3, 256, 256];
const CALTECH: [usize; 5] = [10, 1, 3, 128, 160];
const WEATHERBENCH: [usize; 5] = [12, 12, 1, 32, 64];

/// `[spatial channels, spatial depth]`, `[width, micro depth, macro depth]` and frames in a micro segment.
fn sizes(spatial: [usize; 2], segments: [usize; 3], micro_segment: usize) -> UStepConfig {
    UStepConfig {
        spatial_channels: spatial[0],
        spatial_depth: spatial[1],
        width: segments[0],
        micro_depth: segments[1],
        macro_depth: segments[2],
        micro_segment,
        drop_path: 0.1,
        ..UStepConfig::default()
    }
}

fn layerwise(depth: usize, config: UStepConfig) -> UStepConfig {
    UStepConfig {
        layout: RecurrenceLayout::Layerwise,
        micro_depth: depth,
        macro_depth: depth,
        gate_kernel: 1,
        ..config
    }
}

fn segments_of(micro_segment: usize, macro_segment: usize) -> UStepConfig {
    UStepConfig {
        micro_segment,
        macro_segment,
        ..UStepConfig::default()
    }
}

/// The configurations for the paper's data sets, its ablations, and a small one that trains on a laptop.
///
/// The paper names few sizes; these meet its published numbers of parameters and operations as well as its equations
/// allow.
pub(crate) fn presets<N: SegmentNet>() -> Vec<Preset<UStepConfig>> {
    let fits = |preset: &Preset<UStepConfig>| N::HAS_LAYERS || preset.config.layout == RecurrenceLayout::Single;
    all().into_iter().filter(fits).map(with_objective::<N>).collect()
}

fn with_objective<N: SegmentNet>(preset: Preset<UStepConfig>) -> Preset<UStepConfig> {
    Preset {
        config: UStepConfig {
            divergence_weight: N::DIVERGENCE_WEIGHT,
            ..preset.config
        },
        ..preset
    }
}

fn all() -> Vec<Preset<UStepConfig>> {
    let moving_mnist = UStepConfig::default();
    let kth = sizes([64, 2], [256, 4, 4], 10);
    let human = sizes([64, 4], [128, 4, 4], 2);
    let caltech = sizes([64, 2], [128, 6, 6], 5);
    let weatherbench = sizes([32, 2], [128, 4, 5], 3);
    let without_cross = UStepConfig {
        cross: false,
        ..UStepConfig::default()
    };
    // One segment holds all that was observed, whatever the clip, and one step forecasts as many frames.
    let moving_digits = UStepConfig {
        mlp_ratio: 4,
        drop_path: 0.0,
        ..sizes([16, 2], [64, 2, 2], 0)
    };
    let preset = |name, about, clip, config| Preset {
        name,
        about,
        clip: ClipShape::new(clip),
        config,
    };
    vec![
        preset(
            "moving-mnist",
            "two moving digits, 10 -> 10 frames",
            MOVING_MNIST,
            moving_mnist.clone(),
        ),
        preset(
            "kth",
            "people walking, boxing, waving, 10 -> 20 frames",
            KTH,
            kth.clone(),
        ),
        preset("human", "Human3.6M, 4 -> 4 frames", HUMAN, human.clone()),
        preset(
            "caltech",
            "driving, KITTI to Caltech Pedestrian, 10 -> 1 frames",
            CALTECH,
            caltech.clone(),
        ),
        preset(
            "weatherbench",
            "temperature at 5.625 degrees, 12 -> 12 hours",
            WEATHERBENCH,
            weatherbench.clone(),
        ),
        preset(
            "sevir",
            "rain seen by radar, 13 -> 12 frames",
            [13, 12, 1, 192, 192],
            sizes([64, 2], [256, 4, 4], 13),
        ),
        preset(
            "ucf",
            "sports videos, 4 -> 1 frames",
            [4, 1, 3, 480, 720],
            sizes([64, 6], [192, 3, 3], 2),
        ),
        preset(
            "moving-mnist-dt1",
            "ablation: micro segments of 1 frame",
            MOVING_MNIST,
            segments_of(1, 0),
        ),
        preset(
            "moving-mnist-dt2",
            "ablation: micro segments of 2 frames",
            MOVING_MNIST,
            segments_of(2, 0),
        ),
        preset(
            "moving-mnist-dt10",
            "ablation: micro segments of 10 frames",
            MOVING_MNIST,
            segments_of(10, 0),
        ),
        preset(
            "moving-mnist-frames",
            "ablation: single frames at both scales",
            MOVING_MNIST,
            segments_of(1, 1),
        ),
        preset(
            "moving-mnist-without-cross",
            "ablation: no gates, no states",
            MOVING_MNIST,
            without_cross,
        ),
        preset(
            "moving-mnist-layerwise",
            "gates around every block",
            MOVING_MNIST,
            layerwise(6, moving_mnist),
        ),
        preset("kth-layerwise", "gates around every block", KTH, layerwise(4, kth)),
        preset(
            "human-layerwise",
            "gates around every block",
            HUMAN,
            layerwise(4, human),
        ),
        preset(
            "caltech-layerwise",
            "gates around every block",
            CALTECH,
            layerwise(6, caltech),
        ),
        preset(
            "weatherbench-layerwise",
            "gates around every block",
            WEATHERBENCH,
            layerwise(4, weatherbench),
        ),
        preset(
            "moving-digits",
            "small: trains in minutes on a laptop's CPU",
            MOVING_DIGITS,
            moving_digits,
        ),
    ]
}
