//! The keys of the public code's checkpoints.

use foreframe_core::{ClipShape, KeyMap};

use crate::Iam4VpConfig;

const MIXING: [(&str, &str); 5] = [
    ("time", "mlp.1"),
    ("mixing.norm", "norm"),
    ("mixing.expand", "pwconv1"),
    ("mixing.contract", "pwconv2"),
    ("mixing.scale", "gamma"),
];

const FIRST: [(&str, &str); 2] = [("pairs", "dwconv"), ("shortcut", "res_conv")];

const ATTENTION: [(&str, &str); 3] = [
    ("attention.depthwise", "conv0"),
    ("attention.dilated", "conv_spatial"),
    ("attention.pointwise", "conv1"),
];

const OTHERS: [(&str, &str); 10] = [
    ("time.expand", "time_mlp.linear1"),
    ("time.contract", "time_mlp.linear2"),
    ("past_encoder.layers.*", "enc.enc.*.conv"),
    ("future_encoder.layers.*", "lp.enc.*.conv"),
    ("decoder.layers.*", "dec.dec.*.conv"),
    ("gather", "dec.readout"),
    ("refinement.project_in", "attn.proj_1"),
    ("refinement.project_out", "attn.proj_2"),
    ("readout", "readout"),
    ("tokens", "mask_token"),
];

pub(crate) fn keys(config: &Iam4VpConfig) -> KeyMap {
    let last = config.spatial_depth - 1;
    let mut keys = vec![("decoder.last".to_owned(), format!("dec.dec.{last}.conv"))];
    let spatial = config.spatial(&ClipShape::new([1, 1, 1, 1, 1]));
    // A unit that doubles the size is a sequence of convolution and shuffle there.
    for layer in (0..last).filter(|layer| spatial.doubles(*layer)) {
        keys.push((
            format!("decoder.layers.{layer}.conv"),
            format!("dec.dec.{layer}.conv.conv.0"),
        ));
    }
    let mut below = |ours: &str, theirs: &str, parts: &[(&str, &str)]| {
        let parts = parts
            .iter()
            .map(|(our, their)| (format!("{ours}.{our}"), format!("{theirs}.{their}")));
        keys.extend(parts);
    };
    below("refinement", "attn.spatial_gating_unit", &ATTENTION);
    below("predictor.first", "hid.st_block.0", &MIXING);
    below("predictor.first", "hid.st_block.0", &FIRST);
    for block in 1..config.temporal_depth {
        let (ours, theirs) = (
            format!("predictor.blocks.{}", block - 1),
            format!("hid.st_block.{block}"),
        );
        below(&ours, &theirs, &MIXING);
        below(&ours, &format!("{theirs}.dwconv"), &ATTENTION);
    }
    keys.extend(OTHERS.map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned())));
    let unused = format!("hid.st_block.{}", config.temporal_depth);
    let map = KeyMap::new(keys);
    let attention = ATTENTION.map(|(_, theirs)| format!("dwconv.{theirs}"));
    let mixing = MIXING.map(|(_, theirs)| theirs.to_owned());
    mixing.into_iter().chain(attention).fold(map, |map, part| {
        let reason = "a block beyond the last one that the public code executes";
        let tensors = match part.as_str() {
            "gamma" => vec![format!("{unused}.{part}")],
            _ => ["weight", "bias"]
                .map(|leaf| format!("{unused}.{part}.{leaf}"))
                .to_vec(),
        };
        tensors.into_iter().fold(map, |map, key| map.skipping(key, reason))
    })
}
