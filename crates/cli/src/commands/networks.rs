//! `list --networks`: every preset of every network, with what is published about it.

use anyhow::{Result, ensure};
use burn::tensor::Device;
use foreframe_core::ClipShape;
use foreframe_train::Model;
use foreframe_zoo::{MODELS, Published, matching, published};
use serde_json::json;

use crate::args::ListArgs;
use crate::output::{self, thousands};

/// One preset.
struct Row {
    model: &'static str,
    preset: &'static str,
    clip: ClipShape,
    parameters: usize,
    multiply_accumulates: u64,
    published: Option<Published>,
}

impl Row {
    fn all_of(model: &Model) -> Result<Vec<Self>> {
        let row = |preset: foreframe_core::Preset<_>| {
            // No weight is drawn: only shapes are looked at.
            let network = (model.build)(&preset.config, &preset.clip, &Device::flex())?;
            Ok(Self {
                model: model.name,
                preset: preset.name,
                clip: preset.clip,
                parameters: network.parameters(),
                multiply_accumulates: (model.cost)(&preset.config, &preset.clip)?.total(),
                published: published(model.name, preset.name),
            })
        };
        (model.presets)().into_iter().map(row).collect()
    }

    fn json(&self) -> serde_json::Value {
        json!({
            "model": self.model, "preset": self.preset, "clip": self.clip,
            "parameters": self.parameters,
            "multiply_accumulates": self.multiply_accumulates,
            "published_parameters": self.published.map(|figures| figures.parameters),
            "published_multiply_accumulates": self.published.map(|figures| figures.multiply_accumulates),
            "notes": self.published.map(|figures| figures.notes),
        })
    }

    fn markdown(&self) -> String {
        let published = |figure: fn(Published) -> &'static str| self.published.map(figure).unwrap_or_default();
        let ClipShape {
            past,
            future,
            channels,
            height,
            width,
        } = self.clip;
        let cells = [
            format!("`{}`", self.model),
            format!("`{}`", self.preset),
            format!("{past} -> {future} of {channels}x{height}x{width}"),
            thousands(self.parameters as u64),
            published(|figures| figures.parameters).to_owned(),
            giga(self.multiply_accumulates),
            published(|figures| figures.multiply_accumulates).to_owned(),
            self.published
                .map(|figures| figures.notes.join("; "))
                .unwrap_or_default(),
        ];
        format!("| {} |", cells.join(" | "))
    }
}

/// With two digits after the point, or three where that would be next to none.
fn giga(count: u64) -> String {
    let giga = count as f64 / 1e9;
    match count {
        0 => "0".to_owned(),
        1..100_000_000 => format!("{giga:.3} G"),
        _ => format!("{giga:.2} G"),
    }
}

pub(crate) fn run(args: &ListArgs) -> Result<()> {
    let pattern = args.pattern.as_deref().unwrap_or_default();
    let models: Vec<_> = MODELS.iter().filter(|model| matching(pattern, model.name)).collect();
    ensure!(
        !models.is_empty(),
        "no model matches `{pattern}`: `foreframe list --networks` shows all"
    );
    let rows: Vec<Row> = models
        .into_iter()
        .map(Row::all_of)
        .collect::<Result<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    if args.json {
        return output::json(&rows.iter().map(Row::json).collect::<Vec<_>>());
    }
    output::line("| model | preset | clip | parameters | published | MACs | published | |")?;
    output::line("|---|---|---|---|---|---|---|---|")?;
    rows.iter().try_for_each(|row| output::line(row.markdown()))
}
