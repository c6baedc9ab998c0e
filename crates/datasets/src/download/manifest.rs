//! The files of a dataset, with their sources and checksums.

use serde::{Deserialize, Serialize};

/// The files of the folder `manifests`.
const EMBEDDED: [&str; 14] = [
    include_str!("../../manifests/moving-digits.toml"),
    include_str!("../../manifests/moving-mnist.toml"),
    include_str!("../../manifests/moving-fashion-mnist.toml"),
    include_str!("../../manifests/moving-mnist-dynamic.toml"),
    include_str!("../../manifests/moving-mnist-cifar.toml"),
    include_str!("../../manifests/taxibj.toml"),
    include_str!("../../manifests/kth.toml"),
    include_str!("../../manifests/human.toml"),
    include_str!("../../manifests/caltech.toml"),
    include_str!("../../manifests/weatherbench.toml"),
    include_str!("../../manifests/cikm2017.toml"),
    include_str!("../../manifests/shanghai2020.toml"),
    include_str!("../../manifests/sevir.toml"),
    include_str!("../../manifests/ucf-sports.toml"),
];

/// A dataset's files, where they come from and under which terms.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The dataset's name on the command line.
    pub name: String,
    /// Other names for it.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Its content, in one line.
    pub about: String,
    /// Whom to cite.
    pub citation: String,
    /// Under which terms the files may be used.
    pub license: String,
    /// Its folder below the folder of all datasets.
    pub folder: String,
    /// How it is split into train, validation and test.
    pub splits: String,
    /// How to get what the program cannot fetch, and what is to be done with what it fetched.
    #[serde(default)]
    pub obtain: String,
    /// Its files.
    #[serde(default, rename = "file")]
    pub files: Vec<File>,
}

/// One file of a dataset.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// Its name in the dataset's folder.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hexadecimal; where none has been published, only the size is checked.
    pub sha256: Option<String>,
    /// Whether it is fetched only on request.
    #[serde(default)]
    pub optional: bool,
    /// URLs, tried in turn.
    pub sources: Vec<String>,
}

impl Manifest {
    /// Reads a manifest in TOML.
    ///
    /// # Errors
    /// Names the line and key that are wrong.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

/// The manifests of all datasets that this program knows.
pub fn manifests() -> Vec<Manifest> {
    let parse = |text: &&str| Manifest::parse(text).expect("the manifests of this crate are tested");
    EMBEDDED.iter().map(parse).collect()
}

/// The manifest of that name or alias.
pub fn find(name: &str) -> Option<Manifest> {
    manifests()
        .into_iter()
        .find(|manifest| manifest.name == name || manifest.aliases.iter().any(|alias| alias == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DATASETS;

    #[test]
    fn embedded_manifests_are_sound_and_belong_to_datasets() {
        // All but the user's own.
        let datasets = &DATASETS[..DATASETS.len() - 1];
        let known: Vec<String> = manifests().into_iter().map(|manifest| manifest.name).collect();
        let names: Vec<&str> = datasets.iter().map(|dataset| dataset.name).collect();
        assert_eq!(known, names);
        for manifest in manifests() {
            let has_files = manifest.name != "moving-digits";
            assert_eq!(
                !manifest.files.is_empty() || !manifest.obtain.is_empty(),
                has_files,
                "{}",
                manifest.name
            );
            assert!(
                !manifest.license.is_empty() && !manifest.splits.is_empty(),
                "{}",
                manifest.name
            );
            for file in &manifest.files {
                assert!(
                    !file.name.contains(['/', '\\']) && !file.sources.is_empty() && file.size > 0,
                    "{}",
                    file.name
                );
                let hex = |sha: &String| sha.len() == 64 && sha.bytes().all(|byte| byte.is_ascii_hexdigit());
                assert!(file.sha256.as_ref().is_none_or(hex), "{}", file.name);
                assert!(
                    file.sources.iter().all(|source| source.ends_with(&file.name)),
                    "{}",
                    file.name
                );
            }
        }
        assert_eq!(find("mnist").unwrap(), find("moving-mnist").unwrap());
        assert_eq!(
            find("mnist")
                .unwrap()
                .files
                .iter()
                .filter(|file| !file.optional)
                .count(),
            2
        );
        assert!(find("imagenet").is_none());
    }
}
