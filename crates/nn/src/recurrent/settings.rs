//! The datasets on which recurrent networks were published.

use foreframe_core::{Benchmark, Preset};

/// `configs/<dataset>/<Method>.py` of OpenSTL, and the usual edge of a patch.
const SETTINGS: [(Benchmark, usize); 12] = [
    (Benchmark::MOVING_MNIST, 4),
    (Benchmark::MOVING_MNIST_CIFAR, 4),
    (Benchmark::TAXIBJ, 2),
    (Benchmark::KTH, 2),
    (Benchmark::HUMAN, 4),
    (Benchmark::KINETICS, 4),
    (Benchmark::CALTECH, 2),
    (Benchmark::BAIR, 2),
    (Benchmark::WEATHERBENCH, 2),
    (Benchmark::WEATHERBENCH_FINE, 2),
    (Benchmark::WEATHERBENCH_WIND, 2),
    (Benchmark::WEATHERBENCH_MULTI, 2),
];

/// Presets for OpenSTL's datasets: `config` from the edge of a patch, which is the usual one of the dataset or that of
/// `patches`.
pub fn openstl_presets<C>(patches: &[(&str, usize)], config: impl Fn(usize) -> C) -> Vec<Preset<C>> {
    SETTINGS
        .iter()
        .map(|(benchmark, usual)| {
            let own = patches.iter().find(|(name, _)| *name == benchmark.name);
            benchmark.preset(config(own.map_or(*usual, |(_, patch)| *patch)))
        })
        .collect()
}
