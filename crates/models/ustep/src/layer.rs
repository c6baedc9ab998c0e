//! One layer of the recurrence: networks for both time scales and the gates between them.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Conv2d, Conv2dConfig};

use crate::gates::{Gates, Scales};
use crate::{SegmentNet, SegmentNetConfig};

/// Sizes of a [`SegmentLayer`].
#[derive(Clone, Debug)]
pub(crate) struct SegmentLayerConfig {
    pub(crate) micro_net: SegmentNetConfig,
    pub(crate) macro_net: SegmentNetConfig,
    pub(crate) gate_kernel: usize,
    /// Whether there are gates and states at all.
    pub(crate) cross: bool,
    /// Whether features and output pass 1x1 convolutions.
    pub(crate) projections: bool,
}

impl SegmentLayerConfig {
    const fn width(&self) -> usize {
        self.micro_net.width
    }

    pub(crate) fn init<N: SegmentNet>(&self, device: &Device) -> SegmentLayer<N> {
        let width = self.width();
        let projection = || {
            self.projections
                .then(|| Conv2dConfig::new([width, width], 1).init(device))
        };
        SegmentLayer {
            micro_net: N::new(&self.micro_net, device),
            micro_projection: projection(),
            macro_net: N::new(&self.macro_net, device),
            macro_projection: projection(),
            gates: self.cross.then(|| Gates::new(width, self.gate_kernel, device)),
            output: projection(),
        }
    }

    pub(crate) fn cost<N: SegmentNet>(&self, latent: [usize; 2]) -> Cost {
        let width = self.width();
        let mut cost = N::cost(&self.micro_net, latent) + N::cost(&self.macro_net, latent);
        if self.projections {
            cost += Cost::linear(3 * width * latent[0] * latent[1], width);
        }
        if self.cross {
            cost += Gates::cost(width, self.gate_kernel, latent);
        }
        cost
    }
}

/// Networks for both time scales, the gates between them, and the states that the gates keep.
#[derive(Module, Debug)]
pub(crate) struct SegmentLayer<N: SegmentNet> {
    micro_net: N,
    /// A_u
    micro_projection: Option<Conv2d>,
    macro_net: N,
    /// A_v
    macro_projection: Option<Conv2d>,
    gates: Option<Gates>,
    /// W_o
    output: Option<Conv2d>,
}

impl<N: SegmentNet> SegmentLayer<N> {
    /// The features of segments, which depend on no state: all steps whose segments are known go through as one batch.
    pub(crate) fn features(&self, segments: Scales, step: usize) -> Scales {
        Scales {
            micro_scale: apply(
                &self.micro_projection,
                self.micro_net.forward(segments.micro_scale, step),
            ),
            macro_scale: apply(
                &self.macro_projection,
                self.macro_net.forward(segments.macro_scale, step),
            ),
        }
    }

    /// Brings the states up to date, and returns what the next layer sees of this step.
    pub(crate) fn advance(&self, features: Scales, states: &mut Option<Scales>) -> Scales {
        let updated = match &self.gates {
            Some(gates) => {
                let past = states.take().unwrap_or_else(|| features.zeros_like());
                gates.update(features, past)
            }
            None => features.without_recurrence(),
        };
        *states = Some(updated.clone());
        Scales {
            micro_scale: apply(&self.output, updated.micro_scale),
            macro_scale: updated.macro_scale,
        }
    }
}

fn apply(convolution: &Option<Conv2d>, input: Tensor<4>) -> Tensor<4> {
    match convolution {
        Some(convolution) => convolution.forward(input),
        None => input,
    }
}
