//! The keys of OpenSTL's checkpoints.

use foreframe_core::KeyMap;
use foreframe_nn::{CausalLstm, StLstm};

/// Of PredRNN, for a network at the path `ours`, which is empty or ends in a dot.
pub(crate) fn keys(ours: &str) -> Vec<(String, String)> {
    let mut keys = StLstm::openstl_keys(&format!("{ours}cells.*"), "cell_list.*");
    keys.push((format!("{ours}head"), "conv_last".to_owned()));
    keys
}

/// Of PredRNN++.
pub(crate) fn plus_plus_keys() -> KeyMap {
    let others = [
        ("head", "conv_last"),
        ("highway.from_input", "gradient_highway.x_concat.0"),
        ("highway.from_highway", "gradient_highway.z_concat.0"),
    ]
    .map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()));
    KeyMap::new(
        CausalLstm::openstl_keys("cells.*", "cell_list.*")
            .into_iter()
            .chain(others),
    )
    .skipping("conv_o.0.weight", "the reference never uses it")
}
