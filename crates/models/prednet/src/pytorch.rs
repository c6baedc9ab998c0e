//! The keys of OpenSTL's checkpoints.

use foreframe_core::KeyMap;

use crate::PredNetConfig;

pub(crate) fn keys(config: &PredNetConfig) -> KeyMap {
    // Activations stand between its convolutions, which are therefore numbered by twos.
    KeyMap::new((0..=config.widths.len()).flat_map(|layer| {
        let key = |our: &str, their: String| (format!("layers.{layer}.{our}"), their);
        [
            key("input_gate", format!("i.{layer}")),
            key("forget_gate", format!("f.{layer}")),
            key("candidate", format!("c.{layer}")),
            key("output_gate", format!("o.{layer}")),
            key("prediction", format!("Ahat.{}", 2 * layer)),
            key("upwards", format!("A.{}", 2 * layer)),
        ]
    }))
}
