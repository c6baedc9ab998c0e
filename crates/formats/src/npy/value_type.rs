//! The types of value that an array may hold.

use half::f16;

use crate::error::Fault;

/// Type and byte order of the values in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueType {
    kind: Kind,
    big_endian: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bool,
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F16,
    F32,
    F64,
}

const KINDS: [(&str, Kind); 12] = [
    ("b1", Kind::Bool),
    ("u1", Kind::U8),
    ("i1", Kind::I8),
    ("u2", Kind::U16),
    ("i2", Kind::I16),
    ("u4", Kind::U32),
    ("i4", Kind::I32),
    ("u8", Kind::U64),
    ("i8", Kind::I64),
    ("f2", Kind::F16),
    ("f4", Kind::F32),
    ("f8", Kind::F64),
];

impl ValueType {
    /// Little-endian f32, which [`write_array`](crate::npy::write_array) writes.
    pub const F32: Self = Self {
        kind: Kind::F32,
        big_endian: false,
    };

    /// Reads NumPy's description, e.g. `<f4`.
    pub fn parse(description: &str) -> Result<Self, Fault> {
        let unsupported = || {
            Fault::new(
                format!("holds values of type `{description}`, which is neither integer nor real"),
                "convert it, e.g. numpy.save(path, array.astype('float32'))",
            )
        };
        let mut letters = description.chars();
        let order = letters.next().ok_or_else(unsupported)?;
        let (_, kind) = KINDS
            .into_iter()
            .find(|(name, _)| *name == letters.as_str())
            .ok_or_else(unsupported)?;
        let big_endian = match order {
            '<' => false,
            '>' => true,
            '|' if matches!(kind, Kind::Bool | Kind::U8 | Kind::I8) => false,
            '=' => cfg!(target_endian = "big"),
            _ => return Err(unsupported()),
        };
        Ok(Self { kind, big_endian })
    }

    /// Bytes per value.
    pub fn width(self) -> usize {
        match self.kind {
            Kind::Bool | Kind::U8 | Kind::I8 => 1,
            Kind::U16 | Kind::I16 | Kind::F16 => 2,
            Kind::U32 | Kind::I32 | Kind::F32 => 4,
            Kind::U64 | Kind::I64 | Kind::F64 => 8,
        }
    }

    /// Whether values have 8 bits and no sign, as those of an image.
    pub fn is_byte(self) -> bool {
        self.kind == Kind::U8
    }

    /// The largest value of an integer type.
    pub fn maximum(self) -> Option<f32> {
        Some(match self.kind {
            Kind::Bool => 1.0,
            Kind::U8 => f32::from(u8::MAX),
            Kind::I8 => f32::from(i8::MAX),
            Kind::U16 => f32::from(u16::MAX),
            Kind::I16 => f32::from(i16::MAX),
            Kind::U32 => u32::MAX as f32,
            Kind::I32 => i32::MAX as f32,
            Kind::U64 => u64::MAX as f32,
            Kind::I64 => i64::MAX as f32,
            Kind::F16 | Kind::F32 | Kind::F64 => return None,
        })
    }

    /// Converts `bytes` to f32, value by value; both slices hold the same number of values.
    pub fn decode(self, bytes: &[u8], values: &mut [f32]) {
        macro_rules! decode {
            ($kind:ty, $convert:expr) => {
                for (bytes, value) in bytes.chunks_exact(size_of::<$kind>()).zip(values) {
                    let bytes = bytes.try_into().expect("chunks have the size of the type");
                    let raw = if self.big_endian {
                        <$kind>::from_be_bytes(bytes)
                    } else {
                        <$kind>::from_le_bytes(bytes)
                    };
                    *value = $convert(raw);
                }
            };
        }
        match self.kind {
            Kind::Bool => decode!(u8, |raw| f32::from(raw != 0)),
            Kind::U8 => decode!(u8, f32::from),
            Kind::I8 => decode!(i8, f32::from),
            Kind::U16 => decode!(u16, f32::from),
            Kind::I16 => decode!(i16, f32::from),
            Kind::U32 => decode!(u32, |raw| raw as f32),
            Kind::I32 => decode!(i32, |raw| raw as f32),
            Kind::U64 => decode!(u64, |raw| raw as f32),
            Kind::I64 => decode!(i64, |raw| raw as f32),
            Kind::F16 => decode!(f16, f16::to_f32),
            Kind::F32 => decode!(f32, |raw| raw),
            Kind::F64 => decode!(f64, |raw| raw as f32),
        }
    }
}

impl std::fmt::Display for ValueType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = KINDS
            .iter()
            .find(|(_, kind)| *kind == self.kind)
            .map_or("", |(name, _)| name);
        write!(f, "{}{name}", if self.big_endian { '>' } else { '<' })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_becomes_f32_in_either_order() {
        let cases: [(&str, Vec<u8>, f32); 16] = [
            ("|b1", vec![1], 1.0),
            ("|u1", vec![200], 200.0),
            ("|i1", (-3i8).to_le_bytes().to_vec(), -3.0),
            ("<u2", 40000u16.to_le_bytes().to_vec(), 40000.0),
            (">u2", 40000u16.to_be_bytes().to_vec(), 40000.0),
            ("<i2", (-9i16).to_le_bytes().to_vec(), -9.0),
            ("<u4", 70000u32.to_le_bytes().to_vec(), 70000.0),
            (">i4", (-70000i32).to_be_bytes().to_vec(), -70000.0),
            ("<u8", 5u64.to_le_bytes().to_vec(), 5.0),
            ("<i8", (-5i64).to_le_bytes().to_vec(), -5.0),
            ("<f2", vec![0x00, 0xc1], -2.5),
            (">f2", vec![0xc1, 0x00], -2.5),
            ("<f4", 1.5f32.to_le_bytes().to_vec(), 1.5),
            (">f4", 1.5f32.to_be_bytes().to_vec(), 1.5),
            ("<f8", 273.25f64.to_le_bytes().to_vec(), 273.25),
            (">f8", 273.25f64.to_be_bytes().to_vec(), 273.25),
        ];
        for (description, bytes, expected) in cases {
            let kind = ValueType::parse(description).unwrap();
            assert_eq!(kind.width(), bytes.len(), "{description}");
            let mut values = [f32::NAN; 2];
            kind.decode(&bytes.repeat(2), &mut values);
            assert_eq!(values, [expected; 2], "{description}");
        }
        for description in ["", "<", "<c8", "|O", "<U5", "<f16", "|u2", "<M8[ns]", "é4"] {
            assert!(ValueType::parse(description).is_err(), "{description}");
        }
    }
}
