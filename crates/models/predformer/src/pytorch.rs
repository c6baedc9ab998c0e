//! The keys of published checkpoints.

use foreframe_core::KeyMap;

use crate::PredFormerConfig;

pub(crate) fn keys(config: &PredFormerConfig) -> KeyMap {
    let layer = [
        ("attention_norm", "0.norm"),
        ("query_key_value", "0.fn.to_qkv"),
        ("project", "0.fn.to_out.0"),
        ("mlp_norm", "1.norm"),
        ("gate", "1.fn.fc1_g"),
        ("value", "1.fn.fc1_x"),
        ("contract", "1.fn.fc2"),
    ];
    let transformers = config.arrangement.transformers();
    let names = transformers.iter().enumerate().flat_map(|(index, (_, theirs))| {
        let (ours, theirs) = match config.arrangement.is_one_block() {
            true => (format!("blocks.0.{index}"), (*theirs).to_owned()),
            false => (format!("blocks.*.{index}"), format!("blocks.*.{theirs}")),
        };
        let layers = layer.map(|(our, their)| (format!("{ours}.layers.*.{our}"), format!("{theirs}.layers.*.{their}")));
        layers
            .into_iter()
            .chain([(format!("{ours}.norm"), format!("{theirs}.norm"))])
    });
    let ends = [
        ("embedding", "to_patch_embedding.1"),
        ("head_norm", "mlp_head.0"),
        ("head", "mlp_head.1"),
    ];
    let ends = ends.map(|(our, their)| (our.to_owned(), their.to_owned()));
    KeyMap::new(names.chain(ends))
}
