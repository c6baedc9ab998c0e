//! Times Foreframe's operations and networks, and the same in PyTorch beside them.
//!
//! [`suite::run`] measures every [`Case`](case::Case), in turns with PyTorch if it is asked to, and returns a
//! [`Report`](report::Report), which [`table`] writes for terminals and as Markdown.

pub mod case;
mod engine;
mod error;
pub mod fresh;
mod machine;
mod memory;
mod network;
mod operation;
mod peak;
pub mod pipeline;
mod precision;
mod pytorch;
pub mod report;
mod rounds;
mod scaling;
mod statistics;
mod subject;
pub mod suite;
pub mod table;
pub mod trajectory;

pub use error::BenchError;
pub use machine::machine;
pub use memory::{Memory, PyTorchMemory};
pub use peak::Peak;
pub use precision::Precision;
pub use pytorch::{PyTorch, repository};
pub use scaling::Scaling;
pub use statistics::{Ratio, median};
