//! `export`: weights for other programs.

use std::collections::HashMap;

use anyhow::{Context, Result, bail, ensure};
use burn::tensor::{Device, TensorData};
use foreframe_core::{is_buffer, one_for_all_steps};
use foreframe_train::weights::{Stored, save_weights_as};
use safetensors::tensor::{Dtype, TensorView};

use crate::args::{ExportArgs, Names};
use crate::{output, target};

pub(crate) fn run(args: &ExportArgs) -> Result<()> {
    let ending = args.output.extension().and_then(|ending| ending.to_str());
    let is_ours = match ending {
        Some("safetensors") => false,
        Some("bpk") => true,
        _ => bail!(
            "cannot write `{}`: weights are exported as `.safetensors` or `.bpk`",
            args.output.display()
        ),
    };
    ensure!(
        is_ours || !args.half,
        "--half: parameters of 16 bits are written to `.bpk` files only: leave it out"
    );
    ensure!(
        !is_ours || args.names == Names::Ours,
        "--names published: `.bpk` files have our names: leave it out, or write a `.safetensors` file"
    );
    output::check_writable(&args.output)?;
    output::check_apart(&args.output, &[&target::locate(&args.target)?])?;
    let (network, header) = target::open(&args.target, &Device::flex())?;
    if is_ours {
        let stored = if args.half { Stored::F16 } else { Stored::F32 };
        save_weights_as(&args.output, network.as_ref(), &header, stored)?;
        let count = network.tensors().len();
        return output::line(format_args!("{count} tensors in {}", args.output.display()))
            .context("the file is written");
    }
    let tensors: Vec<(String, TensorData)> = network
        .tensors()
        .into_iter()
        .map(|tensor| {
            let (name, data) = match args.names {
                Names::Ours => (tensor.name, tensor.data),
                Names::Published => {
                    let data = one_set(&tensor.name, tensor.data)?;
                    (network.reference_key(&tensor.name), data)
                }
            };
            Ok((name, data.convert::<f32>()))
        })
        .collect::<Result<_>>()?;
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

/// Published networks have one set of running statistics. Any one of several would make another network of it.
fn one_set(name: &str, data: TensorData) -> Result<TensorData> {
    if !is_buffer(name) {
        return Ok(data);
    }
    one_for_all_steps(data).with_context(|| {
        format!(
            "`{name}` has statistics of its own for each step of the recurrence, and published networks have one set: export \
             with `--names ours`, or train with `network.statistics = \"shared\"`"
        )
    })
}
