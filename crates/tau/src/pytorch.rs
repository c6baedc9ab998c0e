//! The keys of OpenSTL's checkpoints.

use foreframe_core::{ClipShape, KeyMap};

use crate::{TauConfig, openstl_block_keys};

pub(crate) fn keys(config: &TauConfig) -> KeyMap {
    let translator = (
        "translator.layers.*.projection".to_owned(),
        "hid.enc.*.reduction".to_owned(),
    );
    KeyMap::new(
        config
            .spatial(&ClipShape::new([1, 1, 1, 1, 1]))
            .openstl_keys()
            .into_iter()
            .chain(openstl_block_keys("translator.layers.*.block", "hid.enc.*.block"))
            .chain([translator]),
    )
}
