//! The keys of OpenSTL's checkpoints.

use foreframe_core::KeyMap;

const UNUSED: &str = "the reference never uses it";
/// Enough for any size of frames.
const MOST_HALVINGS: usize = 16;

pub(crate) fn keys() -> KeyMap {
    let cells = [
        ("temporal", "conv_t"),
        ("temporal_gate", "conv_t_next"),
        ("spatial", "conv_s"),
        ("spatial_query", "conv_s_next"),
    ];
    let cells = cells.into_iter().flat_map(|(our, their)| {
        [("convolution", "0"), ("norm", "1")]
            .map(|(part, theirs)| (format!("cells.*.{our}.{part}"), format!("cell_list.*.{their}.{theirs}")))
    });
    // The first encoder is called after the number before 0.
    let halvings = (0..MOST_HALVINGS).flat_map(|number| {
        [
            (
                format!("encoders.{number}"),
                format!("encoders.{}.encoder_t{number}", number + 1),
            ),
            (
                format!("decoders.{number}"),
                format!("decoders.{number}.c_decoder{number}"),
            ),
        ]
    });
    let ends = [("first", "encoders.0.encoder_t_conv-1"), ("last", "srcnn.0")];
    let ends = ends.map(|(our, their)| (our.to_owned(), their.to_owned()));
    KeyMap::new(cells.chain(halvings).chain(ends))
        .skipping("merge.weight", UNUSED)
        .skipping("merge.bias", UNUSED)
        .skipping("conv_last_sr.weight", UNUSED)
        .skipping("conv_last_sr.bias", UNUSED)
}
