//! The name of a new model in its three spellings.

use anyhow::{Result, bail, ensure};

/// Types that the templates use without importing them, or that would shadow the prelude.
const RESERVED: [&str; 15] = [
    "Self", "Option", "Result", "Some", "None", "Ok", "Err", "Vec", "String", "Box", "Iterator", "Into", "From",
    "Send", "Sync",
];

/// A valid name, e.g. `conv_lstm`.
#[derive(Debug)]
pub(crate) struct ModelName {
    words: Vec<String>,
}

impl ModelName {
    /// # Errors
    /// Says what a name may look like.
    pub(crate) fn parse(name: &str) -> Result<Self> {
        let words: Vec<String> = name.split(['-', '_']).map(str::to_owned).collect();
        let plain = |word: &String| {
            !word.is_empty()
                && word
                    .chars()
                    .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
        };
        ensure!(
            words.iter().all(plain) && name.starts_with(|first: char| first.is_ascii_lowercase()),
            "`{name}` cannot name a model: use lower-case words joined by `_`, e.g. `conv_lstm`"
        );
        let name = Self { words };
        let type_name = name.type_name();
        let used = super::TEMPLATES
            .iter()
            .flat_map(|(_, text)| text.split(|letter: char| !letter.is_alphanumeric() && letter != '_'));
        if RESERVED.contains(&type_name.as_str()) || used.into_iter().any(|word| word == type_name) {
            bail!(
                "`{}` cannot name a model: the type `{type_name}` means something else in its code",
                name.snake()
            );
        }
        Ok(name)
    }

    /// `conv-lstm`: the crate's folder and package.
    pub(crate) fn kebab(&self) -> String {
        self.words.join("-")
    }

    /// `conv_lstm`: on the command line, in names of files, in paths of Rust.
    pub(crate) fn snake(&self) -> String {
        self.words.join("_")
    }

    /// `ConvLstm`.
    pub(crate) fn type_name(&self) -> String {
        self.capitalized().concat()
    }

    fn capitalized(&self) -> Vec<String> {
        self.words
            .iter()
            .map(|word| word[..1].to_uppercase() + &word[1..])
            .collect()
    }

    /// `template` with the name in place of `__name__`, `__kebab__`, `__Name__` and `__title__`.
    pub(crate) fn fill(&self, template: &str) -> String {
        template
            .replace("__name__", &self.snake())
            .replace("__kebab__", &self.kebab())
            .replace("__Name__", &self.type_name())
            .replace("__title__", &self.capitalized().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_three_spellings() {
        for name in ["conv-lstm", "conv_lstm"] {
            let name = ModelName::parse(name).unwrap();
            assert_eq!(
                (name.kebab(), name.snake(), name.type_name()),
                ("conv-lstm".into(), "conv_lstm".into(), "ConvLstm".into())
            );
        }
        assert_eq!(
            ModelName::parse("mim2").unwrap().fill("__Name__: foreframe___name__"),
            "Mim2: foreframe_mim2"
        );
    }

    #[test]
    fn what_would_not_compile_is_refused() {
        for name in [
            "", "-", "Conv", "2d", "a--b", "a b", "../x", "é", "self", "tensor", "preset", "conv2d", "result",
        ] {
            assert!(ModelName::parse(name).is_err(), "{name}");
        }
    }
}
