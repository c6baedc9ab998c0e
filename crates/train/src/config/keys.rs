//! Reading a section with errors that name the key.
//!
//! `toml` reports the first unknown field without its section and without a suggestion, and loses the position of a value
//! once tables have been merged; this deserializer walks the merged value and knows where it is.

use std::fmt::Display;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{self, DeserializeOwned, DeserializeSeed, Expected, MapAccess, SeqAccess, Unexpected, Visitor};
use toml::{Table, Value};

/// An invalid key of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyError {
    /// The whole key, e.g. `train.schedule.kind`.
    pub key: String,
    /// The problem and the remedy.
    pub problem: String,
    /// A key below `key` that the problem is about.
    field: Option<String>,
}

impl Display for KeyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` {}", self.key, self.problem)
    }
}

impl std::error::Error for KeyError {}

impl KeyError {
    pub(crate) fn new(key: impl Into<String>, problem: impl Display) -> Self {
        Self {
            key: key.into(),
            problem: problem.to_string(),
            field: None,
        }
    }

    fn at(mut self, path: &str) -> Self {
        if self.key.is_empty() {
            self.key = match self.field.take() {
                Some(field) => join(path, &field),
                None => path.to_owned(),
            };
        }
        self
    }
}

/// The candidate that `name` is probably a misspelling of.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// `did you mean ...?`, or the list of what there is.
pub(crate) fn suggestion(name: &str, candidates: &[&str]) -> String {
    match nearest(name, candidates.iter().copied()) {
        Some(candidate) => format!("did you mean `{candidate}`?"),
        None if candidates.is_empty() => "nothing can be set here".to_owned(),
        None => format!("choose one of {}", candidates.join(", ")),
    }
}

impl de::Error for KeyError {
    fn custom<T: Display>(message: T) -> Self {
        Self::new("", message)
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        let words = match expected.as_str() {
            "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number of 0 or more",
            "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
            "f32" | "f64" => "a number",
            "a boolean" => "true or false",
            "a string" => "text in quotes",
            other => other,
        };
        Self::new("", format!("is {found}: write {words}"))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self {
            field: Some(field.to_owned()),
            ..Self::new("", format!("is no key: {}", suggestion(field, expected)))
        }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(
            "",
            format!(
                "is `{variant}`, which does not exist: {}",
                suggestion(variant, expected)
            ),
        )
    }
}

fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        _ => format!("{path}.{key}"),
    }
}

/// Reads `table`, the section `section`, as a `T`.
///
/// # Errors
/// Names the first key that is unknown or holds a value of another type.
pub fn from_table<T: DeserializeOwned>(section: &str, table: &Table) -> Result<T, KeyError> {
    let tables = Entries {
        path: section,
        entries: table.iter(),
        value: None,
    };
    T::deserialize(MapAccessDeserializer::new(tables)).map_err(|error| error.at(section))
}

struct Located<'de> {
    path: String,
    value: &'de Value,
}

impl<'de> de::Deserializer<'de> for Located<'de> {
    type Error = KeyError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, KeyError> {
        let Self { path, value } = self;
        let result = match value {
            Value::String(text) => visitor.visit_borrowed_str(text),
            Value::Integer(number) => visitor.visit_i64(*number),
            Value::Float(number) => visitor.visit_f64(*number),
            Value::Boolean(truth) => visitor.visit_bool(*truth),
            Value::Datetime(time) => visitor.visit_string(time.to_string()),
            Value::Array(values) => visitor.visit_seq(Items {
                path: &path,
                index: 0,
                values: values.iter(),
            }),
            Value::Table(table) => visitor.visit_map(Entries {
                path: &path,
                entries: table.iter(),
                value: None,
            }),
        };
        result.map_err(|error| error.at(&path))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, KeyError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, KeyError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, KeyError> {
        let path = self.path.clone();
        let result = match self.value {
            Value::String(text) => visitor.visit_enum(BorrowedStrDeserializer::new(text)),
            Value::Table(table) => {
                let entries = Entries {
                    path: &path,
                    entries: table.iter(),
                    value: None,
                };
                visitor.visit_enum(MapAccessDeserializer::new(entries))
            }
            _ => return self.deserialize_any(visitor),
        };
        result.map_err(|error| error.at(&path))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Entries<'a, 'de> {
    path: &'a str,
    entries: toml::map::Iter<'de, String, Value>,
    value: Option<(&'de str, &'de Value)>,
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = KeyError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, KeyError> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        self.value = Some((key, value));
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, KeyError> {
        let (key, value) = self
            .value
            .take()
            .ok_or_else(|| KeyError::new(self.path, "has a value without a key"))?;
        seed.deserialize(Located {
            path: join(self.path, key),
            value,
        })
    }
}

struct Items<'a, 'de> {
    path: &'a str,
    index: usize,
    values: std::slice::Iter<'de, Value>,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = KeyError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, KeyError> {
        let Some(value) = self.values.next() else {
            return Ok(None);
        };
        let path = format!("{}[{}]", self.path, self.index);
        self.index += 1;
        seed.deserialize(Located { path, value }).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Deserialize, Default, Debug, PartialEq)]
    #[serde(default, deny_unknown_fields)]
    struct Section {
        width: usize,
        rate: f64,
        kind: Kind,
        inner: Inner,
        list: Vec<u8>,
    }

    #[derive(Deserialize, Default, Debug, PartialEq)]
    #[serde(default, deny_unknown_fields)]
    struct Inner {
        name: Option<String>,
    }

    #[derive(Deserialize, Default, Debug, PartialEq)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        #[default]
        Plain,
        Sized {
            size: usize,
        },
    }

    fn read(text: &str) -> Result<Section, String> {
        from_table("network", &text.parse().unwrap()).map_err(|error: KeyError| error.to_string())
    }

    #[test]
    fn values_arrive() {
        let section = read("width = 3\nrate = 1\nkind = { sized = { size = 4 } }\nlist = [1, 2]\n[inner]\nname = 'a'");
        let inner = Inner { name: Some("a".into()) };
        let expected = Section {
            width: 3,
            rate: 1.0,
            kind: Kind::Sized { size: 4 },
            inner,
            list: vec![1, 2],
        };
        assert_eq!(section.unwrap(), expected);
        assert_eq!(read("kind = 'plain'").unwrap(), Section::default());
    }

    #[test]
    fn errors_name_the_whole_key() {
        for (text, message) in [
            ("wdith = 3", "`network.wdith` is no key: did you mean `width`?"),
            (
                "[inner]\nnam = 3",
                "`network.inner.nam` is no key: did you mean `name`?",
            ),
            (
                "width = 'wide'",
                "`network.width` is string \"wide\": write a whole number of 0 or more",
            ),
            (
                "width = -1",
                "`network.width` is integer `-1`: write a whole number of 0 or more",
            ),
            (
                "kind = 'plian'",
                "`network.kind` is `plian`, which does not exist: did you mean `plain`?",
            ),
            (
                "kind = { sized = { size = true } }",
                "`network.kind.sized.size` is boolean `true`: write a whole number of 0 or more",
            ),
            ("kind = 3", "`network.kind` is integer `3`: write enum Kind"),
            (
                "list = [1, 300]",
                "`network.list[1]` is integer `300`: write a whole number of 0 or more",
            ),
            (
                "[inner]\nname = 3",
                "`network.inner.name` is integer `3`: write text in quotes",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), message);
        }
    }
}
