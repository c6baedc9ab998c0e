//! Comparing a single operation with its reference.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::{Device, Gradients, Tensor, TensorData};
use serde_json::Value;

use crate::case::{folder, read_json, read_tensors};
use crate::{Differences, Tolerance};

/// One operation of the reference: inputs `in.*`, output `out`, and the gradients `grad.*` of `sum(out * grad_out)`.
#[derive(Clone, Debug)]
pub struct OpCase {
    /// The folder below `tests/golden/ops`.
    pub name: String,
    /// The operation's arguments.
    pub hyper: Value,
    /// Every tensor of the case.
    pub tensors: BTreeMap<String, TensorData>,
}

/// The inputs of a case on one device; a gradient is expected for each one taken.
pub struct Inputs<'a> {
    case: &'a OpCase,
    device: Device,
    tracked: RefCell<Vec<Tracked>>,
}

struct Tracked {
    name: String,
    gradient: Gradient,
}

/// Finds the gradient of one input; the rank of the input is forgotten in it.
type Gradient = Box<dyn Fn(&Gradients) -> Option<TensorData>>;

impl Inputs<'_> {
    /// Where the inputs are.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// The input `in.<name>`.
    pub fn get<const D: usize>(&self, name: &str) -> Tensor<D> {
        let tensor = Tensor::from_data(self.case.tensor(&format!("in.{name}")), &self.device);
        if !self.device.is_autodiff() {
            return tensor;
        }
        let tensor = tensor.require_grad();
        let source = tensor.clone();
        self.tracked.borrow_mut().push(Tracked {
            name: name.to_owned(),
            gradient: Box::new(move |gradients| source.grad(gradients).map(Tensor::into_data)),
        });
        tensor
    }
}

impl OpCase {
    /// Reads `tests/golden/ops/<name>`.
    pub fn load(name: &str) -> Self {
        let folder = folder("ops").join(name);
        Self {
            name: name.to_owned(),
            hyper: read_json(&folder.join("case.json"))["hyper"].clone(),
            tensors: read_tensors(&folder.join("tensors.safetensors")),
        }
    }

    /// The tensor called `name`, e.g. `extra.running_mean`.
    pub fn tensor(&self, name: &str) -> TensorData {
        match self.tensors.get(name) {
            Some(data) => data.clone(),
            None => panic!("{}: no tensor `{name}`", self.name),
        }
    }

    /// The argument `name` as rows and columns: a number stands for both, absence for `default`.
    pub fn pair(&self, name: &str, default: usize) -> [usize; 2] {
        let size = |value: &Value| match value.as_u64() {
            Some(size) => size as usize,
            None => panic!("{}: `{name}` is not a size", self.name),
        };
        match self.hyper.get(name) {
            None => [default; 2],
            Some(Value::Array(pair)) => [size(&pair[0]), size(&pair[1])],
            Some(value) => [size(value); 2],
        }
    }

    /// Checks forward values without and with autodiff, and the gradient of every input of the case.
    ///
    /// # Panics
    /// Lists every tensor that differs, with both values.
    #[track_caller]
    pub fn check<const D: usize>(&self, device: &Device, tolerance: &Tolerance, op: impl Fn(&Inputs) -> Tensor<D>) {
        let mut differences = Differences::of(format!("{} on {device:?}", self.name));
        let expected = self.tensor("out");
        let out = op(&self.inputs(device.clone()));
        differences.tensor("out", &out.into_data(), &expected, tolerance.eval_abs, tolerance.state);

        let inputs = self.inputs(device.clone().autodiff());
        let out = op(&inputs);
        differences.tensor(
            "out in training",
            &out.clone().into_data(),
            &expected,
            tolerance.eval_abs,
            tolerance.state,
        );
        let gradients = (out * Tensor::from_data(self.tensor("grad_out"), &inputs.device))
            .sum()
            .backward();
        let mut missing: BTreeSet<&str> = self
            .tensors
            .keys()
            .filter_map(|name| name.strip_prefix("grad."))
            .collect();
        for tracked in inputs.tracked.borrow().iter() {
            missing.remove(tracked.name.as_str());
            let name = format!("grad.{}", tracked.name);
            match (tracked.gradient)(&gradients) {
                Some(found) => {
                    let expected = self.tensor(&name);
                    differences.tensor(&name, &found, &expected, tolerance.grad_abs, tolerance.grad_rel);
                }
                None => differences.note(format!("{name} does not exist")),
            }
        }
        for name in missing {
            differences.note(format!("in.{name} was not used"));
        }
        differences.finish();
    }

    fn inputs(&self, device: Device) -> Inputs<'_> {
        Inputs {
            case: self,
            device,
            tracked: RefCell::new(Vec::new()),
        }
    }
}
