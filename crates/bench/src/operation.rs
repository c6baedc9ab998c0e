//! Operations that can be repeated.

mod function;
mod tensors;

use burn::tensor::{DType, Device, Distribution, Tensor};
use foreframe_train::optimizer::{Adam, OptimizerConfig, StepRates};

use crate::case::{Operation, Parameters, Pass};
use crate::precision::Precision;
use crate::subject::Subject;
use tensors::{AnyTensor, Tensors};

/// An operation with its inputs, made once.
pub(crate) fn prepare(operation: &Operation, pass: Pass, device: &Device, precision: Precision) -> Box<dyn Subject> {
    if let Operation::Adam(parameters) = operation {
        return Box::new(Update::new(*parameters, device));
    }
    let differentiated = pass == Pass::Backward;
    let place = if differentiated {
        device.clone().autodiff()
    } else {
        device.clone()
    };
    let inputs = Tensors::random(&function::inputs(operation), &place, differentiated);
    Box::new(Repeated {
        function: function::of(operation),
        inputs,
        differentiated,
        gradient: None,
        lowered: precision == Precision::Bf16 && operation.is_product(),
        device: device.clone(),
    })
}

/// A function of fixed inputs.
struct Repeated {
    function: function::Function,
    inputs: Tensors,
    differentiated: bool,
    /// Of the output, made when its shape is known.
    gradient: Option<AnyTensor>,
    /// Whether it is computed with fewer bits than the inputs have, as PyTorch's autocast does it.
    lowered: bool,
    device: Device,
}

impl Subject for Repeated {
    fn repeat(&mut self) -> Result<(), String> {
        let output = match self.lowered {
            true => (self.function)(&self.inputs.cast(DType::BF16)),
            false => (self.function)(&self.inputs),
        };
        if self.differentiated {
            let gradient = self.gradient.get_or_insert_with(|| output.random_like(&self.device));
            let gradients = self.inputs.gradients(&output.backward(gradient));
            wait(&self.device)?;
            drop(gradients);
            return Ok(());
        }
        // Nobody may find out that the output is not needed.
        wait(&self.device)?;
        drop(output);
        Ok(())
    }
}

/// The update of all parameters of a network.
struct Update {
    optimizer: Adam,
    parameters: Vec<Option<Tensor<1>>>,
    gradients: Vec<Tensor<1>>,
    names: Vec<String>,
    device: Device,
}

impl Update {
    fn new(Parameters { elements, tensors }: Parameters, device: &Device) -> Self {
        let sizes = || (0..tensors).map(|index| elements / tensors + usize::from(index < elements % tensors));
        let random = |size| Tensor::random([size], Distribution::Normal(0.0, 1.0), device);
        Self {
            optimizer: Adam::new(&OptimizerConfig::default(), 0.0),
            parameters: sizes().map(|size| Some(random(size))).collect(),
            gradients: sizes().map(random).collect(),
            names: (0..tensors).map(|index| index.to_string()).collect(),
            device: device.clone(),
        }
    }
}

impl Subject for Update {
    fn repeat(&mut self) -> Result<(), String> {
        let rates = StepRates {
            learning_rate: 1e-3,
            beta1: 0.9,
        };
        for ((name, parameter), gradient) in self.names.iter().zip(&mut self.parameters).zip(&self.gradients) {
            // Taken out, so that the optimizer may reuse its memory.
            if let Some(old) = parameter.take() {
                *parameter = Some(self.optimizer.update(name, old, gradient.clone(), &rates));
            }
        }
        wait(&self.device)
    }
}

/// Until the device has done all that it was given.
pub(crate) fn wait(device: &Device) -> Result<(), String> {
    device.sync().map_err(|error| error.to_string())
}
