//! From a published PyTorch state dict to a network's own tensors, every tensor accounted for.

use std::collections::{BTreeMap, HashMap};

use burn::module::Module;
use burn::tensor::TensorData;

use crate::finite::single_precision;
use crate::named::steps_given;
use crate::prefix::{self, Found};
use crate::{AssignError, KeyMap, assign, is_buffer, named_shapes};

/// Result of an import for every tensor of a reference file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Prefix in the file of each of the network's keys, e.g. `state_dict.model.`
    pub prefix: String,
    /// Before what else the file holds the whole network, e.g. `ema.`
    pub others: Vec<String>,
    /// Key in the file and our name.
    pub used: Vec<(String, String)>,
    /// Key in the file and the rule that left it out.
    pub skipped: Vec<(String, String)>,
}

/// Why a reference file does not fit a network.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ImportError {
    /// The file has next to nothing of the network.
    #[error(
        "the file is of another network: its keys are {found}, this network's are {expected}: name the model that it is of, \
         and its configuration"
    )]
    AnotherNetwork {
        /// Some keys of the file.
        found: String,
        /// Some keys of the network.
        expected: String,
    },
    /// No key begins as the user says.
    #[error("no key of this network stands behind `{prefix}` in the file: its keys are {found}")]
    Prefix {
        /// The requested value.
        prefix: String,
        /// Some keys of the file.
        found: String,
    },
    /// The file lacks a key.
    #[error(
        "key `{key}` is missing (it is the network's `{name}`, {shape:?}), {present} of {count} are there; {instead}: set the \
         configuration that the file was trained with, or save the whole state dict again"
    )]
    Missing {
        /// The reference key, with its prefix.
        key: String,
        /// Our name.
        name: String,
        /// The network's size of it.
        shape: Vec<usize>,
        /// How many of the network's keys the file has.
        present: usize,
        /// How many keys the network has.
        count: usize,
        /// The file's tensor in its place.
        instead: String,
    },
    /// The file has a key that nothing here uses.
    #[error(
        "key `{key}`, {shape:?}, is not used by this network, of which all {count} keys are there{nearest}: set the \
         configuration that the file was trained with, or leave that key out when you save the state dict"
    )]
    Unused {
        /// The key in the file.
        key: String,
        /// Its size.
        shape: Vec<usize>,
        /// How many keys the network has.
        count: usize,
        /// The network's key that is most like it.
        nearest: String,
    },
    /// A tensor does not fit.
    #[error("key `{key}`: {source}; check the configuration against the one the file was trained with")]
    Misfit {
        /// The key in the file.
        key: String,
        /// The problem.
        source: AssignError,
    },
    /// A tensor holds a value that no weight can have.
    #[error("key `{key}`: {source}: import a checkpoint of before training failed, or save it as float32")]
    NotFinite {
        /// The key in the file.
        key: String,
        /// Where it is.
        source: AssignError,
    },
}

impl ImportReport {
    /// The used tensors under our names, in single precision; `read` yields the one of a key in the file.
    ///
    /// # Errors
    /// Those of `read`, and the first value that is not finite or beyond the range of `f32`.
    pub fn tensors<E: From<ImportError>>(
        &self,
        mut read: impl FnMut(&str) -> Result<TensorData, E>,
    ) -> Result<BTreeMap<String, TensorData>, E> {
        let tensor = |(key, name): &(String, String)| {
            let data = single_precision(read(key)?).map_err(|bad| ImportError::NotFinite {
                key: key.clone(),
                source: AssignError::not_finite(name, bad),
            })?;
            Ok((name.clone(), data))
        };
        self.used.iter().map(tensor).collect()
    }

    /// The error of a tensor of ours, under its key in the file.
    #[must_use]
    pub fn misfit(&self, source: AssignError) -> ImportError {
        let used = self.used.iter().find(|(_, name)| name == source.name());
        ImportError::Misfit {
            key: used.map_or_else(|| source.name().to_owned(), |(key, _)| key.clone()),
            source,
        }
    }
}

