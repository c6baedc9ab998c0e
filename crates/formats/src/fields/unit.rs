//! From the unit of a file to the one that is asked for.

use crate::error::Fault;

/// How values are converted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Conversion {
    /// Not at all.
    None,
    /// `value * factor + offset`.
    Linear {
        /// Multiplied with every value.
        factor: f32,
        /// Added afterwards.
        offset: f32,
    },
    /// Reflectivity in dBZ to rain in mm/h by Marshall and Palmer (1948): Z = 200 R^1.6.
    MarshallPalmer,
}

/// Units of one quantity, with the factor and offset that lead to its base unit, and other spellings.
struct Unit {
    quantity: &'static str,
    spellings: &'static [&'static str],
    factor: f64,
    offset: f64,
}

const fn unit(quantity: &'static str, spellings: &'static [&'static str], factor: f64, offset: f64) -> Unit {
    Unit {
        quantity,
        spellings,
        factor,
        offset,
    }
}

static UNITS: [Unit; 14] = [
    unit("temperature", &["K", "kelvin", "degK", "deg_K"], 1.0, 0.0),
    unit(
        "temperature",
        &[
            "C",
            "degC",
            "deg_C",
            "Celsius",
            "degree_Celsius",
            "degrees_Celsius",
            "\u{b0}C",
        ],
        1.0,
        273.15,
    ),
    unit(
        "temperature",
        &["F", "degF", "deg_F", "Fahrenheit"],
        5.0 / 9.0,
        459.67 * 5.0 / 9.0,
    ),
    unit("length", &["m", "metre", "meter", "metres", "meters"], 1.0, 0.0),
    unit("length", &["cm", "centimeter", "centimetre"], 0.01, 0.0),
    unit("length", &["mm", "millimeter", "millimetre"], 0.001, 0.0),
    unit(
        "rain rate",
        &["mm/h", "mm h-1", "mm h**-1", "mm hr-1", "mm/hr", "mm h^-1"],
        1.0,
        0.0,
    ),
    unit(
        "rain rate",
        &[
            "kg m-2 s-1",
            "kg m**-2 s**-1",
            "kg/m2/s",
            "kg m^-2 s^-1",
            "mm/s",
            "mm s-1",
        ],
        3600.0,
        0.0,
    ),
    unit("speed", &["m/s", "m s-1", "m s**-1", "m s^-1"], 1.0, 0.0),
    unit("speed", &["km/h", "km h-1", "km h**-1"], 1.0 / 3.6, 0.0),
    unit("speed", &["kt", "knot", "knots"], 1852.0 / 3600.0, 0.0),
    unit("pressure", &["Pa", "pascal"], 1.0, 0.0),
    unit("pressure", &["hPa", "mbar", "mb", "millibar"], 100.0, 0.0),
    unit("reflectivity", &["dBZ", "dbz", "DBZ"], 1.0, 0.0),
];

fn known(text: &str) -> Option<&'static Unit> {
    UNITS.iter().find(|unit| unit.spellings.contains(&text.trim()))
}

/// Whether two texts are the same unit, however it is spelled.
pub fn same_unit(one: &str, other: &str) -> bool {
    one.trim() == other.trim()
        || matches!((known(one), known(other)), (Some(one), Some(other)) if std::ptr::eq(one, other))
}

impl Conversion {
    /// From unit `from` to `to`; `interval` is the time in seconds over which an amount fell.
    pub fn between(from: Option<&str>, to: Option<&str>, interval: Option<i64>) -> Result<Self, Fault> {
        let Some(to) = to else {
            return Ok(Self::None);
        };
        let from = from.unwrap_or_default();
        if same_unit(from, to) {
            return Ok(Self::None);
        }
        let linear = |factor: f64, offset: f64| {
            Ok(Self::Linear {
                factor: factor as f32,
                offset: offset as f32,
            })
        };
        if let (Some(a), Some(b)) = (known(from), known(to)) {
            let name = |unit: &Unit| unit.spellings[0];
            match (name(a), name(b), interval) {
                ("mm", "mm/h", Some(seconds)) => return linear(3600.0 / seconds as f64, 0.0),
                ("mm/h", "mm", Some(seconds)) => return linear(seconds as f64 / 3600.0, 0.0),
                ("dBZ", "mm/h", _) => return Ok(Self::MarshallPalmer),
                _ if a.quantity == b.quantity => return linear(a.factor / b.factor, (a.offset - b.offset) / b.factor),
                _ => {}
            }
        }
        Err(Fault::new(
            match from {
                "" => format!("does not say its unit, so that it cannot be converted to {to}"),
                from => format!("is in {from}, which cannot be converted to {to}"),
            },
            "leave data.unit out, or convert the file; known are temperatures (K, C, F), lengths, speeds, pressures, rain rates, mm \
             (with its interval) or dBZ to mm/h",
        ))
    }

    /// Converts all of `values`.
    pub fn apply(self, values: &mut [f32]) {
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
