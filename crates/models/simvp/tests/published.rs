//! Presets have the sizes of OpenSTL's configurations.

use burn::tensor::Device;
use foreframe_core::{Architecture, ClipShape, Preset, count_parameters};
use foreframe_simvp::{SimVp, SimVpConfig, TranslatorKind};

/// Preset, parameters of OpenSTL's network, and 10^9 multiply-accumulates that fvcore counts for one pass of it, or where
/// its tables print the network of another configuration none. Those of ViT have attention as separate operations: fvcore
/// does not see the fused one.
#[rustfmt::skip]
const PUBLISHED: &[(&str, usize, Option<f64>)] = &[
    ("moving-mnist", 46_769_665, Some(16.53)),
    ("moving-mnist-large", 524_004_353, Some(152.15)),
    ("moving-mnist-incepu", 57_946_113, Some(19.43)),
    ("moving-mnist-vit", 46_102_273, Some(16.93)),
    ("moving-mnist-swin", 46_105_409, Some(16.41)),
    ("moving-mnist-uniformer", 44_834_817, Some(16.45)),
    ("moving-mnist-mlpmixer", 38_192_449, Some(14.65)),
    ("moving-mnist-convmixer", 3_919_361, Some(5.45)),
    ("moving-mnist-poolformer", 37_115_393, Some(14.08)),
    ("moving-mnist-convnext", 37_313_921, Some(14.12)),
    ("moving-mnist-van", 44_520_833, Some(15.95)),
    ("moving-mnist-hornet", 45_738_305, Some(16.27)),
    ("moving-mnist-moganet", 46_777_065, Some(16.52)),
    ("moving-mnist-cifar", 46_770_947, None),
    ("moving-mnist-cifar-large", 524_006_915, None),
    ("moving-mnist-cifar-incepu", 57_947_395, None),
    ("moving-mnist-cifar-vit", 46_103_555, None),
    ("moving-mnist-cifar-swin", 46_106_691, None),
    ("moving-mnist-cifar-uniformer", 44_836_099, None),
    ("moving-mnist-cifar-mlpmixer", 38_193_731, None),
    ("moving-mnist-cifar-convmixer", 3_920_643, None),
    ("moving-mnist-cifar-poolformer", 37_116_675, None),
    ("moving-mnist-cifar-convnext", 37_315_203, None),
    ("moving-mnist-cifar-van", 44_522_115, None),
    ("moving-mnist-cifar-hornet", 45_739_587, None),
    ("moving-mnist-cifar-moganet", 46_778_347, None),
    ("taxibj", 9_961_058, Some(2.61)),
    ("taxibj-incepu", 13_794_914, Some(3.61)),
    ("taxibj-vit", 9_657_698, Some(2.80)),
    ("taxibj-swin", 9_660_834, Some(2.56)),
    ("taxibj-uniformer", 9_525_346, Some(2.71)),
    ("taxibj-mlpmixer", 8_244_002, Some(2.18)),
    ("taxibj-convmixer", 841_314, Some(0.23)),
    ("taxibj-poolformer", 7_753_314, Some(2.06)),
    ("taxibj-convnext", 7_843_554, Some(2.08)),
    ("taxibj-van", 9_484_002, Some(2.49)),
    ("taxibj-hornet", 9_679_650, Some(2.54)),
    ("taxibj-moganet", 9_964_426, Some(2.61)),
    ("kth", 15_632_961, Some(76.8)),
    ("kth-incepu", 8_600_641, None),
    ("kth-vit", 12_699_457, Some(112.0)),
    ("kth-swin", 15_331_953, Some(75.9)),
    ("kth-uniformer", 11_785_793, Some(78.3)),
    ("kth-mlpmixer", 20_262_657, Some(66.6)),
    ("kth-convmixer", 1_532_481, Some(18.3)),
    ("kth-poolformer", 12_376_641, Some(63.6)),
    ("kth-convnext", 12_466_881, Some(63.9)),
    ("kth-van", 14_893_761, Some(73.8)),
    ("kth-hornet", 15_261_441, Some(75.3)),
    ("kth-moganet", 15_636_327, Some(76.7)),
    ("human", 11_327_235, Some(74.6)),
    ("human-wide", 39_428_867, None),
    ("human-incepu", 41_156_355, Some(197.0)),
    ("human-vit", 11_003_651, None),
    ("human-swin", 38_825_283, Some(188.0)),
    ("human-uniformer", 38_229_763, None),
    ("human-mlpmixer", 46_967_939, Some(164.0)),
    ("human-convmixer", 3_134_211, Some(39.4)),
    ("human-poolformer", 31_212_291, Some(156.0)),
    ("human-convnext", 31_392_771, Some(157.0)),
    ("human-van", 37_524_483, Some(182.0)),
    ("human-hornet", 28_117_635, Some(143.0)),
    ("human-moganet", 8_618_889, Some(63.6)),
    ("caltech", 15_634_243, Some(96.3)),
    ("caltech-incepu", 8_601_923, Some(60.6)),
    ("caltech-vit", 12_700_739, Some(155.0)),
    ("caltech-swin", 15_333_235, Some(95.2)),
    ("caltech-uniformer", 11_787_075, Some(104.0)),
    ("caltech-mlpmixer", 22_236_163, Some(83.5)),
    ("caltech-convmixer", 1_533_763, Some(23.1)),
    ("caltech-poolformer", 12_377_923, Some(79.8)),
    ("caltech-convnext", 12_468_163, Some(80.2)),
    ("caltech-van", 14_895_043, Some(92.5)),
    ("caltech-hornet", 15_262_723, Some(94.4)),
    ("caltech-moganet", 15_637_609, Some(96.2)),
    ("kinetics", 39_428_867, None),
    ("bair", 11_068_227, None),
    ("weatherbench", 12_758_305, Some(7.01)),
    ("weatherbench-incepu", 14_666_017, Some(8.03)),
    ("weatherbench-vit", 12_414_497, Some(7.99)),
    ("weatherbench-swin", 12_417_633, Some(6.89)),
    ("weatherbench-uniformer", 12_028_705, Some(7.45)),
    ("weatherbench-mlpmixer", 11_100_257, Some(5.92)),
    ("weatherbench-convmixer", 1_135_905, Some(0.95)),
    ("weatherbench-poolformer", 9_985_313, Some(5.61)),
    ("weatherbench-convnext", 10_087_585, Some(5.66)),
    ("weatherbench-van", 12_149_921, Some(6.7)),
    ("weatherbench-hornet", 12_416_097, Some(6.84)),
    ("weatherbench-moganet", 12_762_121, Some(7.0)),
    ("weatherbench-wind", 12_758_626, None),
    ("weatherbench-wind-incepu", 14_666_338, None),
    ("weatherbench-wind-vit", 12_414_818, None),
    ("weatherbench-wind-swin", 12_417_954, None),
    ("weatherbench-wind-uniformer", 12_029_026, None),
    ("weatherbench-wind-mlpmixer", 11_100_578, None),
    ("weatherbench-wind-convmixer", 1_136_226, None),
    ("weatherbench-wind-poolformer", 9_985_634, None),
    ("weatherbench-wind-convnext", 10_087_906, None),
    ("weatherbench-wind-van", 12_150_242, None),
    ("weatherbench-wind-hornet", 12_416_418, None),
    ("weatherbench-wind-moganet", 12_762_442, None),
    ("weatherbench-multi", 37_868_780, None),
    ("weatherbench-multi-incepu", 13_798_124, None),
    ("weatherbench-multi-vit", 9_660_908, None),
    ("weatherbench-multi-swin", 9_664_044, None),
    ("weatherbench-multi-uniformer", 9_528_556, None),
    ("weatherbench-multi-mlpmixer", 8_740_780, None),
    ("weatherbench-multi-poolformer", 7_756_524, None),
    ("weatherbench-multi-van", 9_487_212, None),
    ("weatherbench-multi-hornet", 9_682_860, None),
    ("weatherbench-multi-moganet", 9_967_636, None),
    ("weatherbench-fine", 12_758_305, Some(112.0)),
    ("weatherbench-fine-incepu", 14_666_017, Some(128.0)),
    ("weatherbench-fine-vit", 12_479_489, None),
    ("weatherbench-fine-swin", 12_417_633, Some(110.0)),
    ("weatherbench-fine-uniformer", 12_093_697, Some(48.8)),
    ("weatherbench-fine-mlpmixer", 27_873_377, Some(94.7)),
    ("weatherbench-fine-convmixer", 1_135_905, Some(15.1)),
    ("weatherbench-fine-poolformer", 9_985_313, Some(89.7)),
    ("weatherbench-fine-convnext", 10_087_585, Some(90.5)),
    ("weatherbench-fine-van", 12_149_921, Some(107.0)),
    ("weatherbench-fine-hornet", 12_416_097, Some(109.0)),
    ("weatherbench-fine-moganet", 12_762_121, Some(112.0)),
];

