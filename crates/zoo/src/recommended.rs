//! The committed configurations: what training a network on a dataset does by default.

/// A committed configuration: its path in `crates/zoo`, and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recommended {
    /// `configs/<dataset>/<model>.toml`.
    pub path: &'static str,
    /// The file's text.
    pub text: &'static str,
}

macro_rules! configs {
    ($($path:literal),+ $(,)?) => {
        &[$(Recommended { path: concat!("configs/", $path), text: include_str!(concat!("../configs/", $path)) }),+]
    };
}

static CONFIGS: &[Recommended] = configs![
    "moving-digits/ustep.toml",
    "moving-digits/ustep_simvp.toml",
    "moving-digits/ustep_gsta.toml",
    "moving-digits/ustep_uniformer.toml",
    "moving-digits/stlight.toml",
    "moving-digits/tau.toml",
    "moving-digits/simvp.toml",
    "moving-digits/wast.toml",
    "moving-digits/iam4vp.toml",
    "moving-mnist/ustep.toml",
    "moving-mnist/ustep_simvp.toml",
    "moving-mnist/ustep_gsta.toml",
    "moving-mnist/ustep_uniformer.toml",
    "moving-mnist/stlight.toml",
    "moving-mnist/tau.toml",
    "moving-digits/convlstm.toml",
    "moving-mnist/convlstm.toml",
    "moving-digits/predrnn.toml",
    "moving-mnist/predrnn.toml",
    "moving-digits/predrnnpp.toml",
    "moving-mnist/predrnnpp.toml",
    "moving-digits/predrnnv2.toml",
    "moving-mnist/predrnnv2.toml",
    "moving-digits/mim.toml",
    "moving-mnist/mim.toml",
    "moving-digits/mau.toml",
    "moving-mnist/mau.toml",
    "moving-digits/phydnet.toml",
    "moving-mnist/phydnet.toml",
    "moving-digits/swinlstm.toml",
    "moving-digits/prednet.toml",
    "moving-digits/predformer.toml",
    "moving-mnist/swinlstm.toml",
    "moving-mnist/prednet.toml",
    "moving-mnist/predformer.toml",
    "moving-digits/e3dlstm.toml",
    "moving-mnist/e3dlstm.toml",
    "moving-digits/motionrnn.toml",
    "moving-mnist/motionrnn.toml",
    "moving-digits/gmg.toml",
    "moving-mnist/gmg.toml",
    "moving-mnist/simvp.toml",
    "moving-mnist/wast.toml",
    "moving-mnist/iam4vp.toml",
];

/// The configuration with which `model` is trained on `dataset` where none is named.
pub fn recommended(dataset: &str, model: &str) -> Option<Recommended> {
    let path = format!("configs/{dataset}/{model}.toml");
    CONFIGS.iter().copied().find(|config| config.path == path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DATASETS, MODELS};

    #[test]
    fn every_configuration_is_found_by_registered_names() {
        let found = DATASETS
            .iter()
            .flat_map(|dataset| MODELS.iter().filter_map(|model| recommended(dataset.name, model.name)))
            .count();
        assert_eq!(found, CONFIGS.len());
        assert_eq!(recommended("moving-digits", "persistence"), None);
    }
}
