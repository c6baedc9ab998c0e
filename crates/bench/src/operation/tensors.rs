//! Tensors whose rank is known only when a program runs.

use burn::tensor::{DType, Device, Distribution, Gradients, Tensor};
use foreframe_ops::root_of;

/// A tensor of one of the ranks that operations have.
#[derive(Clone)]
pub(super) enum AnyTensor {
    One(Tensor<1>),
    Two(Tensor<2>),
    Four(Tensor<4>),
}

impl AnyTensor {
    /// The backward pass from a gradient of this tensor.
    ///
    /// # Panics
    /// If `gradient` is not of the same rank.
    pub(super) fn backward(&self, gradient: &Self) -> Gradients {
        let root = match (self, gradient) {
            (Self::One(tensor), Self::One(gradient)) => root_of(tensor.clone(), gradient.clone()),
            (Self::Two(tensor), Self::Two(gradient)) => root_of(tensor.clone(), gradient.clone()),
            (Self::Four(tensor), Self::Four(gradient)) => root_of(tensor.clone(), gradient.clone()),
            _ => unreachable!("a gradient has the rank of its tensor"),
        };
        root.backward()
    }

    /// Random numbers in the same shape, constants to differentiation.
    pub(super) fn random_like(&self, device: &Device) -> Self {
        let normal = Distribution::Normal(0.0, 1.0);
        match self {
            Self::One(tensor) => Self::One(Tensor::<1>::random(tensor.dims(), normal, device).cast(tensor.dtype())),
            Self::Two(tensor) => Self::Two(Tensor::<2>::random(tensor.dims(), normal, device).cast(tensor.dtype())),
            Self::Four(tensor) => Self::Four(Tensor::<4>::random(tensor.dims(), normal, device).cast(tensor.dtype())),
        }
    }

    fn cast(&self, dtype: DType) -> Self {
        match self {
            Self::One(tensor) => Self::One(tensor.clone().cast(dtype)),
            Self::Two(tensor) => Self::Two(tensor.clone().cast(dtype)),
            Self::Four(tensor) => Self::Four(tensor.clone().cast(dtype)),
        }
    }

    fn gradient(&self, gradients: &Gradients) -> Option<Self> {
        Some(match self {
            Self::One(tensor) => Self::One(tensor.grad(gradients)?),
            Self::Two(tensor) => Self::Two(tensor.grad(gradients)?),
            Self::Four(tensor) => Self::Four(tensor.grad(gradients)?),
        })
    }
}

/// The dimensions of an input, and the distribution of its random values.
pub(super) struct Input {
    pub(super) dims: Vec<usize>,
    pub(super) values: Distribution,
}

/// The inputs of an operation.
pub(super) struct Tensors(Vec<AnyTensor>);

impl Tensors {
    /// Random values.
    pub(super) fn random(inputs: &[Input], device: &Device, differentiated: bool) -> Self {
        let tensor = |input: &Input| match input.dims.len() {
            1 => AnyTensor::One(leaf(input, device, differentiated)),
            2 => AnyTensor::Two(leaf(input, device, differentiated)),
            _ => AnyTensor::Four(leaf(input, device, differentiated)),
        };
        Self(inputs.iter().map(tensor).collect())
    }

    /// The same values in other numbers.
    pub(super) fn cast(&self, dtype: DType) -> Self {
        Self(self.0.iter().map(|input| input.cast(dtype)).collect())
    }

    /// The gradients of all inputs.
    pub(super) fn gradients(&self, gradients: &Gradients) -> Vec<Option<AnyTensor>> {
        self.0.iter().map(|input| input.gradient(gradients)).collect()
    }

    /// The input `index`, which has one axis.
    pub(super) fn one(&self, index: usize) -> Tensor<1> {
        match &self.0[index] {
            AnyTensor::One(tensor) => tensor.clone(),
            _ => unreachable!("input {index} has one axis"),
        }
    }

    /// The input `index`, which has two axes.
    pub(super) fn two(&self, index: usize) -> Tensor<2> {
        match &self.0[index] {
            AnyTensor::Two(tensor) => tensor.clone(),
            _ => unreachable!("input {index} has two axes"),
        }
    }

    /// The input `index`, which has four axes.
    pub(super) fn four(&self, index: usize) -> Tensor<4> {
        match &self.0[index] {
            AnyTensor::Four(tensor) => tensor.clone(),
            _ => unreachable!("input {index} has four axes"),
        }
    }
}

fn leaf<const D: usize>(input: &Input, device: &Device, differentiated: bool) -> Tensor<D> {
    let dims: [usize; D] = std::array::from_fn(|axis| input.dims[axis]);
    let tensor = Tensor::random(dims, input.values, device);
    if differentiated { tensor.require_grad() } else { tensor }
}
