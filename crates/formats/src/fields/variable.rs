//! The variables of a file: names, axes and attributes.

use std::collections::BTreeMap;

use crate::error::Fault;
use crate::npy::ValueType;

/// Attributes of a variable or a group.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Attribute {
    Text(String),
    Numbers(Vec<f64>),
}

/// Attributes by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Attributes(pub(super) BTreeMap<String, Attribute>);

impl Attributes {
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name)? {
            Attribute::Text(text) => Some(text.trim_end_matches('\0').trim()),
            Attribute::Numbers(_) => None,
        }
    }

    pub(super) fn numbers(&self, name: &str) -> &[f64] {
        match self.0.get(name) {
            Some(Attribute::Numbers(numbers)) => numbers,
            _ => &[],
        }
    }

    pub(super) fn number(&self, name: &str) -> Option<f64> {
        self.numbers(name).first().copied()
    }
}

/// One axis of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    pub(super) len: usize,
    /// The dimension it lies along, where the file names dimensions.
    pub(super) name: Option<String>,
}

/// One array of a file.
#[derive(Clone, Debug)]
pub(super) struct Variable {
    /// Its path within the file, without the leading slash.
    pub(super) name: String,
    pub(super) axes: Vec<Axis>,
    pub(super) attributes: Attributes,
    /// How its values are stored; `None` for text and records, which are no numbers.
    pub(super) value_type: Option<ValueType>,
    /// Rows (entries of the first axis) that are stored, and best read, together.
    pub(super) rows_together: usize,
}

impl Variable {
    /// The last part of its path.
    pub(super) fn short_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or_default()
    }

    pub(super) fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| axis.len).collect()
    }
}

/// The message for a variable without numbers.
pub(super) fn not_numbers(variable: &Variable) -> Fault {
    Fault::new(
        format!("holds no numbers in `{}`", variable.name),
        "choose another variable with data.variable",
    )
}

/// The message for a truncated file.
pub(super) fn truncated(cause: &str) -> Fault {
    Fault::new(
        format!("is damaged or truncated: {cause}"),
        "fetch or export it again, or set data.damaged = \"skip\" to leave such files out of a folder",
    )
}