/// Which tensors of a file are those of a network with these names and sizes, before any value is read.
///
/// The prefix of the network's keys (where the state dict lies in the file, and prefixes that wrappers add) is
/// whatever makes all of them present: `prefix` says which where there are several.
///
/// # Errors
/// Names the first key that is missing, unused, or of another size.
pub fn select(
    expected: &[(String, Vec<usize>)],
    found: &BTreeMap<String, Vec<usize>>,
    keys: &KeyMap,
    prefix: Option<&str>,
) -> Result<ImportReport, ImportError> {
    let wanted: Vec<(String, &(String, Vec<usize>))> = expected
        .iter()
        .map(|tensor| (keys.reference_key(&tensor.0), tensor))
        .collect();
    let sizes: HashMap<&str, &[usize]> = wanted
        .iter()
        .map(|(key, (_, shape))| (key.as_str(), shape.as_slice()))
        .collect();
    let found = Found::new(found);
    let candidates = found.candidates(&sizes);
    let chosen = match prefix {
        Some(prefix) => prefix::named(&candidates, prefix).ok_or_else(|| ImportError::Prefix {
            prefix: prefix.to_owned(),
            found: examples(found.keys()),
        })?,
        None => candidates.first().cloned().unwrap_or_default(),
    };
    if 4 * chosen.present < wanted.len() {
        return Err(ImportError::AnotherNetwork {
            found: examples(found.keys()),
            expected: examples(wanted.iter().map(|(key, _)| key.as_str())),
        });
    }
    let mut below = found.below(&chosen.prefix);
    let mut report = ImportReport {
        prefix: chosen.prefix.clone(),
        others: candidates
            .iter()
            .filter(|other| other.fits && other.prefix != chosen.prefix)
            .map(|other| other.prefix.clone())
            .collect(),
        ..ImportReport::default()
    };
    let mut missing = None;
    for (key, tensor) in &wanted {
        match below.remove(key.as_str()) {
            Some((file_key, shape)) => report.used.push((fits(file_key, shape, tensor)?, tensor.0.clone())),
            None => missing = missing.or(Some((key, *tensor))),
        }
    }
    let skipped = |key: &str| keys.skipped(key).map(str::to_owned);
    below.retain(|key, (file_key, _)| match skipped(key) {
        Some(reason) => {
            report.skipped.push(((*file_key).to_owned(), reason));
            false
        }
        None => true,
    });
    if let Some((key, (name, shape))) = missing {
        let nearest = prefix::nearest(key, below.iter().map(|(key, (_, shape))| (*key, *shape)));
        return Err(ImportError::Missing {
            key: format!("{}{key}", chosen.prefix),
            name: name.clone(),
            shape: shape.clone(),
            present: report.used.len(),
            count: wanted.len(),
            instead: match nearest {
                Some((key, shape)) => format!("the file has `{}{key}`, {shape:?}, instead", chosen.prefix),
                None => "the file has nothing like it".to_owned(),
            },
        });
    }
    if let Some((key, (file_key, shape))) = below.into_iter().next() {
        let nearest = prefix::nearest(key, sizes.iter().map(|(key, shape)| (*key, *shape)));
        return Err(ImportError::Unused {
            key: file_key.to_owned(),
            shape: shape.to_vec(),
            count: wanted.len(),
            nearest: nearest.map_or_else(String::new, |(key, shape)| format!(" (nearest: `{key}`, {shape:?})")),
        });
    }
    for key in found.beside(&chosen.prefix) {
        let beside = || format!("beside the network, whose keys begin with `{}`", chosen.prefix);
        report
            .skipped
            .push((key.to_owned(), skipped(key).unwrap_or_else(beside)));
    }
    Ok(report)
}

/// The key in the file of a tensor that has the network's size.
fn fits(file_key: &str, found: &[usize], (name, expected): &(String, Vec<usize>)) -> Result<String, ImportError> {
    let stands_for_all_steps = is_buffer(name) && steps_given(found, expected).is_some();
    match prefix::same_size(found, expected) || stands_for_all_steps {
        true => Ok(file_key.to_owned()),
        false => Err(ImportError::Misfit {
            key: file_key.to_owned(),
            source: AssignError::Shape {
                name: name.clone(),
                found: found.to_vec(),
                expected: expected.clone(),
            },
        }),
    }
}

/// A few keys, for people.
fn examples<'a>(keys: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 3;
    let count = keys.len();
    let mut shown: Vec<String> = keys.take(SHOWN).map(|key| format!("`{key}`")).collect();
    match count {
        0 => return "none".to_owned(),
        _ if count > SHOWN => shown.push(format!("... ({count})")),
        _ => {}
    }
    shown.join(", ")
}

/// Loads a state dict into `module`.
///
/// # Errors
/// Names the first key that is missing, unused, of another size, or has a value that is not finite.
pub fn import<M: Module>(
    module: M,
    mut state: BTreeMap<String, TensorData>,
    keys: &KeyMap,
) -> Result<(M, ImportReport), ImportError> {
    let found = state
        .iter()
        .map(|(key, data)| (key.clone(), data.shape().to_vec()))
        .collect();
    let report = select(&named_shapes(&module), &found, keys, None)?;
    let tensors = report.tensors(|key| {
        let lacking = || report.misfit(AssignError::Missing(key.to_owned()));
        state.remove(key).ok_or_else(lacking)
    })?;
    let module = assign(module, tensors).map_err(|source| report.misfit(source))?;
    Ok((module, report))
}

#[cfg(test)]
mod tests;
