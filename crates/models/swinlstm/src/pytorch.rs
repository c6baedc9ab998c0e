//! The keys of OpenSTL's checkpoints.

use foreframe_core::KeyMap;

use crate::SwinLstmConfig;

const UNUSED: &str = "the reference never uses it";
const DERIVED: &str = "follows from the size of the windows";

pub(crate) fn keys(config: &SwinLstmConfig) -> KeyMap {
    let blocks = [
        ("attention_norm", "norm1"),
        ("reduction", "red"),
        ("position_bias", "attn.relative_position_bias_table"),
        ("attention.query_key_value", "attn.qkv"),
        ("attention.project", "attn.proj"),
        ("mlp_norm", "norm2"),
        ("mlp.expand", "mlp.fc1"),
        ("mlp.contract", "mlp.fc2"),
    ];
    let scales = config.scales();
    let cells: Vec<String> = match scales {
        0 => vec!["ST.layer".to_owned()],
        _ => {
            let down = (0..scales).map(|cell| format!("Downsample.layers.{cell}"));
            let up = (0..scales).map(|cell| format!("Upsample.layers.{cell}"));
            down.chain(up).collect()
        }
    };
    let cells = cells.iter().enumerate().flat_map(|(cell, theirs)| {
        blocks.map(|(our, their)| {
            (
                format!("cells.{cell}.blocks.*.{our}"),
                format!("{theirs}.STBs.*.{their}"),
            )
        })
    });
    let (embedding, last) = match scales {
        0 => ("ST.patch_embed", "ST.patch_inflated.Conv"),
        _ => ("Downsample.patch_embed", "Upsample.Unembed.Conv"),
    };
    let others = [
        ("embedding.projection", format!("{embedding}.proj")),
        ("embedding.norm", format!("{embedding}.norm")),
        ("merges", "Downsample.downsample".to_owned()),
        ("expansions", "Upsample.upsample".to_owned()),
        ("last", last.to_owned()),
    ];
    let others = others.map(|(our, their)| (our.to_owned(), their));
    let keys = KeyMap::new(cells.chain(others))
        .skipping("red.weight", UNUSED)
        .skipping("red.bias", UNUSED)
        .skipping("relative_position_index", DERIVED)
        .skipping("attn_mask", DERIVED);
    ["proj.weight", "proj.bias", "norm.weight", "norm.bias"]
        .iter()
        .fold(keys, |keys, leaf| {
            keys.skipping(format!("Upsample.patch_embed.{leaf}"), UNUSED)
        })
}
