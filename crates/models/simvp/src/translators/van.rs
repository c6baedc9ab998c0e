//! VAN: visual attention network (Guo et al., arXiv:2202.09741).

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use foreframe_core::Cost;
use foreframe_nn::{Block, LargeKernelBlock, LargeKernelConv, SpatialGate};

/// Features times what large kernels make of them.
#[derive(Module, Debug)]
pub(crate) struct LargeKernelGate {
    kernels: LargeKernelConv,
}

/// One block of VAN.
pub(crate) type VanBlock = LargeKernelBlock<LargeKernelGate>;

impl Block for LargeKernelGate {
    fn forward(&self, features: Tensor<4>, _step: usize) -> Tensor<4> {
        self.kernels.forward(features.clone()) * features
    }
}

impl SpatialGate for LargeKernelGate {
    fn new(channels: usize, device: &Device) -> Self {
        Self {
            kernels: LargeKernelConv::new([channels, channels], device),
        }
    }

    fn cost(channels: usize, size: [usize; 2]) -> Cost {
        LargeKernelConv::cost([channels, channels], size)
    }

    fn openstl_keys() -> Vec<(String, String)> {
        LargeKernelConv::openstl_keys("kernels")
    }
}
