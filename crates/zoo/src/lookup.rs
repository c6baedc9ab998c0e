//! Finding an entry by the name a user typed.

use foreframe_core::Preset;
use foreframe_data::Dataset;
use foreframe_train::Model;
use foreframe_train::config::nearest;
use toml::Table;

use crate::{DATASETS, MODELS};

/// A name that is in no registry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no {kind} `{name}`{} {}", hint(.suggestion), list(.known))]
pub struct UnknownName {
    /// Kind of the name: `model`, `dataset` or `preset`.
    pub kind: &'static str,
    /// The name as the user typed it.
    pub name: String,
    /// The known name nearest to it, if one is near.
    pub suggestion: Option<String>,
    /// All known names.
    pub known: Vec<String>,
}

fn hint(suggestion: &Option<String>) -> String {
    match suggestion {
        Some(name) => format!(": did you mean `{name}`? There is"),
        None => ": there is".to_owned(),
    }
}

fn list(known: &[String]) -> String {
    match known {
        [] => "none".to_owned(),
        known => known.join(", "),
    }
}

fn find<'a, T>(
    kind: &'static str,
    name: &str,
    entries: &'a [T],
    name_of: impl Fn(&T) -> &str,
) -> Result<&'a T, UnknownName> {
    if let Some(entry) = entries.iter().find(|entry| name_of(entry) == name) {
        return Ok(entry);
    }
    Err(UnknownName {
        kind,
        name: name.to_owned(),
        suggestion: nearest(&name.to_lowercase(), entries.iter().map(&name_of)).map(str::to_owned),
        known: entries.iter().map(|entry| name_of(entry).to_owned()).collect(),
    })
}

/// The network called `name`.
///
/// # Errors
/// Lists the known ones and names the nearest.
pub fn find_model(name: &str) -> Result<&'static Model, UnknownName> {
    find("model", name, MODELS, |model| model.name)
}

/// The dataset called `name`.
///
/// # Errors
/// Lists the known ones and names the nearest.
pub fn find_dataset(name: &str) -> Result<&'static Dataset, UnknownName> {
    find("dataset", name, DATASETS, |dataset| dataset.name)
}

/// The preset of `model` called `name`.
///
/// # Errors
/// Lists the model's presets and names the nearest.
pub fn find_preset(model: &Model, name: &str) -> Result<Preset<Table>, UnknownName> {
    let presets = (model.presets)();
    find("preset", name, &presets, |preset| preset.name).cloned()
}

/// Whether `name` matches a pattern of letters, `*` and `?`; a pattern without either matches what contains it.
pub fn matching(pattern: &str, name: &str) -> bool {
    match pattern.contains(['*', '?']) {
        true => wildmatch::WildMatch::new(pattern).matches(name),
        false => name.contains(pattern),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use foreframe_data::{DataConfig, Pick, TimeEncoding};

    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        let names: BTreeSet<&str> = MODELS.iter().map(|model| model.name).collect();
        assert_eq!(names.len(), MODELS.len());
        let names: BTreeSet<&str> = DATASETS.iter().map(|dataset| dataset.name).collect();
        assert_eq!(names.len(), DATASETS.len());
        for model in MODELS {
            assert_eq!(find_model(model.name).unwrap().name, model.name);
            assert!(!model.paper.is_empty() && !model.about.is_empty(), "{}", model.name);
            let presets: BTreeSet<&str> = (model.presets)().iter().map(|preset| preset.name).collect();
            assert_eq!(presets.len(), (model.presets)().len(), "{}", model.name);
        }
    }

    #[test]
    fn no_dataset_ignores_which_channels_are_asked_for() {
        let first = || vec![Pick("0".to_owned())];
        let word = |text: &str| vec![text.to_owned()];
        for dataset in DATASETS {
            let config = || DataConfig {
                path: Some("no/such/file.nc".into()),
                ..(dataset.defaults)()
            };
            let [mut variables, mut channels, mut targets, mut fixed, mut times] = [(); 5].map(|()| config());
            (variables.variables, fixed.static_fields) = (word("t2m"), word("land.npy"));
            (channels.channels, targets.targets) = (first(), first());
            times.time_encodings = vec![TimeEncoding::Hour];
            for (key, config) in [
                ("data.variables", variables),
                ("data.channels", channels),
                ("data.targets", targets),
                ("data.static", fixed),
                ("data.time_encodings", times),
            ] {
                let message = (dataset.open)(&config).unwrap_err().to_string();
                // A user's own files are looked for, so that the choice can count; its own tests show that it does.
                let expected = match dataset.name {
                    "files" => "no/such/file.nc".to_owned(),
                    "weatherbench" if key == "data.variables" => "`data.variables` is set, but the arrays".to_owned(),
                    "weatherbench" => "no/such/file.nc` is not there".to_owned(),
                    name => {
                        format!("`{key}` is set, but `{name}` comes with the channels it was published with: leave it")
                    }
                };
                assert!(message.contains(&expected), "{}: {message}", dataset.name);
            }
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_answered_with_the_nearest_name() {
        let error = find_model("USTPE").unwrap_err();
        assert_eq!(error.suggestion.as_deref(), Some("ustep"));
        assert!(
            error
                .to_string()
                .starts_with("there is no model `USTPE`: did you mean `ustep`? There is ustep, ")
        );
        let error = find_dataset("xyz").unwrap_err();
        assert_eq!(error.suggestion, None);
        assert!(error.to_string().contains("moving-digits"), "{error}");
    }

    #[test]
    fn patterns_are_globs_or_parts() {
        assert!(matching("u*p", "ustep") && matching("step", "ustep") && matching("", "ustep"));
        assert!(!matching("u*x", "ustep") && !matching("light", "ustep"));
    }
}
