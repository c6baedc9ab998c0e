//! The keys of the published code's checkpoints.

use foreframe_core::KeyMap;
use foreframe_nn::{GateConv, SelfAttentionMemory, StLstm};

use crate::{Focus, GmgConfig};

pub(crate) fn keys(config: &GmgConfig) -> KeyMap {
    let (ours, theirs) = ("layers.cells.*", "cell_list.*");
    let focus = match config.focus {
        Focus::Full => [
            ("features", "global_feature_extractor.conv"),
            ("project", "global_feature_extractor.fc"),
            ("gate", "gate.0"),
            ("scales.*", "conv_g.0.convs.*"),
            ("norm", "conv_g.1"),
        ]
        .map(|(our, their)| (format!("{ours}.focus.Full.{our}"), format!("{theirs}.{their}")))
        .to_vec(),
        Focus::Convolution => {
            GateConv::openstl_keys(&format!("{ours}.focus.Convolution"), &format!("{theirs}.conv_g")).to_vec()
        }
        Focus::None => Vec::new(),
    };
    let attention = SelfAttentionMemory::gmg_keys(&format!("{ours}.attention"), &format!("{theirs}.attention_layer"));
    KeyMap::new(
        StLstm::openstl_keys(&format!("{ours}.lstm"), theirs)
            .into_iter()
            .chain(focus)
            .chain(attention)
            .chain(config.around().published_keys("layers.")),
    )
}
