//! From a published PyTorch state dict to a network's own tensors, every tensor accounted for.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::tensor::TensorData;

use crate::{AssignError, assign, named_shapes};

/// How a network's tensors are called in its public reference.
#[derive(Clone, Debug, Default)]
pub struct KeyMap {
    /// Our name and theirs, first match first. A pattern is a whole run of dotted segments from the start of the name;
    /// `*` stands for one segment and is carried over in order; what follows the pattern is kept.
    pub rename: Vec<(String, String)>,
    /// Endings of reference keys that have no counterpart here, and why.
    pub skip: Vec<(String, &'static str)>,
}

/// Suffixes that Burn's normalization layers name differently.
const LEAVES: [(&str, &str); 2] = [("gamma", "weight"), ("beta", "bias")];

impl KeyMap {
    /// A map with the renames given as `(ours, theirs)`; the counters of batch norms are always skipped.
    pub fn new<A: Into<String>, B: Into<String>>(rename: impl IntoIterator<Item = (A, B)>) -> Self {
        Self {
            rename: rename
                .into_iter()
                .map(|(ours, theirs)| (ours.into(), theirs.into()))
                .collect(),
            skip: vec![("num_batches_tracked".to_owned(), "a counter that no computation reads")],
        }
    }

    /// Also skips reference keys ending in `suffix`, for the reason given.
    #[must_use]
    pub fn skipping(mut self, suffix: impl Into<String>, reason: &'static str) -> Self {
        self.skip.push((suffix.into(), reason));
        self
    }

    /// Why the reference's `key` has no counterpart here, if a rule says so.
    fn skipped(&self, key: &str) -> Option<&'static str> {
        let rule = self.skip.iter().find(|(suffix, _)| key.ends_with(suffix.as_str()));
        rule.map(|(_, reason)| *reason)
    }

    /// What the tensor that we call `name` is called in the reference.
    pub fn reference_key(&self, name: &str) -> String {
        let segments: Vec<&str> = name.split('.').collect();
        let mut key = self
            .rename
            .iter()
            .find_map(|(ours, theirs)| rename(&segments, ours, theirs))
            .unwrap_or_else(|| name.to_owned());
        for (ours, theirs) in LEAVES {
            // A reference may itself call something `gamma`: only our own name says that it is a normalization's.
            if segments.last() == Some(&ours)
                && let Some(stem) = key.strip_suffix(ours)
            {
                key = format!("{stem}{theirs}");
            }
        }
        key
    }
}

/// `segments` with its start, matching `pattern`, replaced by `template`.
fn rename(segments: &[&str], pattern: &str, template: &str) -> Option<String> {
    let pattern: Vec<&str> = pattern.split('.').collect();
    if segments.len() < pattern.len() {
        return None;
    }
    let mut captured = Vec::new();
    for (segment, expected) in segments.iter().zip(&pattern) {
        match *expected {
            "*" => captured.push(*segment),
            exact if exact == *segment => {}
            _ => return None,
        }
    }
    let mut captured = captured.into_iter();
    let start = template
        .split('.')
        .filter(|segment| !segment.is_empty())
        .map(|segment| {
            if segment == "*" {
                captured.next().unwrap_or("*")
            } else {
                segment
            }
        });
    Some(
        start
            .chain(segments[pattern.len()..].iter().copied())
            .collect::<Vec<_>>()
            .join("."),
    )
}

/// What became of every tensor of a reference file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Reference key and our name.
    pub used: Vec<(String, String)>,
    /// Reference key and the rule that left it out.
    pub skipped: Vec<(String, String)>,
}

/// Why a reference file does not fit a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// The file lacks a key.
    #[error("key `{key}` is missing (it is the network's `{name}`): the file is of another network or configuration")]
    Missing {
        /// The reference key.
        key: String,
        /// Our name.
        name: String,
    },
    /// The file has a key that nothing here uses.
    #[error("key `{0}` is not used by this network: the file is of another network or configuration")]
    Unused(String),
    /// A tensor does not fit.
    #[error("key `{key}`: {source}; check the configuration against the one the file was trained with")]
    Misfit {
        /// The reference key.
        key: String,
        /// What is wrong.
        source: AssignError,
    },
}

