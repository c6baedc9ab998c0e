//! The network is OpenSTL's: forecasts, losses, gradients, running statistics.

use burn::tensor::Device;
use foreframe_core::Architecture;
use foreframe_golden::{Case, Tolerance, check, check_full, devices};
use foreframe_simvp::{SimVp, SimVpConfig, TranslatorKind};
use rstest::rstest;

/// Translator and the folder of its cases.
const CASES: [(TranslatorKind, &str); 12] = [
    (TranslatorKind::Gsta, "simvp_gsta"),
    (TranslatorKind::IncepU, "simvp_incepu"),
    (TranslatorKind::ViT, "simvp_vit"),
    (TranslatorKind::Swin, "simvp_swin"),
    (TranslatorKind::Uniformer, "simvp_uniformer"),
    (TranslatorKind::MlpMixer, "simvp_mlp"),
    (TranslatorKind::ConvMixer, "simvp_convmixer"),
    (TranslatorKind::PoolFormer, "simvp_poolformer"),
    (TranslatorKind::ConvNeXt, "simvp_convnext"),
    (TranslatorKind::Van, "simvp_van"),
    (TranslatorKind::HorNet, "simvp_hornet"),
    (TranslatorKind::MogaNet, "simvp_moga"),
];

fn config(case: &Case, translator: TranslatorKind) -> SimVpConfig {
    SimVpConfig {
        translator,
        spatial_channels: case.size("hid_S"),
        spatial_depth: case.size("N_S"),
        encoder_kernel: case.size("spatio_kernel_enc"),
        decoder_kernel: case.size("spatio_kernel_dec"),
        temporal_channels: case.size("hid_T"),
        temporal_depth: case.size("N_T"),
        mlp_ratio: case.hyper["mlp_ratio"].as_f64().unwrap() as usize,
        first_drop_path: 0.0,
        drop_path: 0.0,
        ..SimVpConfig::default()
    }
}

fn agrees(translator: TranslatorKind, method: &str, variant: &str, on_gpu: bool) {
    let case = Case::load(method, variant);
    for (name, device) in devices() {
        if on_gpu || name != "wgpu" {
            check::<SimVp>(&case, &config(&case, translator), &device, &Tolerance::of(name));
        }
    }
}

/// The software GPU compiles every new shape for seconds: it gets one case.
#[rstest]
fn agrees_with_openstl(
    #[values(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)] translator: usize,
    #[values("base", "long", "short")] variant: &str,
) {
    let (translator, method) = CASES[translator];
    let on_gpu = translator == TranslatorKind::Gsta && variant == "base";
    agrees(translator, method, variant, on_gpu);
}

#[test]
fn agrees_with_openstl_in_windows_of_seven() {
    agrees(TranslatorKind::Swin, "simvp_swin", "window7", false);
}

#[rstest]
#[case("simvp_gsta", "moving-mnist")]
#[case("simvp_incepu", "moving-mnist-incepu")]
#[case("simvp_vit", "moving-mnist-vit")]
#[case("simvp_swin", "moving-mnist-swin")]
#[case("simvp_uniformer", "moving-mnist-uniformer")]
#[case("simvp_mlpmixer", "moving-mnist-mlpmixer")]
#[case("simvp_convmixer", "moving-mnist-convmixer")]
#[case("simvp_poolformer", "moving-mnist-poolformer")]
#[case("simvp_convnext", "moving-mnist-convnext")]
#[case("simvp_van", "moving-mnist-van")]
#[case("simvp_hornet", "moving-mnist-hornet")]
#[case("simvp_moganet", "moving-mnist-moganet")]
#[case("simvp_gsta_kth20", "kth")]
#[case("simvp_gsta_kitticaltech", "caltech")]
fn agrees_with_openstl_at_the_published_size(#[case] case: &str, #[case] preset: &str) {
    let presets = SimVp::presets();
    let preset = presets.iter().find(|found| found.name == preset).unwrap();
    let eval_abs = match preset.config.translator {
        // Gates multiply sums of many terms with each other, and with them what rounding made of the sums.
        TranslatorKind::HorNet | TranslatorKind::MogaNet => 5e-5,
        _ => Tolerance::cpu().eval_abs,
    };
    let tolerance = Tolerance {
        eval_abs,
        ..Tolerance::cpu()
    };
    check_full::<SimVp>(case, &preset.config, &preset.clip, &Device::flex(), &tolerance);
}
