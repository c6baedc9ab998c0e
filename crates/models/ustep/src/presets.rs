//! Named sets of hyper-parameters.

use foreframe_core::{Benchmark, Preset};

use crate::{RecurrenceLayout, SegmentNet, UStepConfig};

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
    vec![
        Benchmark::MOVING_MNIST.preset(moving_mnist.clone()),
        Benchmark::KTH.preset(kth.clone()),
        Benchmark::HUMAN.preset(human.clone()),
        Benchmark::CALTECH.preset(caltech.clone()),
        Benchmark::WEATHERBENCH.preset(weatherbench.clone()),
        Benchmark::SEVIR.preset(sizes([64, 2], [256, 4, 4], 13)),
        Benchmark::UCF.preset(sizes([64, 6], [192, 3, 3], 2)),
        Benchmark::MOVING_MNIST.variant(
            "moving-mnist-dt1",
            "ablation: micro segments of 1 frame",
            segments_of(1, 0),
        ),
        Benchmark::MOVING_MNIST.variant(
            "moving-mnist-dt2",
            "ablation: micro segments of 2 frames",
            segments_of(2, 0),
        ),
        Benchmark::MOVING_MNIST.variant(
            "moving-mnist-dt10",
            "ablation: micro segments of 10 frames",
            segments_of(10, 0),
        ),
        Benchmark::MOVING_MNIST.variant(
            "moving-mnist-frames",
            "ablation: single frames at both scales",
            segments_of(1, 1),
        ),
        Benchmark::MOVING_MNIST.variant(
            "moving-mnist-without-cross",
            "ablation: no gates, no states",
            without_cross,
        ),
        Benchmark::MOVING_MNIST.variant(
            "moving-mnist-layerwise",
            "gates around every block",
            layerwise(6, moving_mnist),
        ),
        Benchmark::KTH.variant("kth-layerwise", "gates around every block", layerwise(4, kth)),
        Benchmark::HUMAN.variant("human-layerwise", "gates around every block", layerwise(4, human)),
        Benchmark::CALTECH.variant("caltech-layerwise", "gates around every block", layerwise(6, caltech)),
        Benchmark::WEATHERBENCH.variant(
            "weatherbench-layerwise",
            "gates around every block",
            layerwise(4, weatherbench),
        ),
        Benchmark::MOVING_DIGITS.preset(moving_digits),
    ]
}