fn preset<'a>(presets: &'a [Preset<SimVpConfig>], name: &str) -> &'a Preset<SimVpConfig> {
    let found = presets.iter().find(|preset| preset.name == name);
    found.unwrap_or_else(|| panic!("there is no preset {name}"))
}

/// Parameters are drawn when they are first used: nothing of this size is ever made.
#[test]
fn parameters() {
    let presets = SimVp::presets();
    for (name, parameters, _) in PUBLISHED {
        let preset = preset(&presets, name);
        let network = SimVp::new(&preset.config, &preset.clip, &Device::flex()).unwrap();
        assert_eq!(count_parameters(&network), *parameters, "{name}");
    }
    assert_eq!(
        presets.len(),
        PUBLISHED.len() + 1,
        "every preset but the small one was published"
    );
}

/// fvcore does not see convolutions with `padding="same"`, which ConvMixer's depthwise ones are.
fn unseen(config: &SimVpConfig, clip: &ClipShape) -> f64 {
    if config.translator != TranslatorKind::ConvMixer {
        return 0.0;
    }
    let channels = clip.past * config.spatial_channels + (config.temporal_depth - 1) * config.temporal_channels;
    let halvings = config.spatial_depth / 2;
    let positions = (clip.height >> halvings) * (clip.width >> halvings);
    (channels * positions * 11 * 11) as f64
}

#[test]
fn multiply_accumulates() {
    let presets = SimVp::presets();
    for (name, _, published) in PUBLISHED {
        let Some(published) = published else { continue };
        let Preset { config, clip, .. } = preset(&presets, name);
        let once = ClipShape {
            future: clip.past,
            ..*clip
        };
        let counted = (SimVp::cost(config, &once).total() as f64 - unseen(config, clip)) / 1e9;
        // The figures have three digits.
        assert!(
            (counted - published).abs() < 5e-3 * published + 5e-3,
            "{name}: {counted}, published {published}"
        );
    }
}
