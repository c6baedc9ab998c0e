//! Trained weights that come with the program.

use foreframe_train::config::nearest;
use serde::{Deserialize, Serialize};

use crate::UnknownName;

/// Trained weights: `MODEL@DATA`.
#[derive(Clone, Debug, PartialEq)]
pub struct Shipped {
    /// Metadata of the weights.
    pub about: About,
    /// The weights file.
    pub bytes: &'static [u8],
}

/// How weights came to be, and how good they are.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// The name on the command line, e.g. `ustep@moving-digits`.
    pub name: String,
    /// The network, in the registry.
    pub model: String,
    /// Summary in one line: the data that they forecast.
    pub data: String,
    /// The file in `crates/zoo/weights`.
    pub file: String,
    /// Of the file, in hexadecimal digits.
    pub sha256: String,
    /// Trainable values.
    pub parameters: usize,
    /// The command that trained them, and the machine.
    pub command: String,
    /// On which clips they were evaluated.
    pub evaluated: String,
    /// Mean squared error as OpenSTL sums it, of all lead times.
    pub openstl_mse: f64,
    /// The same of persistence, on the same clips.
    pub persistence_openstl_mse: f64,
    /// Structural similarity (Wang et al., 2004).
    pub ssim: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    weights: Vec<About>,
}

macro_rules! files {
    ($($file:literal),+ $(,)?) => {
        &[$(($file, include_bytes!(concat!("../weights/", $file)))),+]
    };
}

static FILES: &[(&str, &[u8])] = files![
    "ustep-moving-digits.bpk",
    "stlight-moving-digits.bpk",
    "convlstm-moving-digits.bpk",
    "ustep-moving-digits-64.bpk",
    "stlight-moving-digits-64.bpk",
    "convlstm-moving-digits-64.bpk",
];

/// All of them.
///
/// # Panics
/// If `crates/zoo/weights/weights.toml` and the files beside it do not go together, which a test sees.
pub fn shipped() -> Vec<Shipped> {
    let manifest: Manifest = toml::from_str(include_str!("../weights/weights.toml")).expect("the manifest is a table");
    let of = |about: About| {
        let file = FILES.iter().find(|(file, _)| *file == about.file);
        let bytes = file.unwrap_or_else(|| panic!("{} is not compiled in", about.file)).1;
        Shipped { about, bytes }
    };
    manifest.weights.into_iter().map(of).collect()
}

/// The weights called `name`.
///
/// # Errors
/// Lists the known ones and names the nearest.
pub fn find_shipped(name: &str) -> Result<Shipped, UnknownName> {
    let mut all = shipped();
    let known: Vec<String> = all.iter().map(|shipped| shipped.about.name.clone()).collect();
    match known.iter().position(|known| known == name) {
        Some(index) => Ok(all.swap_remove(index)),
        None => Err(UnknownName {
            kind: "weights",
            name: name.to_owned(),
            suggestion: nearest(&name.to_lowercase(), known.iter().map(String::as_str)).map(str::to_owned),
            known,
        }),
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::Device;
    use foreframe_train::weights::load_weights;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::MODELS;

    /// Upper limit of the size in the repository, in bytes.
    const MOST: usize = 6_000_000;

    #[test]
    fn all_weights_are_the_ones_that_were_evaluated_and_open() {
        let all = shipped();
        assert_eq!(all.len(), FILES.len(), "a file without an entry");
        assert!(all.iter().map(|shipped| shipped.bytes.len()).sum::<usize>() <= MOST);
        let folder = tempfile::tempdir().unwrap();
        for Shipped { about, bytes } in all {
            let sum: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(sum, about.sha256, "{}", about.file);
            let path = folder.path().join(&about.file);
            std::fs::write(&path, bytes).unwrap();
            let (network, header) = load_weights(&path, MODELS, &Device::flex()).unwrap();
            assert_eq!(
                (network.name(), network.parameters()),
                (&*about.model, about.parameters)
            );
            assert!(
                header.input.is_some(),
                "{} does not say how its data are read",
                about.name
            );
            assert!(about.name.starts_with(&format!("{}@", about.model)), "{}", about.name);
            assert!(about.command.contains("foreframe ") && about.openstl_mse < about.persistence_openstl_mse);
        }
    }

    #[test]
    fn a_name_that_is_nearly_right_is_answered_with_the_nearest() {
        let error = find_shipped("ustep@moving-digit").unwrap_err().to_string();
        assert!(error.contains("did you mean `ustep@moving-digits`?"), "{error}");
        assert_eq!(find_shipped("ustep@moving-digits").unwrap().about.model, "ustep");
    }
}
