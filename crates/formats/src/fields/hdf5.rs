//! HDF5, and with it NetCDF-4.

use std::path::Path;

use hdf5_pure::{AttrValue, Dataset, Datatype, DatatypeByteOrder, File, Group};

use super::variable::{Attribute, Attributes, Axis, Variable, truncated};
use crate::claims::are_plausible;
use crate::error::Fault;
use crate::npy::ValueType;

/// Groups within groups; links may lead in circles.
const DEEPEST: usize = 12;
/// More arrays than a file of frames has.
const MOST_VARIABLES: usize = 10_000;
/// A chunk is decompressed whole: no more than this is allocated for one.
const LARGEST_CHUNK: u64 = 1 << 30;
/// Rows are read together up to this many bytes.
const BLOCK: u64 = 32 << 20;

pub(super) fn open(path: &Path) -> Result<File, Fault> {
    File::open_streaming(path).map_err(|error| match error {
        hdf5_pure::Error::Io(cause) => truncated(&cause.to_string()),
        error => Fault::new(
            format!("is no HDF5 or NetCDF file, or a damaged one: {error}"),
            "fetch or export it again",
        ),
    })
}

fn fault(error: hdf5_pure::Error) -> Fault {
    truncated(&error.to_string())
}

/// All arrays of a file of `bytes` bytes, those of the root first.
pub(super) fn variables(file: &File, bytes: u64) -> Result<Vec<Variable>, Fault> {
    let mut found = Vec::new();
    collect(&file.root(), "", 0, bytes, &mut found)?;
    name_axes(&mut found);
    Ok(found)
}

fn collect(group: &Group, path: &str, depth: usize, bytes: u64, found: &mut Vec<Variable>) -> Result<(), Fault> {
    let at = |name: &str| match path {
        "" => name.to_owned(),
        path => format!("{path}/{name}"),
    };
    let mut names = group.datasets().map_err(fault)?;
    names.sort();
    for name in names {
        if found.len() == MOST_VARIABLES {
            return Err(Fault::new(
                format!("holds more than {MOST_VARIABLES} arrays"),
                "keep the frames in one array, e.g. [T, H, W]",
            ));
        }
        // One array of a kind that cannot be read must not keep the others from being read.
        if let Ok(dataset) = group.dataset(&name) {
            found.extend(variable(&dataset, at(&name), bytes));
        }
    }
    if depth < DEEPEST {
        let mut names = group.groups().map_err(fault)?;
        names.sort();
        for name in names {
            if let Ok(child) = group.group(&name) {
                collect(&child, &at(&name), depth + 1, bytes, found)?;
            }
        }
    }
    Ok(())
}

fn variable(dataset: &Dataset, name: String, bytes: u64) -> Option<Variable> {
    let axes = dataset.shape().ok()?;
    let axes = axes.into_iter().map(|len| {
        Some(Axis {
            len: usize::try_from(len).ok()?,
            name: None,
        })
    });
    let axes = axes.collect::<Option<Vec<Axis>>>()?;
    let value_type = dataset.datatype().ok().and_then(|datatype| value_type(&datatype));
    let chunk = dataset.chunk_shape().ok().flatten().unwrap_or_default();
    let width = value_type.map_or(1, |kind| kind.width() as u64);
    let chunk_bytes = chunk.iter().try_fold(width, |bytes, side| bytes.checked_mul(*side));
    let takes_chunk = chunk_bytes.is_some_and(|chunk| chunk <= LARGEST_CHUNK && are_plausible(bytes, chunk, 1));
    let row_bytes = axes
        .iter()
        .skip(1)
        .try_fold(width, |bytes, axis| bytes.checked_mul(axis.len as u64));
    let fitting = row_bytes.map_or(1, |bytes| BLOCK / bytes.max(1)).max(1);
    let rows_together = chunk.first().copied().unwrap_or(1).min(fitting) as usize;
    Some(Variable {
        name,
        axes,
        attributes: attributes(dataset.attrs().unwrap_or_default()),
        // A chunk that is too large to be taken whole makes the array one that cannot be read.
        value_type: value_type.filter(|_| takes_chunk),
        rows_together: rows_together.max(1),
    })
}

