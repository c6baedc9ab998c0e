//! The variables of HDF5 and NetCDF files that a configuration names.

use std::path::PathBuf;

use foreframe_formats::fields::{ReadOptions, Variables};

use crate::{DataConfig, DataError};

/// Opens the variables that `config` names in `files`, at least one file.
///
/// # Errors
/// Names the key that contradicts another, or the file that cannot be read as asked for.
pub(crate) fn open_variables(files: Vec<PathBuf>, config: &DataConfig) -> Result<Variables, DataError> {
    if config.variables.is_empty() {
        return Ok(Variables::open(files, &options(config, 0))?);
    }
    if let Some(variable) = &config.variable {
        return Err(DataError::config(
            "variable",
            format!("is `{variable}`, and data.variables is set too"),
            "leave data.variable out",
        ));
    }
    for (place, variable) in config.variables.iter().enumerate() {
        if config.variables[..place].contains(variable) {
            return Err(DataError::config(
                "variables",
                format!("names `{variable}` twice"),
                "name every variable once",
            ));
        }
    }
    let options: Vec<ReadOptions> = (0..config.variables.len())
        .map(|place| options(config, place))
        .collect();
    Ok(Variables::open_all(&files, &options)?)
}

/// The options for number `variable`.
fn options(config: &DataConfig, variable: usize) -> ReadOptions {
    let input = config.trained.as_ref().and_then(|trained| trained.input.as_ref());
    ReadOptions {
        variable: config.variables.get(variable).or(config.variable.as_ref()).cloned(),
        axes: config.axes.clone(),
        unit: config.unit.clone(),
        damaged: config.damaged,
        unit_of_others: input.and_then(|input| input.unit_of(variable)).map(str::to_owned),
        grid_of_others: input.and_then(|input| input.grid.clone()),
    }
}
