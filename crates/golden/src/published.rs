//! Sizes and costs of presets, as they were published.

use burn::tensor::Device;
use foreframe_core::{Architecture, Preset, count_parameters};

/// Checks the parameters of every preset but the small one for moving digits, which nobody has published.
pub fn check_sizes<A: Architecture>(published: &[(&str, usize)]) {
    assert_eq!(A::presets().len(), published.len() + 1, "presets of {}", A::NAME);
    for (name, parameters) in published {
        let preset = preset::<A>(name);
        let network = A::new(&preset.config, &preset.clip, &Device::flex()).expect("a preset fits its clip");
        assert_eq!(count_parameters(&network), *parameters, "{name}");
    }
}

/// Checks 10^9 multiply-accumulates of presets, up to a relative `tolerance`: of publications that round, or that leave small
/// terms out.
pub fn check_costs<A: Architecture>(published: &[(&str, f64)], tolerance: f64) {
    for (name, giga) in published {
        let preset = preset::<A>(name);
        let counted = A::cost(&preset.config, &preset.clip).total() as f64 / 1e9;
        assert!(
            (counted / giga - 1.0).abs() < tolerance,
            "{name}: {counted}, published {giga}"
        );
    }
}

fn preset<A: Architecture>(name: &str) -> Preset<A::Config> {
    let found = A::presets().into_iter().find(|preset| preset.name == name);
    found.unwrap_or_else(|| panic!("{} has no preset `{name}`", A::NAME))
}
