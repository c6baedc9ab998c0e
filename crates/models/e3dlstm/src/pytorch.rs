//! The keys of OpenSTL's checkpoints.

use foreframe_core::KeyMap;

const STAYS_ZERO: &str = "its input, the memory, is always zero";

pub(crate) fn keys() -> KeyMap {
    let convolutions = [
        ("input_gates", "conv_x"),
        ("hidden_gates", "conv_h"),
        ("output_of_cell", "conv_new_cell"),
        ("output_of_memory", "conv_new_gm"),
    ];
    let convolutions = convolutions.into_iter().flat_map(|(our, their)| {
        [("weight", "0.conv3d.weight"), ("norm", "1")]
            .map(|(part, theirs)| (format!("cells.*.{our}.{part}"), format!("cell_list.*.{their}.{theirs}")))
    });
    let others = [
        ("cells.*.memory_gates", "cell_list.*.conv_gm.1.bias"),
        ("cells.*.cell_norm", "cell_list.*._norm_c_t"),
        ("cells.*.merge", "cell_list.*.conv_last.conv3d.weight"),
        ("head", "conv_last.weight"),
    ];
    KeyMap::new(convolutions.chain(others.map(|(our, their)| (our.to_owned(), their.to_owned()))))
        .skipping("conv_gm.0.conv3d.weight", STAYS_ZERO)
        .skipping("conv_gm.1.weight", STAYS_ZERO)
}
