//! The smallest network that has a state, a penalty and parameters that both depend on.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use super::{Recurrent, State};
use crate::ConfigError;

#[derive(Module, Debug)]
pub(super) struct Accumulator {
    keep: Param<Tensor<1>>,
    gain: Param<Tensor<1>>,
}

#[derive(Clone, Debug)]
pub(super) struct Accumulated {
    sum: Tensor<4>,
    before: Tensor<4>,
}

impl State for Accumulated {
    fn map_tensors(self, change: &mut impl FnMut(Tensor<4>) -> Tensor<4>) -> Self {
        Self {
            sum: change(self.sum),
            before: change(self.before),
        }
    }
}

impl Accumulator {
    pub(super) const REFUSED: usize = 5;

    pub(super) fn new(device: &Device) -> Self {
        Self {
            keep: Param::from_tensor(Tensor::from_floats([0.7], device)),
            gain: Param::from_tensor(Tensor::from_floats([0.4], device)),
        }
    }
}

impl Recurrent for Accumulator {
    type State = Accumulated;

    fn start(&self, frame: &Tensor<4>) -> Accumulated {
        let zeros = Tensor::zeros(frame.dims(), &frame.device());
        Accumulated {
            sum: zeros.clone(),
            before: zeros,
        }
    }

    fn step(&self, frame: Tensor<4>, state: Accumulated) -> (Tensor<4>, Accumulated) {
        let by = |weight: &Param<Tensor<1>>| weight.val().reshape([1, 1, 1, 1]);
        let sum = (state.sum * by(&self.keep) + frame.clone() - state.before).tanh();
        let next = sum.clone() * by(&self.gain) + frame.clone();
        (next, Accumulated { sum, before: frame })
    }

    fn check_frame(&self, [_, height, _]: [usize; 3]) -> Result<(), ConfigError> {
        match height {
            Self::REFUSED => Err(ConfigError::new("frame.height", "is 5", "use another")),
            _ => Ok(()),
        }
    }

    fn penalized_step(&self, frame: Tensor<4>, state: Accumulated) -> (Tensor<4>, Accumulated, Option<Tensor<1>>) {
        let (next, state) = self.step(frame, state);
        let penalty = state.sum.clone().abs().mean() * 0.1;
        (next, state, Some(penalty))
    }
}
