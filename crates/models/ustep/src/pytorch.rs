//! The keys of the PyTorch modules that the reference numbers come from; the authors published no code.

use foreframe_core::KeyMap;

use crate::{RecurrenceLayout, SegmentNet};

const GATES: [(&str, &str); 3] = [
    ("macro_gate", "gate_v"),
    ("micro_gate", "gate_u"),
    ("cross_gate", "gate_c"),
];

pub(crate) fn keys<N: SegmentNet>(layout: RecurrenceLayout) -> KeyMap {
    // Our path of a layer, and theirs with what comes before the two networks.
    let (layer, their_layer) = match layout {
        RecurrenceLayout::Single => ("layers.0", ""),
        RecurrenceLayout::Layerwise => ("layers.*", "layers.*."),
    };
    let mut keys: Vec<(String, String)> = [
        ("decoder.readout", "readout"),
        ("project_micro", "micro.project"),
        ("project_macro", "macro.project"),
    ]
    .map(|(ours, theirs)| (ours.to_owned(), theirs.to_owned()))
    .to_vec();
    for scale in ["micro", "macro"] {
        keys.extend(N::reference_keys(
            &format!("{layer}.{scale}_net"),
            &format!("{their_layer}{scale}"),
            layout,
        ));
        keys.push((
            format!("{layer}.{scale}_projection"),
            format!("{their_layer}{scale}.proj"),
        ));
    }
    keys.extend(GATES.map(|(ours, theirs)| (format!("{layer}.gates.{ours}"), format!("{their_layer}{theirs}"))));
    keys.push((format!("{layer}.output"), format!("{their_layer}out")));
    KeyMap::new(keys)
}
