//! From stored numbers to physical values.

use super::variable::{Attributes, Variable};

/// NetCDF's default fill value of floats.
const NETCDF_FILL: f32 = 9.969_21e36;

/// `physical = stored * scale + offset`, and the stored numbers that stand for nothing.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Packing {
    pub(super) scale: f64,
    pub(super) offset: f64,
    /// Stored numbers that mean "missing".
    pub(super) missing: Vec<f32>,
    /// Stored numbers outside of this are missing, too.
    pub(super) valid: [f32; 2],
    /// Stored numbers that mean "nothing there", and the physical value that this is.
    pub(super) nothing: Option<(f32, f32)>,
    /// Offset of negative stored numbers that are really unsigned (`_Unsigned`).
    pub(super) wrap: f32,
}

impl Default for Packing {
    fn default() -> Self {
        Self {
            scale: 1.0,
            offset: 0.0,
            missing: Vec::new(),
            valid: [f32::NEG_INFINITY, f32::INFINITY],
            nothing: None,
            wrap: 0.0,
        }
    }
}

impl Packing {
    /// As the attributes of the CF conventions say: `scale_factor`, `add_offset`, `_FillValue`, `missing_value`,
    /// `valid_min`, `valid_max`, `valid_range`, `_Unsigned`.
    pub(super) fn of(variable: &Variable) -> Self {
        let attributes: &Attributes = &variable.attributes;
        let bits = variable.value_type.map_or(0, |kind| 8 * kind.width() as i32);
        let is_unsigned = attributes
            .text("_Unsigned")
            .is_some_and(|text| text.eq_ignore_ascii_case("true"));
        let wrap = if is_unsigned && bits <= 32 {
            2.0f32.powi(bits)
        } else {
            0.0
        };
        let stored = |value: f64| if value < 0.0 { value as f32 + wrap } else { value as f32 };
        let named = ["_FillValue", "missing_value"]
            .iter()
            .flat_map(|name| attributes.numbers(name));
        let mut missing: Vec<f32> = named.map(|value| stored(*value)).collect();
        if variable.value_type.is_some_and(|kind| kind.maximum().is_none()) {
            missing.push(NETCDF_FILL);
        }
        let mut valid = [f32::NEG_INFINITY, f32::INFINITY];
        if let Some(least) = attributes.number("valid_min") {
            valid[0] = stored(least);
        }
        if let Some(most) = attributes.number("valid_max") {
            valid[1] = stored(most);
        }
        if let &[least, most] = attributes.numbers("valid_range") {
            valid = [stored(least), stored(most)];
        }
        Self {
            scale: attributes.number("scale_factor").unwrap_or(1.0),
            offset: attributes.number("add_offset").unwrap_or(0.0),
            missing,
            valid,
            nothing: None,
            wrap,
        }
    }

    /// Makes stored numbers physical, in place. What is missing becomes NaN.
    pub(super) fn unpack(&self, values: &mut [f32]) {
        let plain = self.scale == 1.0 && self.offset == 0.0;
        for value in values {
            let stored = if *value < 0.0 { *value + self.wrap } else { *value };
            *value = match self.nothing {
                Some((nothing, physical)) if stored == nothing => physical,
                _ if self.missing.contains(&stored) => f32::NAN,
                _ if stored < self.valid[0] || stored > self.valid[1] => f32::NAN,
                _ if plain => stored,
                _ => (f64::from(stored) * self.scale + self.offset) as f32,
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::variable::Attribute;
    use super::*;
    use crate::npy::ValueType;

    fn packing(kind: &str, attributes: &[(&str, &[f64])], text: &[(&str, &str)]) -> Packing {
        let numbers = attributes
            .iter()
            .map(|(name, values)| (name.to_string(), Attribute::Numbers(values.to_vec())));
        let texts = text
            .iter()
            .map(|(name, value)| (name.to_string(), Attribute::Text(value.to_string())));
        Packing::of(&Variable {
            name: "v".to_owned(),
            axes: Vec::new(),
            attributes: Attributes(numbers.chain(texts).collect()),
            value_type: ValueType::parse(kind).ok(),
            rows_together: 1,
        })
    }

    #[test]
    fn stored_numbers_become_physical_and_missing_ones_nan() {
        let packing = packing(
            ">i2",
            &[
                ("scale_factor", &[0.5]),
                ("add_offset", &[100.0]),
                ("_FillValue", &[-32767.0]),
                ("missing_value", &[7.0, 8.0]),
                ("valid_range", &[-10.0, 20.0]),
            ],
            &[],
        );
        let mut values = [-32767.0, 0.0, 7.0, 8.0, 20.0, 21.0, -11.0, f32::NAN];
        packing.unpack(&mut values);
        assert_eq!((values[1], values[4]), (100.0, 110.0));
        assert!(
            [0, 2, 3, 5, 6, 7].iter().all(|place| values[*place].is_nan()),
            "{values:?}"
        );
    }

    #[test]
    fn bytes_may_be_unsigned_and_floats_have_a_fill_value_of_their_own() {
        let bytes = packing(
            "|i1",
            &[("_FillValue", &[-1.0]), ("scale_factor", &[2.0])],
            &[("_Unsigned", "true")],
        );
        let mut values = [-1.0, -2.0, 3.0];
        bytes.unpack(&mut values);
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [508.0, 6.0]);
        let mut values = [9.969_21e36, 280.0];
        packing("<f4", &[], &[]).unpack(&mut values);
        assert!(values[0].is_nan() && values[1] == 280.0);
    }
}