/// Gives axes the names of NetCDF dimensions: an array lists the numbers of its dimensions, and the array that stands for
/// a dimension says which number it has. Elsewhere a dimension scale of the same length is taken.
fn name_axes(variables: &mut [Variable]) {
    struct Scale {
        name: String,
        number: Option<f64>,
        len: usize,
    }
    let scales: Vec<Scale> = variables
        .iter()
        .filter(|variable| variable.axes.len() == 1 && variable.attributes.text("CLASS") == Some("DIMENSION_SCALE"))
        .map(|variable| Scale {
            name: variable.short_name().to_owned(),
            number: variable.attributes.number("_Netcdf4Dimid"),
            len: variable.axes[0].len,
        })
        .collect();
    for variable in variables {
        let numbers = variable.attributes.numbers("_Netcdf4Coordinates").to_vec();
        let mut taken: Vec<&str> = Vec::new();
        for (place, axis) in variable.axes.iter_mut().enumerate() {
            let numbered = numbers.get(place).copied();
            let free = |scale: &&Scale| scale.len == axis.len && !taken.contains(&scale.name.as_str());
            let scale = match numbered {
                Some(number) => scales.iter().filter(free).find(|scale| scale.number == Some(number)),
                None => scales.iter().find(free),
            };
            if let Some(scale) = scale {
                taken.push(&scale.name);
                axis.name = Some(scale.name.clone());
            }
        }
    }
}

fn attributes(values: std::collections::HashMap<String, AttrValue>) -> Attributes {
    let attribute = |value: &AttrValue| -> Option<Attribute> {
        if let Some(text) = value.as_str() {
            return Some(Attribute::Text(text.to_owned()));
        }
        if let Some(texts) = value.as_strings() {
            return texts.first().map(|text| Attribute::Text(text.clone()));
        }
        // Whole numbers are converted as such only; the largest need the sign's bit.
        let whole = || {
            value
                .to_i64s()
                .map(|numbers| numbers.into_iter().map(|number| number as f64).collect())
        };
        let large = || {
            value
                .to_u64s()
                .map(|numbers| numbers.into_iter().map(|number| number as f64).collect())
        };
        value.to_f64s().or_else(whole).or_else(large).map(Attribute::Numbers)
    };
    let read = values
        .iter()
        .filter_map(|(name, value)| Some((name.clone(), attribute(value)?)));
    Attributes(read.collect())
}

pub(super) fn group_attributes(file: &File, path: &str) -> Attributes {
    let group = match path {
        "" => Ok(file.root()),
        path => file.group(path),
    };
    attributes(group.and_then(|group| group.attrs()).unwrap_or_default())
}

/// Whole numbers and floats of whole bytes in either order; nothing else is a number here.
fn value_type(datatype: &Datatype) -> Option<ValueType> {
    let (letter, size, order) = match datatype {
        Datatype::FixedPoint {
            size,
            byte_order,
            layout,
        } => {
            let whole = layout.bit_offset == 0 && Some(u32::from(layout.bit_precision)) == size.checked_mul(8);
            (
                whole.then_some(if layout.signed { 'i' } else { 'u' })?,
                size,
                byte_order,
            )
        }
        Datatype::FloatingPoint {
            size,
            byte_order,
            layout,
        } => {
            let exponents = [(2, 5), (4, 8), (8, 11)];
            (
                exponents.contains(&(*size, layout.exponent_size)).then_some('f')?,
                size,
                byte_order,
            )
        }
        _ => return None,
    };
    let order = match order {
        DatatypeByteOrder::LittleEndian => '<',
        DatatypeByteOrder::BigEndian => '>',
        _ => return None,
    };
    ValueType::parse(&if *size == 1 {
        format!("|{letter}1")
    } else {
        format!("{order}{letter}{size}")
    })
    .ok()
}

pub(super) fn rows(
    file: &File,
    variable: &Variable,
    value_type: ValueType,
    start: usize,
    count: usize,
) -> Result<Vec<f32>, Fault> {
    let dataset = file.dataset(&variable.name).map_err(fault)?;
    let bytes = dataset.read_raw_rows(start as u64, count as u64).map_err(fault)?;
    let mut values = vec![0.0; bytes.len() / value_type.width()];
    value_type.decode(&bytes, &mut values);
    Ok(values)
}

pub(super) fn coordinate(file: &File, variable: &Variable) -> Result<Vec<f64>, Fault> {
    file.dataset(&variable.name)
        .and_then(|dataset| dataset.read_f64())
        .map_err(fault)
}

#[cfg(test)]
mod tests {
    use hdf5_pure::FixedPointLayout;

    use super::*;

    #[test]
    fn a_type_of_any_claimed_size_is_refused_or_known() {
        let of = |size, bit_precision| {
            let layout = FixedPointLayout {
                signed: false,
                bit_offset: 0,
                bit_precision,
            };
            value_type(&Datatype::FixedPoint {
                size,
                byte_order: DatatypeByteOrder::LittleEndian,
                layout,
            })
        };
        assert_eq!(of(2, 16).map(|kind| kind.to_string()).as_deref(), Some("<u2"));
        for (size, bits) in [(2, 12), (0, 0), (3, 24), (1 << 29, 0), (u32::MAX, 65_528)] {
            assert_eq!(of(size, bits), None, "{size} bytes, {bits} bits");
        }
    }
}
