//! The devices on which the same cases must hold.

use burn::tensor::Device;

/// A backend's name, and its device.
type Named = (&'static str, fn() -> Device);

/// The devices to test on, with their names: `flex` always, `ndarray` and `wgpu` with the features of those names.
///
/// `FOREFRAME_TEST_BACKENDS` leaves only those of them that it lists (`flex,wgpu`). They are plain devices; tests that
/// differentiate add `.autodiff()`.
///
/// # Panics
/// If the variable names a backend that is not compiled in.
pub fn devices() -> Vec<(&'static str, Device)> {
    let compiled: Vec<Named> = vec![
        ("flex", Device::flex),
        #[cfg(feature = "ndarray")]
        ("ndarray", ndarray),
        #[cfg(feature = "wgpu")]
        ("wgpu", || Device::wgpu(burn::tensor::DeviceKind::DefaultDevice)),
    ];
    let wanted: Vec<String> = match std::env::var("FOREFRAME_TEST_BACKENDS") {
        Ok(list) => list.split(',').map(str::to_owned).collect(),
        Err(_) => compiled.iter().map(|(name, _)| (*name).to_owned()).collect(),
    };
    let construct = |name: String| {
        let found = compiled.iter().find(|(compiled, _)| *compiled == name);
        let (name, device) = found.unwrap_or_else(|| panic!("FOREFRAME_TEST_BACKENDS: `{name}` is not compiled in"));
        (*name, device())
    };
    wanted.into_iter().map(construct).collect()
}

/// Burn will drop this backend one day; as an independent implementation it is still worth agreeing with.
#[cfg(feature = "ndarray")]
#[allow(deprecated)]
fn ndarray() -> Device {
    Device::ndarray()
}
