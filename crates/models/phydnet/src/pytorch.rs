//! The keys of OpenSTL's checkpoints.

use foreframe_core::KeyMap;

const TWICE: &str = "the reference names it twice";
const CONSTANT: &str = "a constant of the moments";

pub(crate) fn keys() -> KeyMap {
    let blocks = [
        ("encoders.shared", "encoder.encoder_E.c", 3),
        ("encoders.physical", "encoder.encoder_Ep.c", 2),
        ("encoders.residual", "encoder.encoder_Er.c", 2),
        ("decoders.physical", "encoder.decoder_Dp.upc", 2),
        ("decoders.residual", "encoder.decoder_Dr.upc", 2),
        ("decoders.shared", "encoder.decoder_D.upc", 2),
    ];
    let blocks = blocks.into_iter().flat_map(|(our, their, count)| {
        (0..count).flat_map(move |block| {
            [("convolution", 0), ("norm", 1)].map(|(part, number)| {
                (
                    format!("{our}.{block}.{part}"),
                    format!("{their}{}.main.{number}", block + 1),
                )
            })
        })
    });
    let others = [
        ("decoders.last", "encoder.decoder_D.upc3"),
        ("physical.derivatives", "phycell.cell_list.0.F.conv1"),
        ("physical.norm", "phycell.cell_list.0.F.bn1"),
        ("physical.combination", "phycell.cell_list.0.F.conv2"),
        ("physical.gain", "phycell.cell_list.0.convgate"),
        ("residual.*.gates", "convcell.cell_list.*.conv"),
    ];
    let others = others.map(|(our, their)| (our.to_owned(), their.to_owned()));
    let mut keys = KeyMap::new(blocks.chain(others));
    for part in ["F.conv1", "F.bn1", "F.conv2", "convgate", "conv"] {
        for leaf in ["weight", "bias"] {
            keys = keys.skipping(format!("{part}.{leaf}"), TWICE);
        }
    }
    for constant in ["_M0", "_M1", "_invM0", "_invM1"] {
        keys = keys.skipping(constant, CONSTANT);
    }
    keys
}
