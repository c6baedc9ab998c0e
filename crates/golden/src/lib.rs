//! Numbers computed by the public PyTorch code, and the comparison of networks and operations with them.
//!
//! A case is a folder below `tests/golden` of this repository: `case.json` (hyper-parameters, gradient norms) and
//! `tensors.safetensors` (state dict, input, output, loss, gradients). Everything here panics when numbers differ: it is
//! for tests only.

mod case;
mod check;
mod compare;
mod device;
pub mod formula;
mod full;
mod op;
pub mod published;
mod recurrent;
mod settled;
mod training;

pub use case::Case;
pub use check::check;
pub use compare::{Differences, Tolerance};
pub use device::devices;
pub use full::check_full;
pub use op::{Inputs, OpCase};
pub use recurrent::{FirstState, check_full_preset, check_full_recurrent, check_recurrent, check_recurrent_case};
pub use settled::settled_difference;
