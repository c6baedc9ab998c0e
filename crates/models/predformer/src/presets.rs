//! Named sets of hyper-parameters.

use foreframe_core::{Benchmark, Preset};

use crate::{Arrangement, PredFormerConfig};

/// Name, arrangement, and blocks or layers.
type Row = (&'static str, Arrangement, usize);

#[rustfmt::skip]
const MOVING_MNIST: [Row; 9] = [
    ("moving-mnist", Arrangement::QuadrupletTsst, 6),
    ("moving-mnist-stts", Arrangement::QuadrupletStts, 6),
    ("moving-mnist-sts", Arrangement::TripletSts, 8),
    ("moving-mnist-tst", Arrangement::TripletTst, 8),
    ("moving-mnist-st", Arrangement::BinarySt, 12),
    ("moving-mnist-ts", Arrangement::BinaryTs, 12),
    ("moving-mnist-facst", Arrangement::FacSt, 12),
    ("moving-mnist-facts", Arrangement::FacTs, 12),
    ("moving-mnist-full", Arrangement::FullAttention, 24),
];

#[rustfmt::skip]
const HUMAN: [Row; 9] = [
    ("human", Arrangement::QuadrupletTsst, 3),
    ("human-stts", Arrangement::QuadrupletStts, 3),
    ("human-sts", Arrangement::TripletSts, 4),
    ("human-tst", Arrangement::TripletTst, 4),
    ("human-st", Arrangement::BinarySt, 6),
    ("human-ts", Arrangement::BinaryTs, 6),
    ("human-facst", Arrangement::FacSt, 6),
    ("human-facts", Arrangement::FacTs, 6),
    ("human-full", Arrangement::FullAttention, 12),
];

#[rustfmt::skip]
const TAXIBJ: [Row; 9] = [
    ("taxibj", Arrangement::TripletSts, 3),
    ("taxibj-tst", Arrangement::TripletTst, 3),
    ("taxibj-tsst", Arrangement::QuadrupletTsst, 2),
    ("taxibj-stts", Arrangement::QuadrupletStts, 2),
    ("taxibj-st", Arrangement::BinarySt, 4),
    ("taxibj-ts", Arrangement::BinaryTs, 4),
    ("taxibj-facst", Arrangement::FacSt, 4),
    ("taxibj-facts", Arrangement::FacTs, 4),
    ("taxibj-full", Arrangement::FullAttention, 8),
];

#[rustfmt::skip]
const WEATHERBENCH: [Row; 9] = [
    ("weatherbench", Arrangement::FacTs, 4),
    ("weatherbench-facst", Arrangement::FacSt, 4),
    ("weatherbench-sts", Arrangement::TripletSts, 3),
    ("weatherbench-tst", Arrangement::TripletTst, 3),
    ("weatherbench-tsst", Arrangement::QuadrupletTsst, 2),
    ("weatherbench-stts", Arrangement::QuadrupletStts, 2),
    ("weatherbench-st", Arrangement::BinarySt, 4),
    ("weatherbench-ts", Arrangement::BinaryTs, 4),
    ("weatherbench-full", Arrangement::FullAttention, 8),
];

/// The networks of the paper's tables, the best of a dataset under its own name, and a small one.
pub(crate) fn presets() -> Vec<Preset<PredFormerConfig>> {
    let dropping = PredFormerConfig {
        dropout: 0.1,
        attention_dropout: 0.1,
        drop_path: 0.1,
        ..PredFormerConfig::default()
    };
    let taxibj = PredFormerConfig {
        patch: 4,
        ..dropping.clone()
    };
    let weatherbench = PredFormerConfig {
        patch: 4,
        mlp_ratio: 2,
        drop_path: 0.25,
        ..PredFormerConfig::default()
    };
    let datasets = [
        (Benchmark::MOVING_MNIST, MOVING_MNIST, PredFormerConfig::default()),
        (Benchmark::HUMAN, HUMAN, dropping),
        (Benchmark::TAXIBJ, TAXIBJ, taxibj),
        (Benchmark::WEATHERBENCH, WEATHERBENCH, weatherbench),
    ];
    let published = datasets.into_iter().flat_map(|(benchmark, rows, config)| {
        rows.map(|(name, arrangement, depth)| {
            let config = PredFormerConfig {
                arrangement,
                depth,
                ..config.clone()
            };
            benchmark.variant(name, benchmark.about, config)
        })
    });
    let small = Benchmark::MOVING_DIGITS.preset(PredFormerConfig {
        patch: 4,
        width: 64,
        heads: 4,
        head_width: 16,
        mlp_ratio: 2,
        depth: 2,
        ..PredFormerConfig::default()
    });
    published.chain([small]).collect()
}
