//! Networks that evaluate how a forecast looks, by weights that the user supplies.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use burn::tensor::{Device, TensorData};
use foreframe_fvd::{Fvd, KINETICS};
use foreframe_lpips::{ALEXNET, Lpips};
use foreframe_train::import::Checkpoint;

use crate::args::PerceptualArgs;

/// Tensors by which the networks are found in a file that holds more: torchvision's, the package's, or its differences.
const OF_LPIPS: [&str; 4] = [
    "features.0.weight",
    "net.slice1.0.weight",
    "lin0.model.1.weight",
    "lins.0.model.1.weight",
];
const OF_FVD: [&str; 1] = ["Conv3d_1a_7x7.conv3d.weight"];

/// Those for which there are weights.
#[derive(Default)]
pub(crate) struct PerceptualMetrics {
    pub(crate) lpips: Option<Lpips>,
    pub(crate) fvd: Option<Fvd>,
}

impl PerceptualMetrics {
    /// # Errors
    /// Names the file that cannot be read, or the files whose weights are another network's.
    pub(crate) fn of(args: &PerceptualArgs, device: &Device) -> Result<Self> {
        let (lpips, fvd) = (&args.lpips_weights, &args.fvd_weights);
        Ok(Self {
            lpips: loaded("--lpips-weights", lpips, &OF_LPIPS, |tensors| {
                Lpips::new(tensors, ALEXNET, device)
            })?,
            fvd: loaded("--fvd-weights", fvd, &OF_FVD, |tensors| {
                Fvd::new(tensors, KINETICS, device)
            })?,
        })
    }
}

/// The network whose weights lie in these files, all together.
fn loaded<N, E: std::error::Error + Send + Sync + 'static>(
    flag: &str,
    files: &[PathBuf],
    anchors: &[&str],
    load: impl FnOnce(&BTreeMap<String, TensorData>) -> Result<N, E>,
) -> Result<Option<N>> {
    if files.is_empty() {
        return Ok(None);
    }
    let mut tensors = BTreeMap::new();
    for file in files {
        tensors.extend(Checkpoint::open(file)?.read_beside(anchors)?);
    }
    let named: Vec<String> = files.iter().map(|file| format!("`{}`", file.display())).collect();
    let network = load(&tensors).with_context(|| format!("{flag} {}", named.join(", ")))?;
    Ok(Some(network))
}
