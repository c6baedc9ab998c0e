//! The description of the frames in a file.

use super::grid::Grid;
use super::packing::Packing;
use super::variable::Variable;

/// Metadata of the frames in a file.
pub(super) struct Description {
    pub(super) variable: Variable,
    pub(super) packing: Packing,
    pub(super) unit: Option<String>,
    /// When the frames were taken, in seconds since 1970; empty where the file does not say.
    pub(super) times: Vec<i64>,
    /// Seconds over which an amount fell.
    pub(super) interval: Option<i64>,
    pub(super) kind: &'static str,
    pub(super) grid: Grid,
}
