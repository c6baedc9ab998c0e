//! Starting from weights that were trained before.

use std::path::Path;

use foreframe_data::{Normalization, Splits};

use super::folder::WeightsInfo;
use super::weights_of;
use crate::error::TrainError;
use crate::files::digest_file;
use crate::import::{Checkpoint, is_published};
use crate::model::Network;
use crate::weights::{WeightsError, WeightsHeader, load_weights_into, read_header};

/// Puts the weights at `path` into `network`. Returns where they come from, and what is to be said of them, a line each.
///
/// # Errors
/// Names the file, and the network or tensor at fault.
pub(super) fn load(
    network: &mut dyn Network,
    path: &Path,
    splits: &Splits,
) -> Result<(WeightsInfo, Vec<String>), TrainError> {
    let file = weights_of(path)?;
    let info = |source: Option<String>| {
        Ok::<_, TrainError>(WeightsInfo {
            file: file.clone(),
            sha256: digest_file(&file)?,
            source,
        })
    };
    let misfit = |problem: String, remedy: String| TrainError::OtherWeights {
        path: file.clone(),
        clip: splits.clip,
        problem,
        remedy,
    };
    if is_published(&file) {
        let report = Checkpoint::open(&file)?
            .load_into(network, None)
            .map_err(|cause| misfit(cause.to_string(), String::new()))?;
        let said = format!(
            "the weights begin as those of `{}`: {} tensors used, {} skipped",
            file.display(),
            report.used.len(),
            report.skipped.len()
        );
        return Ok((info(None)?, vec![said]));
    }
    let header = read_header(&file)?;
    if header.model != network.name() {
        return Err(TrainError::OtherNetwork {
            path: file.clone(),
            found: header.model,
            expected: network.name(),
        });
    }
    load_weights_into(network, &file).map_err(|error| match error {
        WeightsError::Misfit { cause, .. } => {
            let remedy = format!(
                ": the weights are of clips of {}; set network.* and data.* as they were trained",
                header.clip
            );
            misfit(cause.to_string(), remedy)
        }
        error => error.into(),
    })?;
    let mut lines = vec![format!(
        "the weights begin as those of `{}` ({})",
        file.display(),
        header.source
    )];
    lines.extend(differences(&header, network, &splits.normalization));
    Ok((info(Some(header.source))?, lines))
}

/// Where a run differs from that of the weights it begins with, as far as these still fit.
fn differences(header: &WeightsHeader, network: &dyn Network, normalization: &Normalization) -> Option<String> {
    let mut different = Vec::new();
    if header.normalization != *normalization {
        different.push(format!(
            "values normalized with {}, these data with {}",
            header.normalization.describe(),
            normalization.describe()
        ));
    }
    if header.clip != network.clip() {
        different.push(format!("clips of {}, now {}", header.clip, network.clip()));
    }
    for (key, now) in network.config() {
        let then = header.network.get(&key);
        if then != Some(&now) {
            let then = then.map_or_else(|| "nothing".to_owned(), ToString::to_string);
            different.push(format!("network.{key} = {then}, now {now}"));
        }
    }
    (!different.is_empty()).then(|| format!("warning: the weights were trained on {}", different.join("; on ")))
}
