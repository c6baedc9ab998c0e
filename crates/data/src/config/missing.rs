//! The treatment of missing values.

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Treatment of missing values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Missing {
    /// They become this number, in the unit of the data, for networks and scores alike.
    Become(f32),
    /// They stay missing: networks see a normalized 0 (the mean, under `min-max` the least value), losses and scores leave
    /// them out.
    Mask,
}

const MASK: &str = "mask";

impl Serialize for Missing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Become(value) => serializer.serialize_f32(*value),
            Self::Mask => serializer.serialize_str(MASK),
        }
    }
}

impl<'de> Deserialize<'de> for Missing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrMask;
        impl Visitor<'_> for NumberOrMask {
            type Value = Missing;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number, or \"mask\"")
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<Missing, E> {
                Ok(Missing::Become(value as f32))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Missing, E> {
                Ok(Missing::Become(value as f32))
            }
            fn visit_u64<E: Error>(self, value: u64) -> Result<Missing, E> {
                Ok(Missing::Become(value as f32))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Missing, E> {
                match text {
                    MASK => Ok(Missing::Mask),
                    _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(NumberOrMask)
    }
}
