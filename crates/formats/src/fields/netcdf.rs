//! NetCDF-3: classic, 64-bit offset and 64-bit data.

use std::path::Path;

use netcdf_reader::{NcFile, NcSliceInfo, NcSliceInfoElem, NcType};

use super::variable::{Attribute, Attributes, Axis, Variable, truncated};
use crate::error::Fault;
use crate::npy::ValueType;

pub(super) fn open(path: &Path) -> Result<NcFile, Fault> {
    NcFile::open(path).map_err(fault)
}

fn fault(error: netcdf_reader::Error) -> Fault {
    truncated(&error.to_string())
}

pub(super) fn variables(file: &NcFile) -> Result<Vec<Variable>, Fault> {
    let mut variables = Vec::new();
    for variable in file.variables().map_err(fault)? {
        let attributes = variable.attributes().iter().filter_map(|attribute| {
            let value = match attribute.value.as_string() {
                Some(text) => Attribute::Text(text),
                None => Attribute::Numbers(attribute.value.as_f64_vec()?),
            };
            Some((attribute.name.clone(), value))
        });
        let axes = variable.dimensions().iter().map(|dimension| {
            Some(Axis {
                len: usize::try_from(dimension.size).ok()?,
                name: Some(dimension.name.clone()),
            })
        });
        let Some(axes) = axes.collect::<Option<Vec<Axis>>>() else {
            continue;
        };
        variables.push(Variable {
            name: variable.name().to_owned(),
            axes,
            attributes: Attributes(attributes.collect()),
            value_type: value_type(variable.dtype()),
            rows_together: 1,
        });
    }
    Ok(variables)
}

fn value_type(kind: &NcType) -> Option<ValueType> {
    let description = match kind {
        NcType::Byte => "|i1",
        NcType::UByte => "|u1",
        NcType::Short => ">i2",
        NcType::UShort => ">u2",
        NcType::Int => ">i4",
        NcType::UInt => ">u4",
        NcType::Int64 => ">i8",
        NcType::UInt64 => ">u8",
        NcType::Float => ">f4",
        NcType::Double => ">f8",
        _ => return None,
    };
    ValueType::parse(description).ok()
}

pub(super) fn rows(file: &NcFile, variable: &Variable, start: usize, count: usize) -> Result<Vec<f32>, Fault> {
    let selections = variable.axes.iter().enumerate().map(|(place, axis)| match place {
        0 => NcSliceInfoElem::Slice {
            start: start as u64,
            end: (start + count) as u64,
            step: 1,
        },
        _ => NcSliceInfoElem::Slice {
            start: 0,
            end: axis.len as u64,
            step: 1,
        },
    });
    let selection = NcSliceInfo {
        selections: selections.collect(),
    };
    let values = file
        .read_variable_slice_as_f64(&variable.name, &selection)
        .map_err(fault)?;
    Ok(values.iter().map(|value| *value as f32).collect())
}

pub(super) fn coordinate(file: &NcFile, variable: &Variable) -> Result<Vec<f64>, Fault> {
    let values = file.read_variable_as_f64(&variable.name).map_err(fault)?;
    Ok(values.iter().copied().collect())
}
