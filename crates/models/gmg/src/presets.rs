//! The published configurations.

use foreframe_core::{Benchmark, Preset};

use crate::{Focus, GmgConfig};

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
    let large = GmgConfig::default;
    vec![
        Benchmark::MOVING_MNIST.variant("moving-mnist", "GMG-L, two moving digits, 10 -> 10 frames", large()),
        Benchmark::MOVING_MNIST.variant("moving-mnist-m", "GMG-m", without_attention(large())),
        Benchmark::MOVING_MNIST.variant("moving-mnist-s", "GMG-s", simple_focus(large())),
        Benchmark::CIKM.variant("cikm", "GMG-L, radar of Shenzhen (CIKM2017), 5 -> 10 frames", large()),
        Benchmark::CIKM.variant("cikm-m", "GMG-m", without_attention(large())),
        Benchmark::CIKM.variant("cikm-s", "GMG-s", simple_focus(large())),
        Benchmark::CIKM.variant(
            "cikm-motion",
            "ablation (c): motion guided only",
            parts(Focus::None, 0, true),
        ),
        Benchmark::CIKM.variant(
            "cikm-attention",
            "ablation (d): self-attention memory only",
            parts(Focus::None, 32, false),
        ),
        Benchmark::CIKM.variant(
            "cikm-focus",
            "ablation (e): global focus only",
            parts(Focus::Full, 0, false),
        ),
        Benchmark::CIKM.variant(
            "cikm-focus-attention",
            "ablation (f): global focus and self-attention memory",
            parts(Focus::Full, 32, false),
        ),
        Benchmark::SHANGHAI.variant(
            "shanghai",
            "GMG-L, radar of Shanghai (Shanghai2020), 10 -> 10 frames",
            large(),
        ),
        Benchmark::TAXIBJ.variant(
            "taxibj",
            "GMG-m, taxi in- and outflow of Beijing, 4 -> 4 frames",
            without_attention(with_patch(2, 32)),
        ),
        Benchmark::TAXIBJ.variant(
            "taxibj-l",
            "GMG-L, as the published code configures it",
            with_patch(2, 32),
        ),
        Benchmark::WEATHERBENCH.variant(
            "weatherbench",
            "GMG-s, temperature at 5.625 degrees, 12 -> 12 hours",
            simple_focus(with_patch(2, 64)),
        ),
        Benchmark::WEATHERBENCH.variant(
            "weatherbench-l",
            "GMG-L, as the published code configures it",
            with_patch(2, 64),
        ),
        Benchmark::MOVING_DIGITS.preset(GmgConfig {
            widths: vec![32; 2],
            attention: 16,
            ..GmgConfig::default()
        }),
    ]
}
