//! The published configurations.

use foreframe_core::{ClipShape, Preset};
use foreframe_nn::moving_digits;

use crate::{Focus, GmgConfig};

const CIKM: [usize; 5] = [5, 10, 1, 64, 64];
const MOVING_MNIST: [usize; 5] = [10, 10, 1, 64, 64];
const TAXIBJ: [usize; 5] = [4, 4, 2, 32, 32];
const WEATHERBENCH: [usize; 5] = [12, 12, 1, 32, 64];

/// GMG-m: without the self-attention memory.
fn without_attention(config: GmgConfig) -> GmgConfig {
    GmgConfig { attention: 0, ..config }
}

/// GMG-s: one convolution in place of the global focus.
fn simple_focus(config: GmgConfig) -> GmgConfig {
    GmgConfig {
        focus: Focus::Convolution,
        ..config
    }
}

fn with_patch(patch: usize, attention: usize) -> GmgConfig {
    GmgConfig {
        patch,
        attention,
        ..GmgConfig::default()
    }
}

/// Table VI's rows: the named parts and none else, on MotionRNN's stack.
fn parts(focus: Focus, attention: usize, growing: bool) -> GmgConfig {
    GmgConfig {
        focus,
        attention,
        growing,
        ..GmgConfig::default()
    }
}

/// Those of the paper's table I and of the ablation in table VI, and a small one.
pub(crate) fn presets() -> Vec<Preset<GmgConfig>> {
    let preset = |name, about, clip, config| Preset {
        name,
        about,
        clip: ClipShape::new(clip),
        config,
    };
    let large = GmgConfig::default;
    vec![
        preset(
            "moving-mnist",
            "GMG-L, two moving digits, 10 -> 10 frames",
            MOVING_MNIST,
            large(),
        ),
        preset("moving-mnist-m", "GMG-m", MOVING_MNIST, without_attention(large())),
        preset("moving-mnist-s", "GMG-s", MOVING_MNIST, simple_focus(large())),
        preset(
            "cikm",
            "GMG-L, radar of Shenzhen (CIKM2017), 5 -> 10 frames",
            CIKM,
            large(),
        ),
        preset("cikm-m", "GMG-m", CIKM, without_attention(large())),
        preset("cikm-s", "GMG-s", CIKM, simple_focus(large())),
        preset(
            "cikm-motion",
            "ablation (c): motion guided only",
            CIKM,
            parts(Focus::None, 0, true),
        ),
        preset(
            "cikm-attention",
            "ablation (d): self-attention memory only",
            CIKM,
            parts(Focus::None, 32, false),
        ),
        preset(
            "cikm-focus",
            "ablation (e): global focus only",
            CIKM,
            parts(Focus::Full, 0, false),
        ),
        preset(
            "cikm-focus-attention",
            "ablation (f): global focus and self-attention memory",
            CIKM,
            parts(Focus::Full, 32, false),
        ),
        preset(
            "shanghai",
            "GMG-L, radar of Shanghai (Shanghai2020), 10 -> 10 frames",
            [10, 10, 1, 64, 64],
            large(),
        ),
        preset(
            "taxibj",
            "GMG-m, taxi in- and outflow of Beijing, 4 -> 4 frames",
            TAXIBJ,
            without_attention(with_patch(2, 32)),
        ),
        preset(
            "taxibj-l",
            "GMG-L, as the published code configures it",
            TAXIBJ,
            with_patch(2, 32),
        ),
        preset(
            "weatherbench",
            "GMG-s, temperature at 5.625 degrees, 12 -> 12 hours",
            WEATHERBENCH,
            simple_focus(with_patch(2, 64)),
        ),
        preset(
            "weatherbench-l",
            "GMG-L, as the published code configures it",
            WEATHERBENCH,
            with_patch(2, 64),
        ),
        moving_digits(GmgConfig {
            widths: vec![32; 2],
            attention: 16,
            ..GmgConfig::default()
        }),
    ]
}
