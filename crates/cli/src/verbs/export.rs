//! `export`: weights for other programs.

use std::collections::HashMap;

use anyhow::{Context, Result, ensure};
use burn::tensor::{Device, TensorData};
use safetensors::tensor::{Dtype, TensorView};

use crate::args::{ExportArgs, Names};
use crate::{output, target};

pub(crate) fn run(args: &ExportArgs) -> Result<()> {
    let ending = args.output.extension().and_then(|ending| ending.to_str());
    ensure!(
        ending == Some("safetensors"),
        "cannot write `{}`: weights are exported as `.safetensors`",
        args.output.display()
    );
    output::check_writable(&args.output)?;
    output::check_apart(&args.output, &[&target::locate(&args.target)?])?;
    let (network, header) = target::open(&args.target, &Device::flex())?;
    let tensors: Vec<(String, TensorData)> = network
        .tensors()
        .into_iter()
        .map(|tensor| {
            let name = match args.names {
                Names::Ours => tensor.name,
                Names::Published => network.reference_key(&tensor.name),
            };
            (name, tensor.data.convert::<f32>())
        })
        .collect();
    let count = tensors.len();
    let views = tensors
        .iter()
        .map(|(name, data)| {
            Ok((
                name.as_str(),
                TensorView::new(Dtype::F32, data.shape().to_vec(), data.as_bytes())?,
            ))
        })
        .collect::<Result<HashMap<&str, TensorView<'_>>>>()?;
    ensure!(
        views.len() == count,
        "two tensors of `{}` have the same published name",
        header.model
    );
    // One entry, because the order of several is random and the same weights are to be the same file.
    let metadata = HashMap::from([("foreframe".to_owned(), serde_json::to_string(&header)?)]);
    let bytes = safetensors::serialize(views, Some(metadata))?;
    output::write_whole(&args.output, &bytes)?;
    output::line(format_args!("{count} tensors in {}", args.output.display())).context("the file is written")
}
