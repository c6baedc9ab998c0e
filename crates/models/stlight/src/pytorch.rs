//! Names of the parameters in the paper's listing (appendix G).

use foreframe_core::KeyMap;

/// The network's own names and those of the listing's modules.
pub(crate) fn keys() -> KeyMap {
    KeyMap::new([
        ("encoder.conv", "patch_encoder.0"),
        ("encoder.norm", "patch_encoder.1"),
        ("blocks.*.depthwise", "net.*.0.fn.0"),
        ("blocks.*.dilated", "net.*.0.fn.1"),
        ("blocks.*.spatial_norm", "net.*.0.fn.3"),
        ("blocks.*.pointwise", "net.*.1.0"),
        ("blocks.*.channel_norm", "net.*.1.2"),
        ("decoder.reassemble", "patch_reassemble"),
    ])
}
