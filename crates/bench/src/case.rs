//! The cases that are timed: operations at the shapes that networks call them with, and whole networks.

mod list;
mod operation;
mod roofline;
mod shape;

use std::fmt;

use serde::Serialize;
use serde_json::{Value, json};

pub use list::cases;
pub use operation::Operation;
pub use roofline::Roofline;
pub use shape::{Convolution, Groups, Image, Matmul, Parameters, Shuffle, Tensor4};

/// One row of the benchmark.
#[derive(Clone, Debug, PartialEq)]
pub struct Case {
    /// The repeated operation.
    pub what: What,
    /// Which part of it.
    pub pass: Pass,
    /// The share of PyTorch's time that it should take at most.
    pub goal: Option<f64>,
}

/// The subject of a [`Case`].
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A single operation.
    Operation(Operation),
    /// A network at the size of Moving MNIST.
    Network(Network),
}

/// A network of the registry under the name that the comparison gives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The name in the comparison, e.g. `stlight-s`.
    pub name: &'static str,
    /// The name in the registry.
    pub model: &'static str,
    /// The registry's preset.
    pub preset: &'static str,
    /// Clips at a time.
    pub batch: usize,
    /// Whether the steps of its recurrence are recomputed in the backward pass; PyTorch always keeps them.
    pub recompute: bool,
}

/// How far a repetition goes.
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Pass {
    /// An operation's output.
    Forward,
    /// An operation's output and the gradients of all its inputs.
    Backward,
    /// Inference, batch by batch.
    Forecast,
    /// Loss, gradients, update by Adam.
    Step,
}

impl Case {
    /// The row's name, e.g. `conv 5x5 [8, 128, 16, 16] -> 896 forward`.
    pub fn name(&self) -> String {
        format!("{} {}", self.what, self.pass)
    }

    /// The network, if it is one.
    pub fn network(&self) -> Option<&Network> {
        match &self.what {
            What::Network(network) => Some(network),
            What::Operation(_) => None,
        }
    }

    /// Lower bound of the pass; for networks as far as their description tells.
    pub fn roofline(&self) -> Roofline {
        match &self.what {
            What::Operation(operation) => operation.roofline(self.pass),
            What::Network(network) => crate::network::roofline(network, self.pass).unwrap_or_default(),
        }
    }

    /// The case in the words of PyTorch's worker.
    pub fn request(&self) -> Value {
        match &self.what {
            What::Operation(operation) => {
                let mut request = json!(operation);
                request["kind"] = json!("operation");
                request["pass"] = json!(self.pass);
                request
            }
            What::Network(network) => json!({
                "kind": "network",
                "network": network.name,
                "pass": self.pass,
                "batch": network.batch,
            }),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::Operation(operation) => operation.fmt(f),
            Self::Network(Network {
                name, recompute: true, ..
            }) => write!(f, "{name}, steps recomputed,"),
            Self::Network(network) => network.name.fmt(f),
        }
    }
}

impl fmt::Display for Pass {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(match self {
            Self::Forward => "forward",
            Self::Backward => "forward + backward",
            Self::Forecast => "forecast",
            Self::Step => "train step",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_the_worker_reads() {
        let conv = Convolution::square([2, 3, 5, 5], 4, 3).strided(2);
        let case = Case {
            what: What::Operation(Operation::Conv2d(conv)),
            pass: Pass::Backward,
            goal: None,
        };
        let request = case.request();
        assert_eq!(
            (&request["kind"], &request["op"]),
            (&json!("operation"), &json!("conv2d"))
        );
        assert_eq!(request["pass"], "backward");
        assert_eq!(
            (&request["shape"]["in"], &request["shape"]["out"]),
            (&json!(3), &json!(4))
        );
        assert_eq!(
            (&request["shape"]["stride"], &request["shape"]["padding"]),
            (&json!(2), &json!(1))
        );
        let network = Network {
            name: "tau",
            model: "tau",
            preset: "moving-mnist",
            batch: 4,
            recompute: false,
        };
        let case = Case {
            what: What::Network(network),
            pass: Pass::Step,
            goal: Some(0.6),
        };
        assert_eq!(
            case.request(),
            json!({ "kind": "network", "network": "tau", "pass": "step", "batch": 4 })
        );
        assert_eq!(case.name(), "tau train step");
    }
}
