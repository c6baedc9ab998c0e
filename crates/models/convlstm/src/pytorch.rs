//! The keys of OpenSTL's checkpoints.

use foreframe_core::KeyMap;
use foreframe_nn::GateConv;

const UNUSED: &str = "the reference never uses it";

pub(crate) fn keys() -> KeyMap {
    let gates =
        |our: &str, their: &str| GateConv::openstl_keys(&format!("cells.*.{our}"), &format!("cell_list.*.{their}"));
    let cells = [gates("input_gates", "conv_x"), gates("hidden_gates", "conv_h")].concat();
    KeyMap::new(cells.into_iter().chain([("head".to_owned(), "conv_last".to_owned())]))
        .skipping("conv_o.0.weight", UNUSED)
        .skipping("conv_o.1.weight", UNUSED)
        .skipping("conv_o.1.bias", UNUSED)
        .skipping("conv_last.weight", UNUSED)
}
