//! The network computes what the paper's listing computes.

use burn::tensor::Device;
use foreframe_core::{Architecture, ClipShape, ConfigError, count_parameters};
use foreframe_golden::{Case, Tolerance, check, devices};
use foreframe_stlight::{Reassembly, StLight, StLightConfig};
use rstest::rstest;

fn config(case: &Case) -> StLightConfig {
    StLightConfig {
        width: case.size("dim"),
        depth: case.size("depth"),
        patch_size: case.size("patch_size"),
        overlap: case.size("overlapping"),
        kernel: case.size("K_1"),
        dilated_kernel: case.size("K_2"),
        reassembly: Reassembly::ShuffleFirst,
    }
}

/// On every device: one case.
#[test]
fn portable_stlight_is_the_listings() {
    let case = Case::load("stlight", "base");
    for (name, device) in devices() {
        check::<StLight>(&case, &config(&case), &device, &Tolerance::of(name));
    }
}

/// Other backends differ from the CPU in how they compute, not in which blocks are connected: the rest runs there only.
#[rstest]
fn stlight_is_the_listings(
    #[values(
        "overlap",
        "p1",
        "overlap_p1",
        "p4",
        "long",
        "short",
        "depth3",
        "depth5",
        "depth7",
        "even_k"
    )]
    variant: &str,
) {
    let case = Case::load("stlight", variant);
    check::<StLight>(&case, &config(&case), &Device::flex(), &Tolerance::cpu());
}

#[rstest]
#[case("moving-mnist-xs", 11_108_410)]
#[case("moving-mnist-s", 17_085_510)]
#[case("moving-mnist-m", 24_342_610)]
#[case("moving-mnist-l", 32_879_710)]
#[case("taxibj-s", 990_984)]
#[case("taxibj-m", 1_648_392)]
#[case("taxibj-l", 2_963_976)]
#[case("kth-xs", 1_430_420)]
#[case("kth-s", 5_413_220)]
#[case("kth-m", 9_457_620)]
#[case("kth-l", 14_622_020)]
#[case("moving-digits", 183_720)]
fn presets_have_their_number_of_parameters(#[case] name: &str, #[case] parameters: usize) {
    let preset = StLight::presets()
        .into_iter()
        .find(|preset| preset.name == name)
        .unwrap();
    let network = StLight::new(&preset.config, &preset.clip, &Device::flex()).unwrap();
    assert_eq!(count_parameters(&network), parameters);
}

#[rstest]
#[case::overlap(1400, 2, 33_047_710)]
#[case::wider_than_published(1600, 0, 42_696_810)]
fn variants_of_the_largest_have_the_listings_number_of_parameters(
    #[case] width: usize,
    #[case] overlap: usize,
    #[case] parameters: usize,
) -> Result<(), ConfigError> {
    let config = StLightConfig {
        width,
        overlap,
        ..StLightConfig::default()
    };
    let network = StLight::new(&config, &ClipShape::new([10, 10, 1, 64, 64]), &Device::flex())?;
    assert_eq!(count_parameters(&network), parameters);
    Ok(())
}
