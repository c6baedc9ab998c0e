//! The datasets of the field's tables.

use crate::{ClipShape, Preset};

/// A dataset as papers cut it into clips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Benchmark {
    /// The name of its presets, e.g. `kth`.
    pub name: &'static str,
    /// Description in one line.
    pub about: &'static str,
    /// The usual clip.
    pub clip: ClipShape,
}

const fn benchmark(name: &'static str, about: &'static str, clip: [usize; 5]) -> Benchmark {
    let clip = ClipShape::new(clip);
    Benchmark { name, about, clip }
}

impl Benchmark {
    /// Moving MNIST.
    pub const MOVING_MNIST: Self = benchmark(
        "moving-mnist",
        "two moving digits, 10 -> 10 frames",
        [10, 10, 1, 64, 64],
    );
    /// Moving MNIST before photographs of CIFAR-10.
    pub const MOVING_MNIST_CIFAR: Self = benchmark(
        "moving-mnist-cifar",
        "two moving digits before photographs, 10 -> 10 frames",
        [10, 10, 3, 64, 64],
    );
    /// TaxiBJ.
    pub const TAXIBJ: Self = benchmark(
        "taxibj",
        "taxi in- and outflow of Beijing, 4 -> 4 frames",
        [4, 4, 2, 32, 32],
    );
    /// KTH Actions.
    pub const KTH: Self = benchmark(
        "kth",
        "people walking, boxing, waving, 10 -> 20 frames",
        [10, 20, 1, 128, 128],
    );
    /// Human3.6M.
    pub const HUMAN: Self = benchmark("human", "Human3.6M, 4 -> 4 frames", [4, 4, 3, 256, 256]);
    /// Kinetics-400.
    pub const KINETICS: Self = benchmark("kinetics", "Kinetics-400, 4 -> 4 frames", [4, 4, 3, 256, 256]);
    /// KITTI and Caltech Pedestrian.
    pub const CALTECH: Self = benchmark(
        "caltech",
        "driving, KITTI to Caltech Pedestrian, 10 -> 1 frames",
        [10, 1, 3, 128, 160],
    );
    /// BAIR.
    pub const BAIR: Self = benchmark("bair", "a robot arm pushing, 4 -> 12 frames", [4, 12, 3, 64, 64]);
    /// WeatherBench, temperature, coarse.
    pub const WEATHERBENCH: Self = benchmark(
        "weatherbench",
        "temperature at 5.625 degrees, 12 -> 12 hours",
        [12, 12, 1, 32, 64],
    );
    /// WeatherBench, temperature, fine.
    pub const WEATHERBENCH_FINE: Self = benchmark(
        "weatherbench-fine",
        "temperature at 1.40625 degrees, 12 -> 12 hours",
        [12, 12, 1, 128, 256],
    );
    /// WeatherBench, wind.
    pub const WEATHERBENCH_WIND: Self = benchmark(
        "weatherbench-wind",
        "both components of wind at 5.625 degrees, 12 -> 12 hours",
        [12, 12, 2, 32, 64],
    );
    /// WeatherBench, four variables at three levels.
    pub const WEATHERBENCH_MULTI: Self = benchmark(
        "weatherbench-multi",
        "four variables at three levels every six hours, 4 -> 4 frames",
        [4, 4, 12, 32, 64],
    );
    /// SEVIR.
    pub const SEVIR: Self = benchmark("sevir", "rain seen by radar, 13 -> 12 frames", [13, 12, 1, 192, 192]);
    /// CIKM 2017.
    pub const CIKM: Self = benchmark(
        "cikm",
        "radar of Shenzhen (CIKM2017), 5 -> 10 frames",
        [5, 10, 1, 64, 64],
    );
    /// Shanghai2020.
    pub const SHANGHAI: Self = benchmark(
        "shanghai",
        "radar of Shanghai (Shanghai2020), 10 -> 10 frames",
        [10, 10, 1, 64, 64],
    );
    /// UCF Sports.
    pub const UCF: Self = benchmark("ucf", "sports videos, 4 -> 1 frames", [4, 1, 3, 480, 720]);
    /// Foreframe's own generated digits, for networks that train without a GPU.
    pub const MOVING_DIGITS: Self = benchmark(
        "moving-digits",
        "small: trains in minutes on a laptop's CPU",
        [10, 10, 1, 32, 32],
    );

    /// The preset that is named after it.
    pub const fn preset<C>(self, config: C) -> Preset<C> {
        self.variant(self.name, self.about, config)
    }

    /// Another preset for its clips.
    pub const fn variant<C>(self, name: &'static str, about: &'static str, config: C) -> Preset<C> {
        Preset {
            name,
            about,
            clip: self.clip,
            config,
        }
    }
}
