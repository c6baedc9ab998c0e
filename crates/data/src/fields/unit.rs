//! From the unit of a file to the one that is asked for.

use crate::error::Fault;

/// How values are converted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Conversion {
    /// Not at all.
    None,
    /// `value * factor + offset`.
    Linear { factor: f32, offset: f32 },
    /// Reflectivity in dBZ to rain in mm/h by Marshall and Palmer (1948): Z = 200 R^1.6.
    MarshallPalmer,
}

impl Conversion {
    /// From unit `from` to `to`; `interval` is the time in seconds over which an amount fell.
    pub(super) fn between(from: Option<&str>, to: Option<&str>, interval: Option<i64>) -> Result<Self, Fault> {
        let Some(to) = to else {
            return Ok(Self::None);
        };
        let linear = |factor: f32, offset: f32| Ok(Self::Linear { factor, offset });
        match (from.unwrap_or_default(), to, interval) {
            (from, to, _) if from == to => Ok(Self::None),
            ("mm", "mm/h", Some(seconds)) => linear((3600.0 / seconds as f64) as f32, 0.0),
            ("m", "mm", _) => linear(1000.0, 0.0),
            ("kg m-2 s-1" | "kg m**-2 s**-1", "mm/h", _) => linear(3600.0, 0.0),
            ("K", "C" | "degC" | "Celsius", _) => linear(1.0, -273.15),
            ("dBZ", "mm/h", _) => Ok(Self::MarshallPalmer),
            (from, to, _) => Err(Fault::new(
                match from {
                    "" => format!("does not say its unit, so that it cannot be converted to {to}"),
                    from => format!("is in {from}, which cannot be converted to {to}"),
                },
                "leave data.unit out; known are mm (with its interval) or dBZ to mm/h, kg m-2 s-1 to mm/h, m to mm, K to C",
            )),
        }
    }

    pub(super) fn apply(self, values: &mut [f32]) {
        match self {
            Self::None => {}
            Self::Linear { factor, offset } => values.iter_mut().for_each(|value| *value = *value * factor + offset),
            Self::MarshallPalmer => values.iter_mut().for_each(|value| {
                *value = (10f32.powf(*value / 10.0) / 200.0).powf(1.0 / 1.6);
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rain_is_converted_and_nonsense_refused() {
        let convert = |from, to, interval, value: f32| {
            let mut values = [value];
            Conversion::between(Some(from), Some(to), interval)
                .unwrap()
                .apply(&mut values);
            values[0]
        };
        assert_eq!(convert("mm", "mm/h", Some(300), 0.5), 6.0);
        assert!((convert("dBZ", "mm/h", None, 40.0) - 11.53).abs() < 0.01);
        assert_eq!(convert("K", "C", None, 274.15), 1.0);
        assert_eq!(convert("K", "K", None, 274.15), 274.15);
        assert!(convert("mm", "mm/h", Some(300), f32::NAN).is_nan());
        let refused = |from, to| Conversion::between(from, Some(to), None).unwrap_err().problem;
        assert!(refused(Some("K"), "mm/h").contains("is in K"));
        assert!(refused(Some("mm"), "mm/h").contains("is in mm"));
        assert!(refused(None, "mm/h").contains("does not say"));
    }
}
