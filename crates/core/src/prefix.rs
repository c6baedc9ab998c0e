//! The prefix of a network's keys in a file.

use std::collections::{BTreeMap, HashMap};

/// Segments that PyTorch itself puts around the names of a module that is compiled or sharded, anywhere in a key.
const AROUND: [&str; 3] = ["_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"];

/// Words that say that weights are averages over training.
const AVERAGES: [&str; 6] = ["ema", "swa", "avg", "averaged", "average", "shadow"];

/// Keys as similar as this are shown for each other.
const SIMILAR: f64 = 0.5;
/// Longer keys are compared with nothing.
const LONGEST: usize = 512;

/// The keys of a file: without the segments of [`AROUND`], and as they are.
pub(crate) struct Found<'a> {
    keys: BTreeMap<String, (&'a str, &'a [usize])>,
}

/// A place in a file where a network may lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Prefix of the keys: empty, or ending in a dot.
    pub(crate) prefix: String,
    /// How many of the network's keys are there.
    pub(crate) present: usize,
    /// Whether all are there, in the network's sizes.
    pub(crate) fits: bool,
}

impl<'a> Found<'a> {
    pub(crate) fn new(found: &'a BTreeMap<String, Vec<usize>>) -> Self {
        let mut keys = BTreeMap::new();
        for (key, shape) in found {
            let bare: Vec<&str> = key.split('.').filter(|segment| !AROUND.contains(segment)).collect();
            let bare = bare.join(".");
            // Both of two keys that differ in such segments alone are kept.
            let name = if found.contains_key(&bare) || keys.contains_key(&bare) {
                key.clone()
            } else {
                bare
            };
            keys.insert(name, (key.as_str(), shape.as_slice()));
        }
        Self { keys }
    }

    /// The keys as they are in the file.
    pub(crate) fn keys(&self) -> impl ExactSizeIterator<Item = &'a str> {
        self.keys.values().map(|(key, _)| *key)
    }

    /// Every place with at least one of the network's keys, the best first: those with the most keys; of these, those
    /// that fit, then those that are no averages, then the shortest.
    pub(crate) fn candidates(&self, expected: &HashMap<&str, &[usize]>) -> Vec<Candidate> {
        let mut counts: HashMap<&str, (usize, usize)> = HashMap::new();
        for (key, (_, shape)) in &self.keys {
            let starts = std::iter::once(0).chain(key.match_indices('.').map(|(dot, _)| dot + 1));
            for start in starts {
                if let Some(size) = expected.get(&key[start..]) {
                    let (present, fitting) = counts.entry(&key[..start]).or_default();
                    *present += 1;
                    *fitting += usize::from(same_size(shape, size));
                }
            }
        }
        let mut candidates: Vec<Candidate> = counts
            .into_iter()
            .map(|(prefix, (present, fitting))| Candidate {
                prefix: prefix.to_owned(),
                present,
                fits: fitting == expected.len(),
            })
            .collect();
        candidates.sort_by_key(|candidate| {
            let Candidate { prefix, present, fits } = candidate;
            (
                std::cmp::Reverse(*present),
                !fits,
                is_average(prefix),
                prefix.len(),
                prefix.clone(),
            )
        });
        candidates
    }

    /// The keys behind `prefix`, each with its whole and its size.
    pub(crate) fn below(&self, prefix: &str) -> BTreeMap<&str, (&'a str, &'a [usize])> {
        let below = self.keys.iter();
        below
            .filter_map(|(key, found)| Some((key.strip_prefix(prefix)?, *found)))
            .collect()
    }

    /// The keys that do not begin with `prefix`, as they are in the file.
    pub(crate) fn beside(&self, prefix: &str) -> impl Iterator<Item = &'a str> {
        let beside = self.keys.iter().filter(move |(key, _)| !key.starts_with(prefix));
        beside.map(|(_, (key, _))| *key)
    }
}

/// The candidate that a user means by `prefix`: written as it is, or by how it ends.
pub(crate) fn named(candidates: &[Candidate], prefix: &str) -> Option<Candidate> {
    let is_around = |segment: &&str| AROUND.contains(segment);
    let segments: Vec<&str> = (prefix.split('.'))
        .filter(|segment| !segment.is_empty() && !is_around(segment))
        .collect();
    let dotted: String = segments.iter().flat_map(|segment| [segment, "."]).collect();
    let exact = candidates.iter().find(|candidate| candidate.prefix == dotted);
    if dotted.is_empty() {
        return exact.cloned();
    }
    let ending = || {
        let ending = format!(".{dotted}");
        candidates.iter().find(|candidate| candidate.prefix.ends_with(&ending))
    };
    exact.or_else(ending).cloned()
}

/// PyTorch knows numbers without any axis.
pub(crate) fn same_size(found: &[usize], expected: &[usize]) -> bool {
    found == expected || (found.is_empty() && expected == [1])
}

fn is_average(prefix: &str) -> bool {
    prefix.split(['.', '_']).any(|word| AVERAGES.contains(&word))
}

/// The key most like `key`.
pub(crate) fn nearest<'k>(
    key: &str,
    others: impl Iterator<Item = (&'k str, &'k [usize])>,
) -> Option<(&'k str, &'k [usize])> {
    let short = |key: &str| key.len() <= LONGEST;
    let alike = |other: &str| strsim::normalized_levenshtein(key, other);
    others
        .filter(|(other, _)| short(key) && short(other))
        .map(|(other, shape)| (alike(other), other, shape))
        .filter(|(alike, ..)| *alike >= SIMILAR)
        .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(a.1)))
        .map(|(_, other, shape)| (other, shape))
}
