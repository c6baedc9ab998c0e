//! The keys of OpenSTL's checkpoints.

use foreframe_core::KeyMap;
use foreframe_nn::StLstm;

use crate::block::MimBlock;
use crate::peephole_lstm::PeepholeLstm;

/// Enough for the indices of any network that fits a machine.
const MOST_BLOCKS: usize = 255;

pub(crate) fn keys() -> KeyMap {
    let first = StLstm::openstl_keys("first", "stlstm_layer.0");
    // The reference counts the blocks on from the first cell.
    let blocks = (0..MOST_BLOCKS)
        .flat_map(|block| MimBlock::openstl_keys(&format!("blocks.{block}"), &format!("stlstm_layer.{}", block + 1)));
    let differences = PeepholeLstm::openstl_keys("differences.*", "stlstm_layer_diff.*");
    let head = [("head".to_owned(), "conv_last".to_owned())];
    KeyMap::new(first.into_iter().chain(blocks).chain(differences).chain(head)).skipping(
        "conv_last.weight",
        "the reference never uses that of its non-stationary cells",
    )
}
