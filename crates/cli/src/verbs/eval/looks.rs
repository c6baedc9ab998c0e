//! Networks that judge how a forecast looks, by weights that the user supplies.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};
use burn::tensor::{Device, TensorData};
use foreframe_fvd::{Fvd, KINETICS};
use foreframe_lpips::{ALEXNET, Lpips};
use foreframe_train::import::read_state_dict;

use crate::args::LooksArgs;

/// Those for which there are weights.
#[derive(Default)]
pub(crate) struct Looks {
    pub(crate) lpips: Option<Lpips>,
    pub(crate) fvd: Option<Fvd>,
}

impl Looks {
    /// # Errors
    /// Names the file that cannot be read, or the files whose weights are another network's.
    pub(crate) fn of(args: &LooksArgs, device: &Device) -> Result<Self> {
        let (lpips, fvd) = (&args.lpips_weights, &args.fvd_weights);
        Ok(Self {
            lpips: loaded("--lpips-weights", lpips, |tensors| Lpips::new(tensors, ALEXNET, device))?,
            fvd: loaded("--fvd-weights", fvd, |tensors| Fvd::new(tensors, KINETICS, device))?,
        })
    }
}

/// The network whose weights lie in these files, all together.
fn loaded<N, E: std::error::Error + Send + Sync + 'static>(
    flag: &str,
    files: &[PathBuf],
    load: impl FnOnce(&BTreeMap<String, TensorData>) -> Result<N, E>,
) -> Result<Option<N>> {
    if files.is_empty() {
        return Ok(None);
    }
    let mut tensors = BTreeMap::new();
    for file in files {
        tensors.extend(read_state_dict(file)?);
    }
    let named: Vec<String> = files.iter().map(|file| format!("`{}`", file.display())).collect();
    let network = load(&tensors).with_context(|| format!("{flag} {}", named.join(", ")))?;
    Ok(Some(network))
}
