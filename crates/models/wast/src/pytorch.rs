//! The keys of OpenSTL's checkpoints.

use foreframe_core::KeyMap;

/// Our name and OpenSTL's within a block.
const BLOCK: [(&str, &str); 25] = [
    ("attention_norm", "norm1"),
    ("tall.norm", "lk1.1"),
    ("tall", "lk1.0"),
    ("wide.norm", "lk2.1"),
    ("wide", "lk2.0"),
    ("small.norm", "sk.1"),
    ("small", "sk.0"),
    ("low_frequency.squeeze", "low_frequency_attn.conv1"),
    ("low_frequency.norm", "low_frequency_attn.bn1"),
    ("low_frequency.rows", "low_frequency_attn.conv_h"),
    ("low_frequency.columns", "low_frequency_attn.conv_w"),
    ("high_frequency.squeeze", "high_frequency_attn.conv1"),
    ("high_frequency.norm", "high_frequency_attn.bn1"),
    ("high_frequency.rows", "high_frequency_attn.conv_h"),
    ("high_frequency.columns", "high_frequency_attn.conv_w"),
    ("mixer_norm", "norm2"),
    ("mixer.expand", "temporal_mixer.conv_pw"),
    ("mixer.expand_norm", "temporal_mixer.bn1"),
    ("mixer.depthwise", "temporal_mixer.conv_dw"),
    ("mixer.depthwise_norm", "temporal_mixer.bn2"),
    ("mixer.squeeze", "temporal_mixer.se.conv_reduce"),
    ("mixer.excite", "temporal_mixer.se.conv_expand"),
    ("mixer.contract", "temporal_mixer.conv_pwl"),
    ("mixer.contract_norm", "temporal_mixer.bn3"),
    ("scale", "layer_scale_1"),
];

const TRANSLATORS: [(&str, &str); 3] = [
    ("first", "translator1"),
    ("bottleneck", "bottleneck_translator"),
    ("last", "translator2"),
];

const OTHERS: [(&str, &str); 14] = [
    ("stem.conv", "conv_in.0"),
    ("stem.norm", "conv_in.1"),
    ("embedding.before.conv", "wavelet_embed1.conv_0.0"),
    ("embedding.before.norm", "wavelet_embed1.conv_0.1"),
    ("embedding.after.conv", "wavelet_embed1.conv_1.0"),
    ("embedding.after.norm", "wavelet_embed1.conv_1.1"),
    ("embedding.frames", "wavelet_embed1.conv_emb"),
    ("reconstruction.latents.conv", "wavelet_recon1.conv_0.0"),
    ("reconstruction.latents.norm", "wavelet_recon1.conv_0.1"),
    ("reconstruction.details.conv", "wavelet_recon1.conv_hi.0"),
    ("reconstruction.details.norm", "wavelet_recon1.conv_hi.1"),
    ("merge", "translator2.concat_block"),
    ("readout_norm", "conv_out.0"),
    ("readout", "conv_out.2"),
];

pub(crate) fn keys() -> KeyMap {
    let blocks = TRANSLATORS.into_iter().flat_map(|(ours, theirs)| {
        BLOCK.into_iter().map(move |(our_part, their_part)| {
            (
                format!("{ours}.blocks.*.{our_part}"),
                format!("{theirs}.blocks.*.{their_part}"),
            )
        })
    });
    let others = OTHERS.map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()));
    KeyMap::new(blocks.chain(others))
        .skipping("layer_scale_2", "both branches of a block are scaled by layer_scale_1")
        .skipping("filters", "the taps of the Haar wavelet, which are no parameters")
}