/// Loads a state dict into `module`. A `model.` before every key but those that are skipped, as Lightning writes it, is
/// taken off.
///
/// # Errors
/// Names the first key that is missing, unused, or of another size.
pub fn import<M: Module>(
    module: M,
    state: BTreeMap<String, TensorData>,
    keys: &KeyMap,
) -> Result<(M, ImportReport), ImportError> {
    let mut state = without_common_prefix(state, "model.", keys);
    let mut report = ImportReport::default();
    let mut tensors = BTreeMap::new();
    for (name, _) in named_shapes(&module) {
        let key = keys.reference_key(&name);
        let Some(data) = state.remove(&key) else {
            return Err(ImportError::Missing { key, name });
        };
        tensors.insert(name.clone(), data);
        report.used.push((key, name));
    }
    for key in state.into_keys() {
        match keys.skipped(&key) {
            Some(reason) => report.skipped.push((key, reason.to_owned())),
            None => return Err(ImportError::Unused(key)),
        }
    }
    let module = assign(module, tensors).map_err(|source| {
        let (AssignError::Missing(name)
        | AssignError::Unknown(name)
        | AssignError::Shape { name, .. }
        | AssignError::Type { name, .. }) = &source;
        ImportError::Misfit {
            key: keys.reference_key(name),
            source,
        }
    })?;
    Ok((module, report))
}

/// A loss with tensors of its own lies beside the network in a Lightning file, so keys that are skipped need no prefix.
fn without_common_prefix(
    state: BTreeMap<String, TensorData>,
    prefix: &str,
    keys: &KeyMap,
) -> BTreeMap<String, TensorData> {
    let counts = |key: &&String| keys.skipped(key).is_none();
    if !state.keys().filter(counts).all(|key| key.starts_with(prefix)) {
        return state;
    }
    state
        .into_iter()
        .map(|(key, data)| match key.strip_prefix(prefix) {
            Some(bare) => (bare.to_owned(), data),
            None => (key, data),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::nn::conv::{Conv2d, Conv2dConfig};
    use burn::nn::{GroupNorm, GroupNormConfig};
    use burn::tensor::Device;

    #[derive(Module, Debug)]
    struct Network {
        blocks: Vec<Conv2d>,
        norm: GroupNorm,
    }

    fn network() -> Network {
        let device = Device::flex();
        Network {
            blocks: vec![Conv2dConfig::new([1, 2], [1, 1]).init(&device)],
            norm: GroupNormConfig::new(1, 2).init(&device),
        }
    }

    fn keys() -> KeyMap {
        KeyMap::new([("blocks.*", "net.*.conv"), ("norm", "final")])
    }

    fn state(prefix: &str) -> BTreeMap<String, TensorData> {
        let mut state: BTreeMap<String, TensorData> = crate::named_tensors(&network())
            .into_iter()
            .map(|tensor| (format!("{prefix}{}", keys().reference_key(&tensor.name)), tensor.data))
            .collect();
        state.insert(format!("{prefix}final.num_batches_tracked"), TensorData::from([3i64]));
        state
    }

    #[test]
    fn names_are_translated() {
        assert_eq!(keys().reference_key("blocks.12.weight"), "net.12.conv.weight");
        assert_eq!(keys().reference_key("norm.gamma"), "final.weight");
        assert_eq!(keys().reference_key("other.beta"), "other.bias");
        let scale = KeyMap::new([("blocks.*.scale", "net.*.gamma")]);
        assert_eq!(scale.reference_key("blocks.3.scale"), "net.3.gamma");
    }

    #[test]
    fn every_tensor_is_accounted_for() {
        for prefix in ["", "model."] {
            let (_, report) = import(network(), state(prefix), &keys()).unwrap();
            assert_eq!(report.used.len(), 4);
            assert_eq!(report.skipped[0].0, "final.num_batches_tracked");
        }
    }

    #[test]
    fn a_loss_beside_the_network_is_skipped_by_name() {
        let mut state = state("model.");
        state.insert("loss.filters".into(), TensorData::from([1.0f32]));
        assert!(import(network(), state.clone(), &keys()).is_err());
        let keys = keys().skipping("filters", "no parameter");
        let (_, report) = import(network(), state, &keys).unwrap();
        assert_eq!(report.used.len(), 4);
        assert!(report.skipped.iter().any(|(key, _)| key == "loss.filters"));
    }

    #[test]
    fn misfits_name_the_reference_key() {
        let mut missing = state("");
        missing.remove("net.0.conv.bias");
        let error = import(network(), missing, &keys()).unwrap_err();
        assert!(matches!(error, ImportError::Missing { key, .. } if key == "net.0.conv.bias"));
        let mut unused = state("");
        unused.insert("net.1.conv.bias".into(), TensorData::from([0.0f32]));
        assert_eq!(
            import(network(), unused, &keys()).unwrap_err(),
            ImportError::Unused("net.1.conv.bias".into())
        );
        let mut wrong = state("");
        wrong.insert("net.0.conv.bias".into(), TensorData::from([0.0f32]));
        let error = import(network(), wrong, &keys()).unwrap_err();
        assert!(error.to_string().contains("net.0.conv.bias"), "{error}");
    }
}
