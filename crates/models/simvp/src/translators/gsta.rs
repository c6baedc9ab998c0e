//! gSTA: gated spatiotemporal attention (Tan et al., arXiv:2211.12509).

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Block, LargeKernelBlock, LargeKernelConv, SpatialGate};
use foreframe_ops::sigmoid;

/// Large kernels yield twice the channels; one half gates the other.
#[derive(Module, Debug)]
pub struct GatedAttention {
    kernels: LargeKernelConv,
}

/// One block of gSTA.
pub type GstaBlock = LargeKernelBlock<GatedAttention>;

impl Block for GatedAttention {
    fn forward(&self, features: Tensor<4>, _step: usize) -> Tensor<4> {
        let channels = features.dims()[1];
        let both = self.kernels.forward(features);
        let gate = sigmoid(both.clone().narrow(1, channels, channels));
        gate * both.narrow(1, 0, channels)
    }
}

impl SpatialGate for GatedAttention {
    fn new(channels: usize, device: &Device) -> Self {
        Self {
            kernels: LargeKernelConv::new([channels, 2 * channels], device),
        }
    }

    fn cost(channels: usize, size: [usize; 2]) -> Cost {
        LargeKernelConv::cost([channels, 2 * channels], size)
    }

    fn openstl_keys() -> Vec<(String, String)> {
        LargeKernelConv::openstl_keys("kernels")
    }
}
