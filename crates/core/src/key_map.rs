//! The map from a network's tensor names to those of its public reference.

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
    pub(crate) fn skipped(&self, key: &str) -> Option<&'static str> {
        let rule = self.skip.iter().find(|(suffix, _)| key.ends_with(suffix.as_str()));
        rule.map(|(_, reason)| *reason)
    }

    /// Name in the reference of the tensor that we call `name`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_translated() {
        let keys = KeyMap::new([("blocks.*", "net.*.conv"), ("norm", "final")]);
        assert_eq!(keys.reference_key("blocks.12.weight"), "net.12.conv.weight");
        assert_eq!(keys.reference_key("norm.gamma"), "final.weight");
        assert_eq!(keys.reference_key("other.beta"), "other.bias");
        let scale = KeyMap::new([("blocks.*.scale", "net.*.gamma")]);
        assert_eq!(scale.reference_key("blocks.3.scale"), "net.3.gamma");
    }
}
