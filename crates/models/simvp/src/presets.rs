//! Named sets of hyper-parameters.

use foreframe_core::{Benchmark, Preset};

use crate::{SimVpConfig, TranslatorKind};

/// Name, translator, `[spatial channels, spatial depth]`, `[temporal channels, temporal depth]` and `drop_path`.
type Row = (&'static str, TranslatorKind, [usize; 2], [usize; 2], f64);

/// The published configuration for one dataset.
struct Dataset {
    benchmark: Benchmark,
    rows: &'static [Row],
}

/// OpenSTL's configurations (`configs/<dataset>/simvp/` and `configs/<dataset>/SimVP.py`). The one named like its data set
/// is gSTA; where the two files of gSTA differ in nothing but `drop_path`, it is that of `SimVP_gSTA.py`.
#[rustfmt::skip]
const DATASETS: &[Dataset] = &[
    Dataset { benchmark: Benchmark::MOVING_MNIST, rows: &[
        ("moving-mnist", TranslatorKind::Gsta, [64, 4], [512, 8], 0.0),
        ("moving-mnist-large", TranslatorKind::Gsta, [128, 4], [1024, 24], 0.0),
        ("moving-mnist-incepu", TranslatorKind::IncepU, [64, 4], [512, 8], 0.0),
        ("moving-mnist-vit", TranslatorKind::ViT, [64, 4], [512, 8], 0.0),
        ("moving-mnist-swin", TranslatorKind::Swin, [64, 4], [512, 8], 0.0),
        ("moving-mnist-uniformer", TranslatorKind::Uniformer, [64, 4], [512, 8], 0.0),
        ("moving-mnist-mlpmixer", TranslatorKind::MlpMixer, [64, 4], [512, 8], 0.0),
        ("moving-mnist-convmixer", TranslatorKind::ConvMixer, [64, 4], [512, 8], 0.0),
        ("moving-mnist-poolformer", TranslatorKind::PoolFormer, [64, 4], [512, 8], 0.0),
        ("moving-mnist-convnext", TranslatorKind::ConvNeXt, [64, 4], [512, 8], 0.0),
        ("moving-mnist-van", TranslatorKind::Van, [64, 4], [512, 8], 0.0),
        ("moving-mnist-hornet", TranslatorKind::HorNet, [64, 4], [512, 8], 0.0),
        ("moving-mnist-moganet", TranslatorKind::MogaNet, [64, 4], [512, 8], 0.0),
    ] },
    Dataset { benchmark: Benchmark::MOVING_MNIST_CIFAR, rows: &[
        ("moving-mnist-cifar", TranslatorKind::Gsta, [64, 4], [512, 8], 0.0),
        ("moving-mnist-cifar-large", TranslatorKind::Gsta, [128, 4], [1024, 24], 0.0),
        ("moving-mnist-cifar-incepu", TranslatorKind::IncepU, [64, 4], [512, 8], 0.0),
        ("moving-mnist-cifar-vit", TranslatorKind::ViT, [64, 4], [512, 8], 0.0),
        ("moving-mnist-cifar-swin", TranslatorKind::Swin, [64, 4], [512, 8], 0.0),
        ("moving-mnist-cifar-uniformer", TranslatorKind::Uniformer, [64, 4], [512, 8], 0.0),
        ("moving-mnist-cifar-mlpmixer", TranslatorKind::MlpMixer, [64, 4], [512, 8], 0.0),
        ("moving-mnist-cifar-convmixer", TranslatorKind::ConvMixer, [64, 4], [512, 8], 0.0),
        ("moving-mnist-cifar-poolformer", TranslatorKind::PoolFormer, [64, 4], [512, 8], 0.0),
        ("moving-mnist-cifar-convnext", TranslatorKind::ConvNeXt, [64, 4], [512, 8], 0.0),
        ("moving-mnist-cifar-van", TranslatorKind::Van, [64, 4], [512, 8], 0.0),
        ("moving-mnist-cifar-hornet", TranslatorKind::HorNet, [64, 4], [512, 8], 0.0),
        ("moving-mnist-cifar-moganet", TranslatorKind::MogaNet, [64, 4], [512, 8], 0.0),
    ] },
    Dataset { benchmark: Benchmark::TAXIBJ, rows: &[
        ("taxibj", TranslatorKind::Gsta, [32, 2], [256, 8], 0.1),
        ("taxibj-incepu", TranslatorKind::IncepU, [32, 2], [256, 8], 0.1),
        ("taxibj-vit", TranslatorKind::ViT, [32, 2], [256, 8], 0.1),
        ("taxibj-swin", TranslatorKind::Swin, [32, 2], [256, 8], 0.1),
        ("taxibj-uniformer", TranslatorKind::Uniformer, [32, 2], [256, 8], 0.1),
        ("taxibj-mlpmixer", TranslatorKind::MlpMixer, [32, 2], [256, 8], 0.1),
        ("taxibj-convmixer", TranslatorKind::ConvMixer, [32, 2], [256, 8], 0.1),
        ("taxibj-poolformer", TranslatorKind::PoolFormer, [32, 2], [256, 8], 0.1),
        ("taxibj-convnext", TranslatorKind::ConvNeXt, [32, 2], [256, 8], 0.1),
        ("taxibj-van", TranslatorKind::Van, [32, 2], [256, 8], 0.1),
        ("taxibj-hornet", TranslatorKind::HorNet, [32, 2], [256, 8], 0.1),
        ("taxibj-moganet", TranslatorKind::MogaNet, [32, 2], [256, 8], 0.1),
    ] },
    Dataset { benchmark: Benchmark::KTH, rows: &[
        ("kth", TranslatorKind::Gsta, [64, 2], [256, 6], 0.2),
        ("kth-incepu", TranslatorKind::IncepU, [64, 2], [256, 4], 0.1),
        ("kth-vit", TranslatorKind::ViT, [64, 2], [256, 4], 0.1),
        ("kth-swin", TranslatorKind::Swin, [64, 2], [256, 6], 0.1),
        ("kth-uniformer", TranslatorKind::Uniformer, [64, 2], [256, 4], 0.1),
        ("kth-mlpmixer", TranslatorKind::MlpMixer, [64, 2], [256, 6], 0.1),
        ("kth-convmixer", TranslatorKind::ConvMixer, [64, 2], [256, 6], 0.1),
        ("kth-poolformer", TranslatorKind::PoolFormer, [64, 2], [256, 6], 0.1),
        ("kth-convnext", TranslatorKind::ConvNeXt, [64, 2], [256, 6], 0.1),
        ("kth-van", TranslatorKind::Van, [64, 2], [256, 6], 0.2),
        ("kth-hornet", TranslatorKind::HorNet, [64, 2], [256, 6], 0.2),
        ("kth-moganet", TranslatorKind::MogaNet, [64, 2], [256, 6], 0.2),
    ] },
    Dataset { benchmark: Benchmark::HUMAN, rows: &[
        ("human", TranslatorKind::Gsta, [64, 4], [256, 8], 0.1),
        ("human-wide", TranslatorKind::Gsta, [64, 4], [512, 8], 0.0),
        ("human-incepu", TranslatorKind::IncepU, [64, 4], [512, 6], 0.1),
        ("human-vit", TranslatorKind::ViT, [64, 4], [256, 8], 0.1),
        ("human-swin", TranslatorKind::Swin, [64, 4], [512, 8], 0.1),
        ("human-uniformer", TranslatorKind::Uniformer, [64, 4], [512, 8], 0.1),
        ("human-mlpmixer", TranslatorKind::MlpMixer, [64, 4], [512, 8], 0.1),
        ("human-convmixer", TranslatorKind::ConvMixer, [64, 4], [512, 8], 0.1),
        ("human-poolformer", TranslatorKind::PoolFormer, [64, 4], [512, 8], 0.1),
        ("human-convnext", TranslatorKind::ConvNeXt, [64, 4], [512, 8], 0.1),
        ("human-van", TranslatorKind::Van, [64, 4], [512, 8], 0.1),
        ("human-hornet", TranslatorKind::HorNet, [64, 4], [512, 6], 0.1),
        ("human-moganet", TranslatorKind::MogaNet, [64, 4], [256, 6], 0.1),
    ] },
    Dataset { benchmark: Benchmark::CALTECH, rows: &[
        ("caltech", TranslatorKind::Gsta, [64, 2], [256, 6], 0.2),
        ("caltech-incepu", TranslatorKind::IncepU, [64, 2], [256, 4], 0.1),
        ("caltech-vit", TranslatorKind::ViT, [64, 2], [256, 4], 0.1),
        ("caltech-swin", TranslatorKind::Swin, [64, 2], [256, 6], 0.1),
        ("caltech-uniformer", TranslatorKind::Uniformer, [64, 2], [256, 4], 0.2),
        ("caltech-mlpmixer", TranslatorKind::MlpMixer, [64, 2], [256, 6], 0.1),
        ("caltech-convmixer", TranslatorKind::ConvMixer, [64, 2], [256, 6], 0.1),
        ("caltech-poolformer", TranslatorKind::PoolFormer, [64, 2], [256, 6], 0.1),
        ("caltech-convnext", TranslatorKind::ConvNeXt, [64, 2], [256, 6], 0.1),
        ("caltech-van", TranslatorKind::Van, [64, 2], [256, 6], 0.1),
        ("caltech-hornet", TranslatorKind::HorNet, [64, 2], [256, 6], 0.1),
        ("caltech-moganet", TranslatorKind::MogaNet, [64, 2], [256, 6], 0.1),
    ] },
    Dataset { benchmark: Benchmark::KINETICS, rows: &[
        ("kinetics", TranslatorKind::Gsta, [64, 4], [512, 8], 0.0),
    ] },
    Dataset { benchmark: Benchmark::BAIR, rows: &[
        ("bair", TranslatorKind::Gsta, [64, 2], [256, 8], 0.1),
    ] },
    Dataset { benchmark: Benchmark::WEATHERBENCH, rows: &[
        ("weatherbench", TranslatorKind::Gsta, [32, 2], [256, 8], 0.1),
        ("weatherbench-incepu", TranslatorKind::IncepU, [32, 2], [256, 8], 0.1),
        ("weatherbench-vit", TranslatorKind::ViT, [32, 2], [256, 8], 0.1),
        ("weatherbench-swin", TranslatorKind::Swin, [32, 2], [256, 8], 0.1),
        ("weatherbench-uniformer", TranslatorKind::Uniformer, [32, 2], [256, 8], 0.1),
        ("weatherbench-mlpmixer", TranslatorKind::MlpMixer, [32, 2], [256, 8], 0.1),
        ("weatherbench-convmixer", TranslatorKind::ConvMixer, [32, 2], [256, 8], 0.1),
        ("weatherbench-poolformer", TranslatorKind::PoolFormer, [32, 2], [256, 8], 0.1),
        ("weatherbench-convnext", TranslatorKind::ConvNeXt, [32, 2], [256, 8], 0.1),
        ("weatherbench-van", TranslatorKind::Van, [32, 2], [256, 8], 0.1),
        ("weatherbench-hornet", TranslatorKind::HorNet, [32, 2], [256, 8], 0.1),
        ("weatherbench-moganet", TranslatorKind::MogaNet, [32, 2], [256, 8], 0.2),
    ] },
    Dataset { benchmark: Benchmark::WEATHERBENCH_WIND, rows: &[
        ("weatherbench-wind", TranslatorKind::Gsta, [32, 2], [256, 8], 0.2),
        ("weatherbench-wind-incepu", TranslatorKind::IncepU, [32, 2], [256, 8], 0.1),
        ("weatherbench-wind-vit", TranslatorKind::ViT, [32, 2], [256, 8], 0.2),
        ("weatherbench-wind-swin", TranslatorKind::Swin, [32, 2], [256, 8], 0.2),
        ("weatherbench-wind-uniformer", TranslatorKind::Uniformer, [32, 2], [256, 8], 0.2),
        ("weatherbench-wind-mlpmixer", TranslatorKind::MlpMixer, [32, 2], [256, 8], 0.2),
        ("weatherbench-wind-convmixer", TranslatorKind::ConvMixer, [32, 2], [256, 8], 0.1),
        ("weatherbench-wind-poolformer", TranslatorKind::PoolFormer, [32, 2], [256, 8], 0.2),
        ("weatherbench-wind-convnext", TranslatorKind::ConvNeXt, [32, 2], [256, 8], 0.2),
        ("weatherbench-wind-van", TranslatorKind::Van, [32, 2], [256, 8], 0.2),
        ("weatherbench-wind-hornet", TranslatorKind::HorNet, [32, 2], [256, 8], 0.2),
        ("weatherbench-wind-moganet", TranslatorKind::MogaNet, [32, 2], [256, 8], 0.2),
    ] },
    Dataset { benchmark: Benchmark::WEATHERBENCH_MULTI, rows: &[
        ("weatherbench-multi", TranslatorKind::Gsta, [32, 2], [512, 8], 0.1),
        ("weatherbench-multi-incepu", TranslatorKind::IncepU, [32, 2], [256, 8], 0.1),
        ("weatherbench-multi-vit", TranslatorKind::ViT, [32, 2], [256, 8], 0.1),
        ("weatherbench-multi-swin", TranslatorKind::Swin, [32, 2], [256, 8], 0.1),
        ("weatherbench-multi-uniformer", TranslatorKind::Uniformer, [32, 2], [256, 8], 0.1),
        ("weatherbench-multi-mlpmixer", TranslatorKind::MlpMixer, [32, 2], [256, 8], 0.1),
        ("weatherbench-multi-poolformer", TranslatorKind::PoolFormer, [32, 2], [256, 8], 0.1),
        ("weatherbench-multi-van", TranslatorKind::Van, [32, 2], [256, 8], 0.1),
        ("weatherbench-multi-hornet", TranslatorKind::HorNet, [32, 2], [256, 8], 0.1),
        ("weatherbench-multi-moganet", TranslatorKind::MogaNet, [32, 2], [256, 8], 0.1),
    ] },
    Dataset { benchmark: Benchmark::WEATHERBENCH_FINE, rows: &[
        ("weatherbench-fine", TranslatorKind::Gsta, [32, 2], [256, 8], 0.1),
        ("weatherbench-fine-incepu", TranslatorKind::IncepU, [32, 2], [256, 8], 0.1),
        ("weatherbench-fine-vit", TranslatorKind::ViT, [32, 4], [256, 8], 0.1),
        ("weatherbench-fine-swin", TranslatorKind::Swin, [32, 2], [256, 8], 0.1),
        ("weatherbench-fine-uniformer", TranslatorKind::Uniformer, [32, 4], [256, 8], 0.1),
        ("weatherbench-fine-mlpmixer", TranslatorKind::MlpMixer, [32, 2], [256, 8], 0.1),
        ("weatherbench-fine-convmixer", TranslatorKind::ConvMixer, [32, 2], [256, 8], 0.1),
        ("weatherbench-fine-poolformer", TranslatorKind::PoolFormer, [32, 2], [256, 8], 0.1),
        ("weatherbench-fine-convnext", TranslatorKind::ConvNeXt, [32, 2], [256, 8], 0.1),
        ("weatherbench-fine-van", TranslatorKind::Van, [32, 2], [256, 8], 0.1),
        ("weatherbench-fine-hornet", TranslatorKind::HorNet, [32, 2], [256, 8], 0.1),
        ("weatherbench-fine-moganet", TranslatorKind::MogaNet, [32, 2], [256, 8], 0.1),
    ] },
];

/// Small enough for a CPU.
const MOVING_DIGITS: Dataset = Dataset {
    benchmark: Benchmark::MOVING_DIGITS,
    rows: &[("moving-digits", TranslatorKind::Gsta, [8, 4], [64, 4], 0.0)],
};

/// OpenSTL's configurations and a small one.
pub(crate) fn presets() -> Vec<Preset<SimVpConfig>> {
    let mut presets: Vec<_> = DATASETS.iter().flat_map(Dataset::presets).collect();
    presets.extend(MOVING_DIGITS.presets().map(|preset| Preset {
        config: SimVpConfig {
            mlp_ratio: 4,
            first_drop_path: 0.0,
            ..preset.config
        },
        ..preset
    }));
    presets
}

impl Dataset {
    fn presets(&self) -> impl Iterator<Item = Preset<SimVpConfig>> + '_ {
        self.rows
            .iter()
            .map(|(name, translator, spatial, temporal, drop_path)| {
                let config = SimVpConfig {
                    translator: *translator,
                    spatial_channels: spatial[0],
                    spatial_depth: spatial[1],
                    temporal_channels: temporal[0],
                    temporal_depth: temporal[1],
                    drop_path: *drop_path,
                    ..SimVpConfig::default()
                };
                self.benchmark.variant(name, self.benchmark.about, config)
            })
    }
}
