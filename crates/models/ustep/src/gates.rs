//! The recurrence over segments.

use burn::module::Module;
use burn::tensor::Device;
use burn::tensor::Tensor;
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig};
use foreframe_ops::sigmoid;

/// Features of a layer at both time scales, `[batch, width, height, width]` each: those of the newest segments, or
/// the states that summarize all of them.
#[derive(Clone, Debug)]
pub(crate) struct Scales {
    pub(crate) micro_scale: Tensor<4>,
    pub(crate) macro_scale: Tensor<4>,
}

impl Scales {
    /// The states before the first step.
    pub(crate) fn zeros_like(&self) -> Self {
        Self {
            micro_scale: self.micro_scale.zeros_like(),
            macro_scale: self.macro_scale.zeros_like(),
        }
    }

    /// The states of a network without recurrence: the features of this step alone.
    pub(crate) fn without_recurrence(self) -> Self {
        Self {
            micro_scale: self.micro_scale + self.macro_scale.clone(),
            macro_scale: self.macro_scale,
        }
    }
}

/// Gates that decide how much of the past states is added to new features (equations 4 to 6 of the paper).
#[derive(Module, Debug)]
pub(crate) struct Gates {
    /// W_v: from the macro state to the next one.
    macro_gate: Conv2d,
    /// W_u: from the micro state to the next one.
    micro_gate: Conv2d,
    /// W_c: from the macro state to the micro state.
    cross_gate: Conv2d,
}

impl Gates {
    pub(crate) fn new(width: usize, kernel: usize, device: &Device) -> Self {
        let padding = kernel / 2;
        let gate = || {
            Conv2dConfig::new([width, width], kernel)
                .with_padding(padding)
                .init(device)
        };
        Self {
            macro_gate: gate(),
            micro_gate: gate(),
            cross_gate: gate(),
        }
    }

    pub(crate) const fn cost(width: usize, kernel: usize, [rows, columns]: [usize; 2]) -> Cost {
        Cost::convolution(3 * width * rows * columns, width, [kernel, kernel])
    }

    /// The states after `features` were seen.
    pub(crate) fn update(&self, features: Scales, states: Scales) -> Scales {
        let Scales {
            micro_scale,
            macro_scale,
        } = features;
        let kept = sigmoid(self.macro_gate.forward(macro_scale.clone())) * states.macro_scale;
        let macro_state = macro_scale + kept;
        let kept = sigmoid(self.micro_gate.forward(micro_scale.clone())) * states.micro_scale;
        let crossing = sigmoid(self.cross_gate.forward(micro_scale.clone())) * macro_state.clone();
        Scales {
            micro_scale: micro_scale + kept + crossing,
            macro_scale: macro_state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::module::Param;
    use burn::tensor::Distribution;

    #[test]
    fn closed_gates_let_only_the_features_through() {
        let device = Device::flex();
        let random = || Tensor::<4>::random([2, 4, 3, 3], Distribution::Default, &device);
        let scales = || Scales {
            micro_scale: random(),
            macro_scale: random(),
        };
        let closed = |conv: &mut Conv2d| {
            conv.bias = Some(Param::from_tensor(Tensor::full([4], f32::NEG_INFINITY, &device)));
        };
        let mut gates = Gates::new(4, 3, &device);
        let (features, states) = (scales(), scales());
        let open = gates.update(features.clone(), states.clone());
        assert_ne!(open.micro_scale.into_data(), features.micro_scale.to_data());
        closed(&mut gates.macro_gate);
        closed(&mut gates.micro_gate);
        closed(&mut gates.cross_gate);
        let updated = gates.update(features.clone(), states);
        assert_eq!(updated.micro_scale.into_data(), features.micro_scale.into_data());
        assert_eq!(updated.macro_scale.into_data(), features.macro_scale.into_data());
    }
}
