//! From `--backend` to a device.

use anyhow::{Result, bail};
use burn::tensor::{Device, Tensor};
use clap::ValueEnum;

/// Where tensors live and are computed.
#[derive(ValueEnum, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Backend {
    /// The CPU, in pure Rust
    #[default]
    Flex,
    /// The CPU, by the older backend: slow, for comparison
    Ndarray,
    /// Any GPU, by WebGPU shaders
    Wgpu,
    /// Any GPU with a Vulkan driver
    Vulkan,
    /// Apple GPUs
    Metal,
    /// AMD GPUs
    Rocm,
    /// NVIDIA GPUs
    Cuda,
}

impl Backend {
    /// The name on the command line, which is also the Cargo feature.
    pub(crate) fn name(self) -> String {
        self.to_possible_value()
            .map(|value| value.get_name().to_owned())
            .unwrap_or_default()
    }

    /// The device, known to work.
    ///
    /// # Errors
    /// The binary was built without this backend, or the machine lacks what it needs.
    pub(crate) fn device(self) -> Result<Device> {
        let Some(device) = self.construct() else {
            bail!(
                "this binary was built without the backend `{name}`: run `cargo xtask <command> ... --backend {name}`, which \
                 builds it, or `cargo install --path crates/cli --features {name}`",
                name = self.name()
            );
        };
        if self != Self::Flex {
            self.probe(&device)?;
        }
        Ok(device)
    }

    fn construct(self) -> Option<Device> {
        match self {
            Self::Flex => Some(Device::flex()),
            #[cfg(feature = "ndarray")]
            #[expect(deprecated, reason = "kept to compare with")]
            Self::Ndarray => Some(Device::ndarray()),
            #[cfg(feature = "wgpu")]
            Self::Wgpu => Some(Device::wgpu(burn::tensor::DeviceKind::default())),
            #[cfg(feature = "vulkan")]
            Self::Vulkan => Some(Device::vulkan(burn::tensor::DeviceKind::default())),
            #[cfg(feature = "metal")]
            Self::Metal => Some(Device::metal(burn::tensor::DeviceKind::default())),
            #[cfg(feature = "rocm")]
            Self::Rocm => Some(Device::rocm(0)),
            #[cfg(feature = "cuda")]
            Self::Cuda => Some(Device::cuda(0)),
            #[allow(unreachable_patterns, reason = "reached where a feature is off")]
            _ => None,
        }
    }

    /// Computes one number, because a missing driver shows itself on first use only, as a panic inside the backend.
    fn probe(self, device: &Device) -> Result<()> {
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let outcome = std::panic::catch_unwind(|| (Tensor::<1>::ones([1], device) + 1.0).into_data());
        std::panic::set_hook(hook);
        let Err(panic) = outcome else {
            return Ok(());
        };
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or(panic.downcast_ref::<&str>().copied());
        bail!(
            "the backend `{}` does not start on this machine ({}): check its driver, or use `--backend flex`",
            self.name(),
            said.and_then(|text| text.lines().next()).unwrap_or("no reason given")
        )
    }
}
