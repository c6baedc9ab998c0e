//! The devices on which the same cases must hold.

use burn::tensor::Device;

/// The devices to test on, with their names: `flex` always, `ndarray` and `wgpu` with the features of those names.
///
/// They are plain devices; tests that differentiate add `.autodiff()`.
pub fn devices() -> Vec<(&'static str, Device)> {
    vec![
        ("flex", Device::flex()),
        #[cfg(feature = "ndarray")]
        ("ndarray", ndarray()),
        #[cfg(feature = "wgpu")]
        ("wgpu", Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
    ]
}

/// Burn will drop this backend one day; as an independent implementation it is still worth agreeing with.
#[cfg(feature = "ndarray")]
#[allow(deprecated)]
fn ndarray() -> Device {
    Device::ndarray()
}
