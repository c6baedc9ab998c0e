//! The keys of OpenSTL's checkpoints.

use foreframe_core::{ClipShape, KeyMap};
use foreframe_nn::{SizedBlock, Translator};

use crate::{TauBlock, TauConfig};

pub(crate) fn keys(config: &TauConfig) -> KeyMap {
    let spatial = config.spatial(&ClipShape::new([1, 1, 1, 1, 1])).openstl_keys();
    let translator = Translator::<TauBlock>::openstl_keys("translator", TauBlock::openstl_keys());
    KeyMap::new(spatial.into_iter().chain(translator))
}
