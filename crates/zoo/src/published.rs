//! Figures that papers and OpenSTL's tables print for presets, to be compared with what is counted here.

/// The published figures of one preset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// Parameters as printed, e.g. `23.8M`.
    pub parameters: &'static str,
    /// Multiply-accumulates of one forecast as printed, e.g. `116.0 G`; empty where none are.
    pub multiply_accumulates: &'static str,
    /// Why the figures are not those of the network here, if they are not.
    pub notes: &'static [&'static str],
}

const UNUSED: &str = "published parameters include unused ones";
const SIMPLER: &str = "published MACs include products with a memory of zeros and equal slices twice";
const TEN: &str = "published for 10 future frames";
const ONE: &str = "published for one future frame";
const GRAY: &str = "published are the figures for frames of one channel";
const PATCH: &str = "published for patches of 4";
const OTHER: &str = "published for another configuration";
const DEPTHWISE: &str = "published without depthwise convolutions";
const ATTENTION: &str = "published without the products of attention";
const OURS: &str = "the paper has no sizes: these are ours";
const UNSAID: &str = "published for an unknown number of frames";
const SWAPPED: &str = "MACs of `ustep_simvp` and `ustep_uniformer` are most likely swapped in print";
const TOO_MUCH: &str = "published is more than the sizes need";
const COPIED: &str = "published is most likely copied from focus and attention together";
const CIKM: &str = "published for CIKM, whose frames have the same size";

/// A preset, its parameters, its multiply-accumulates, and notes.
type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

/// By model. Those of OpenSTL are from its tables of benchmarks, those of TAU on KITTI and SEVIR and of USTEP from USTEP's
/// paper, the others from the papers of the networks; MotionRNN's and WaST's on CIKM from GMG's.
#[rustfmt::skip]
static PUBLISHED: &[(&str, &[Row])] = &[
    ("ustep", &[
        ("moving-mnist", "18.9M", "17.7 G", &[OURS]),
        ("kth", "12.8M", "107 G", &[OURS, TEN]),
        ("human", "3.7M", "66.2 G", &[OURS]),
        ("caltech", "5.1M", "85.3 G", &[OURS, TEN]),
        ("weatherbench", "3.6M", "8.2 G", &[OURS]),
        ("sevir", "13.5M", "277 G", &[OURS]),
        ("ucf", "6.3M", "262 G", &[OURS, UNSAID]),
        ("moving-mnist-dt1", "18.8M", "52.5 G", &[OURS]),
        ("moving-mnist-dt2", "18.3M", "30.8 G", &[OURS]),
        ("moving-mnist-dt10", "19.1M", "13.4 G", &[OURS]),
        ("moving-mnist-frames", "18.5M", "89.8 G", &[OURS]),
        ("moving-mnist-without-cross", "17.4M", "13.1 G", &[OURS]),
        ("moving-mnist-layerwise", "18.9M", "17.7 G", &[OURS]),
        ("kth-layerwise", "12.8M", "107 G", &[OURS, TEN]),
        ("human-layerwise", "3.7M", "66.2 G", &[OURS]),
        ("caltech-layerwise", "5.1M", "85.3 G", &[OURS, TEN]),
        ("weatherbench-layerwise", "3.6M", "8.2 G", &[OURS]),
    ]),
    ("ustep_simvp", &[
        ("moving-mnist", "24.4M", "21.9 G", &[OURS]),
        ("kth", "16.4M", "137 G", &[OURS, TEN]),
        ("human", "4.5M", "63.2 G", &[OURS, SWAPPED]),
        ("caltech", "6.3M", "105 G", &[OURS, TEN]),
        ("weatherbench", "4.4M", "9.9 G", &[OURS]),
        ("sevir", "13.1M", "267 G", &[OURS]),
        ("ucf", "6.1M", "251 G", &[OURS, UNSAID]),
    ]),
    ("ustep_uniformer", &[
        ("moving-mnist", "17.8M", "16.8 G", &[OURS]),
        ("kth", "12.0M", "101 G", &[OURS, TEN]),
        ("human", "3.4M", "76.6 G", &[OURS, SWAPPED]),
        ("caltech", "4.7M", "79.6 G", &[OURS, TEN]),
        ("weatherbench", "3.3M", "7.7 G", &[OURS]),
        ("sevir", "12.2M", "253 G", &[OURS]),
        ("ucf", "5.6M", "235 G", &[OURS, UNSAID]),
    ]),
    ("gmg", &[
        ("cikm", "31.44M", "", &[]),
        ("cikm-m", "30.4M", "", &[]),
        ("cikm-s", "29.2M", "", &[]),
        ("cikm-motion", "26.9M", "", &[]),
        ("cikm-attention", "31.4M", "", &[COPIED]),
        ("cikm-focus", "30.4M", "", &[]),
        ("cikm-focus-attention", "31.4M", "", &[]),
    ]),
    ("stlight", &[
        ("moving-mnist-xs", "11.1M", "10.6 G", &[DEPTHWISE]),
        ("moving-mnist-s", "17.1M", "16.5 G", &[DEPTHWISE]),
        ("moving-mnist-m", "24.3M", "23.7 G", &[DEPTHWISE]),
        ("moving-mnist-l", "32.9M", "32.3 G", &[DEPTHWISE]),
        ("taxibj-s", "0.99M", "0.82 G", &[DEPTHWISE]),
        ("taxibj-m", "1.65M", "1.37 G", &[DEPTHWISE]),
        ("taxibj-l", "2.96M", "2.71 G", &[DEPTHWISE]),
        ("kth-xs", "1.4M", "5.4 G", &[DEPTHWISE]),
        ("kth-s", "5.4M", "20.9 G", &[DEPTHWISE]),
        ("kth-m", "9.5M", "37.1 G", &[DEPTHWISE]),
        ("kth-l", "14.6M", "57.8 G", &[DEPTHWISE]),
    ]),
    ("tau", &[
        ("moving-mnist", "44.7M", "16.0 G", &[]),
        ("moving-mnist-cifar", "44.7M", "16.0 G", &[]),
        ("caltech", "15.0M", "92.5 G", &[]),
        ("kth", "15.0M", "73.8 G", &[TEN]),
        ("human", "37.6M", "182.0 G", &[]),
        ("taxibj", "9.55M", "2.49 G", &[]),
        ("weatherbench", "12.22M", "6.70 G", &[]),
        ("weatherbench-fine", "12.29M", "36.1 G", &[]),
        ("weatherbench-wind", "12.22M", "6.70 G", &[]),
        ("weatherbench-multi", "9.55M", "5.01 G", &[]),
        ("sevir", "20.5M", "241 G", &[TOO_MUCH]),
    ]),
    ("simvp", &[
        ("moving-mnist-incepu", "58.0M", "19.4 G", &[]),
        ("moving-mnist", "46.8M", "16.5 G", &[]),
        ("moving-mnist-vit", "46.1M", "16.9 G", &[]),
        ("moving-mnist-swin", "46.1M", "16.4 G", &[]),
        ("moving-mnist-uniformer", "44.8M", "16.5 G", &[]),
        ("moving-mnist-mlpmixer", "38.2M", "14.7 G", &[]),
        ("moving-mnist-convmixer", "3.9M", "5.5 G", &[DEPTHWISE]),
        ("moving-mnist-poolformer", "37.1M", "14.1 G", &[]),
        ("moving-mnist-convnext", "37.3M", "14.1 G", &[]),
        ("moving-mnist-van", "44.5M", "16.0 G", &[]),
        ("moving-mnist-hornet", "45.7M", "16.3 G", &[]),
        ("moving-mnist-moganet", "46.8M", "16.5 G", &[]),
        ("moving-mnist-cifar-incepu", "58.0M", "19.4 G", &[]),
        ("moving-mnist-cifar", "46.8M", "16.5 G", &[]),
        ("moving-mnist-cifar-vit", "46.1M", "16.9 G", &[]),
        ("moving-mnist-cifar-swin", "46.1M", "16.4 G", &[]),
        ("moving-mnist-cifar-uniformer", "44.8M", "16.5 G", &[]),
        ("moving-mnist-cifar-mlpmixer", "38.2M", "14.7 G", &[]),
        ("moving-mnist-cifar-convmixer", "3.9M", "5.5 G", &[DEPTHWISE]),
        ("moving-mnist-cifar-poolformer", "37.1M", "14.1 G", &[]),
        ("moving-mnist-cifar-convnext", "37.3M", "14.1 G", &[]),
        ("moving-mnist-cifar-van", "44.5M", "16.0 G", &[]),
        ("moving-mnist-cifar-hornet", "45.7M", "16.3 G", &[]),
        ("moving-mnist-cifar-moganet", "46.8M", "16.5 G", &[]),
        ("caltech-incepu", "8.6M", "60.6 G", &[]),
        ("caltech", "15.6M", "96.3 G", &[]),
        ("caltech-vit", "12.7M", "155.0 G", &[]),
        ("caltech-swin", "15.3M", "95.2 G", &[]),
        ("caltech-uniformer", "11.8M", "104.0 G", &[]),
        ("caltech-mlpmixer", "22.2M", "83.5 G", &[]),
        ("caltech-convmixer", "1.5M", "23.1 G", &[DEPTHWISE]),
        ("caltech-poolformer", "12.4M", "79.8 G", &[]),
        ("caltech-convnext", "12.5M", "80.2 G", &[]),
        ("caltech-van", "14.9M", "92.5 G", &[]),
        ("caltech-hornet", "15.3M", "94.4 G", &[]),
        ("caltech-moganet", "15.6M", "96.2 G", &[]),
        ("kth-incepu", "12.2M", "62.8 G", &[OTHER]),
        ("kth", "15.6M", "76.8 G", &[TEN]),
        ("kth-vit", "12.7M", "112.0 G", &[TEN]),
        ("kth-swin", "15.3M", "75.9 G", &[TEN]),
        ("kth-uniformer", "11.8M", "78.3 G", &[TEN]),
        ("kth-mlpmixer", "20.3M", "66.6 G", &[TEN]),
        ("kth-convmixer", "1.5M", "18.3 G", &[TEN, DEPTHWISE]),
        ("kth-poolformer", "12.4M", "63.6 G", &[TEN]),
        ("kth-convnext", "12.5M", "63.9 G", &[TEN]),
        ("kth-van", "14.9M", "73.8 G", &[TEN]),
        ("kth-hornet", "15.3M", "75.3 G", &[TEN]),
        ("kth-moganet", "15.6M", "76.7 G", &[TEN]),
        ("human-incepu", "41.2M", "197.0 G", &[]),
        ("human", "11.3M", "74.6 G", &[]),
        ("human-vit", "28.3M", "239.0 G", &[OTHER]),
        ("human-swin", "38.8M", "188.0 G", &[]),
        ("human-uniformer", "27.7M", "211.0 G", &[OTHER]),
        ("human-mlpmixer", "47.0M", "164.0 G", &[]),
        ("human-convmixer", "3.1M", "39.4 G", &[DEPTHWISE]),
        ("human-poolformer", "31.2M", "156.0 G", &[]),
        ("human-convnext", "31.4M", "157.0 G", &[]),
        ("human-van", "37.5M", "182.0 G", &[]),
        ("human-hornet", "28.1M", "143.0 G", &[]),
        ("human-moganet", "8.6M", "63.6 G", &[]),
        ("taxibj-incepu", "13.79M", "3.61 G", &[]),
        ("taxibj", "9.96M", "2.62 G", &[]),
        ("taxibj-vit", "9.66M", "2.80 G", &[]),
        ("taxibj-swin", "9.66M", "2.56 G", &[]),
        ("taxibj-uniformer", "9.52M", "2.71 G", &[]),
        ("taxibj-mlpmixer", "8.24M", "2.18 G", &[]),
        ("taxibj-convmixer", "0.84M", "0.23 G", &[DEPTHWISE]),
        ("taxibj-poolformer", "7.75M", "2.06 G", &[]),
        ("taxibj-convnext", "7.84M", "2.08 G", &[]),
        ("taxibj-van", "9.48M", "2.49 G", &[]),
        ("taxibj-hornet", "9.68M", "2.54 G", &[]),
        ("taxibj-moganet", "9.96M", "2.61 G", &[]),
        ("weatherbench-incepu", "14.67M", "8.03 G", &[]),
        ("weatherbench", "12.76M", "7.01 G", &[]),
        ("weatherbench-vit", "12.41M", "7.99 G", &[]),
        ("weatherbench-swin", "12.42M", "6.88 G", &[]),
        ("weatherbench-uniformer", "12.02M", "7.45 G", &[]),
        ("weatherbench-mlpmixer", "11.10M", "5.92 G", &[]),
        ("weatherbench-convmixer", "1.13M", "0.95 G", &[DEPTHWISE]),
        ("weatherbench-poolformer", "9.98M", "5.61 G", &[]),
        ("weatherbench-convnext", "10.09M", "5.66 G", &[]),
        ("weatherbench-van", "12.15M", "6.70 G", &[]),
        ("weatherbench-hornet", "12.42M", "6.84 G", &[]),
        ("weatherbench-moganet", "12.76M", "7.01 G", &[]),
        ("weatherbench-fine-incepu", "14.67M", "128 G", &[]),
        ("weatherbench-fine", "12.76M", "112 G", &[]),
        ("weatherbench-fine-vit", "12.48M", "36.8 G", &[ATTENTION]),
        ("weatherbench-fine-swin", "12.42M", "110 G", &[]),
        ("weatherbench-fine-uniformer", "12.09M", "48.8 G", &[]),
        ("weatherbench-fine-mlpmixer", "27.87M", "94.7 G", &[]),
        ("weatherbench-fine-convmixer", "1.14M", "15.1 G", &[DEPTHWISE]),
        ("weatherbench-fine-poolformer", "9.98M", "89.7 G", &[]),
        ("weatherbench-fine-convnext", "10.09M", "90.5 G", &[]),
        ("weatherbench-fine-van", "12.15M", "107 G", &[]),
        ("weatherbench-fine-hornet", "12.42M", "109 G", &[]),
        ("weatherbench-fine-moganet", "12.76M", "112 G", &[]),
        ("weatherbench-wind-incepu", "14.67M", "8.04 G", &[]),
        ("weatherbench-wind", "12.76M", "7.02 G", &[]),
        ("weatherbench-wind-vit", "12.42M", "8.0 G", &[]),
        ("weatherbench-wind-swin", "12.42M", "6.89 G", &[]),
        ("weatherbench-wind-uniformer", "12.03M", "7.46 G", &[]),
        ("weatherbench-wind-mlpmixer", "11.10M", "5.93 G", &[]),
        ("weatherbench-wind-convmixer", "1.14M", "0.96 G", &[DEPTHWISE]),
        ("weatherbench-wind-poolformer", "9.99M", "5.62 G", &[]),
        ("weatherbench-wind-convnext", "10.09M", "5.67 G", &[]),
        ("weatherbench-wind-van", "12.15M", "6.71 G", &[]),
        ("weatherbench-wind-hornet", "12.42M", "6.85 G", &[]),
        ("weatherbench-wind-moganet", "12.76M", "7.01 G", &[]),
        ("weatherbench-multi-incepu", "13.80M", "7.26 G", &[]),
        ("weatherbench-multi", "9.96M", "5.25 G", &[OTHER]),
        ("weatherbench-multi-vit", "9.66M", "6.12 G", &[]),
        ("weatherbench-multi-swin", "9.66M", "5.15 G", &[]),
        ("weatherbench-multi-uniformer", "9.53M", "5.85 G", &[]),
        ("weatherbench-multi-mlpmixer", "8.74M", "4.39 G", &[]),
        ("weatherbench-multi-poolformer", "7.76M", "4.14 G", &[]),
        ("weatherbench-multi-van", "9.49M", "5.01 G", &[]),
        ("weatherbench-multi-hornet", "9.68M", "5.12 G", &[]),
        ("weatherbench-multi-moganet", "9.97M", "5.25 G", &[]),
    ]),
    ("wast", &[
        ("taxibj", "5.13M", "1.05 G", &[UNUSED, DEPTHWISE]),
        ("cikm", "28.18M", "", &[UNUSED]),
    ]),
    ("iam4vp", &[
        ("moving-mnist", "35.4M", "14.2 G", &[UNUSED, ONE]),
        ("human", "102M", "978 G", &[UNUSED, ONE]),
        ("weatherbench", "12.9M", "2.4 G", &[UNUSED, ONE]),
    ]),
    ("motionrnn", &[
        ("moving-mnist", "26.9M", "", &[CIKM]),
    ]),
    ("mim", &[
        ("moving-mnist", "38.0M", "179.2 G", &[UNUSED]),
        ("moving-mnist-cifar", "38.8M", "183.0 G", &[UNUSED]),
        ("caltech", "49.2M", "1858 G", &[UNUSED]),
        ("kth", "39.8M", "1099.0 G", &[UNUSED]),
        ("human", "47.6M", "1051.0 G", &[UNUSED]),
        ("taxibj", "37.86M", "64.10 G", &[UNUSED]),
        ("weatherbench", "37.75M", "109 G", &[UNUSED]),
        ("weatherbench-fine", "42.17M", "1739 G", &[UNUSED]),
        ("weatherbench-wind", "37.75M", "109 G", &[UNUSED, GRAY]),
        ("weatherbench-multi", "41.71M", "35.77 G", &[UNUSED]),
    ]),
    ("predrnnv2", &[
        ("moving-mnist", "23.9M", "116.6 G", &[]),
        ("moving-mnist-cifar", "23.9M", "116.6 G", &[GRAY]),
        ("caltech", "23.8M", "1223 G", &[]),
        ("kth", "23.6M", "2815.0 G", &[]),
        ("human", "24.6M", "708.0 G", &[]),
        ("taxibj", "23.67M", "42.63 G", &[]),
        ("weatherbench", "23.59M", "279 G", &[]),
        ("weatherbench-fine", "23.86M", "1129 G", &[PATCH]),
        ("weatherbench-wind", "23.68M", "280 G", &[]),
        ("weatherbench-multi", "24.58M", "88.49 G", &[]),
    ]),
    ("predrnnpp", &[
        ("moving-mnist", "38.6M", "171.7 G", &[UNUSED]),
        ("moving-mnist-cifar", "38.6M", "171.7 G", &[UNUSED, GRAY]),
        ("caltech", "38.5M", "1803 G", &[UNUSED]),
        ("kth", "38.3M", "4162.0 G", &[UNUSED]),
        ("human", "39.3M", "1033.0 G", &[UNUSED]),
        ("taxibj", "38.40M", "62.95 G", &[UNUSED]),
        ("weatherbench", "38.31M", "413 G", &[UNUSED]),
        ("weatherbench-fine", "38.58M", "1663 G", &[UNUSED, PATCH]),
        ("weatherbench-wind", "38.40M", "414 G", &[UNUSED]),
        ("weatherbench-multi", "39.31M", "129.0 G", &[UNUSED]),
    ]),
    ("predrnn", &[
        ("moving-mnist", "23.8M", "116.0 G", &[]),
        ("moving-mnist-cifar", "23.8M", "116.0 G", &[GRAY]),
        ("caltech", "23.7M", "1216 G", &[]),
        ("kth", "23.6M", "2800.0 G", &[]),
        ("human", "24.6M", "704.0 G", &[]),
        ("taxibj", "23.66M", "42.40 G", &[]),
        ("weatherbench", "23.57M", "278 G", &[]),
        ("weatherbench-fine", "23.84M", "1123 G", &[PATCH]),
        ("weatherbench-wind", "23.65M", "279 G", &[]),
        ("weatherbench-multi", "24.56M", "88.02 G", &[]),
    ]),
    ("mau", &[
        ("moving-mnist", "4.5M", "17.8 G", &[UNUSED]),
        ("caltech", "24.3M", "172 G", &[UNUSED]),
        ("kth", "20.1M", "399 G", &[UNUSED]),
    ]),
    ("swinlstm", &[("moving-mnist", "20.2M", "69.9 G", &[UNUSED])]),
    ("phydnet", &[("moving-mnist", "3.1M", "15.3 G", &[])]),
    ("e3dlstm", &[
        ("moving-mnist", "51.0M", "298.9 G", &[UNUSED, SIMPLER]),
        ("caltech", "54.9M", "1004 G", &[UNUSED, SIMPLER]),
        ("kth", "53.5M", "217 G", &[UNUSED, OTHER]),
        ("human", "60.9M", "542 G", &[UNUSED, SIMPLER]),
        ("weatherbench", "51.1M", "169 G", &[UNUSED, SIMPLER]),
    ]),
    ("convlstm", &[
        ("moving-mnist", "15.0M", "56.8 G", &[UNUSED]),
        ("moving-mnist-l", "33.8M", "127.0 G", &[UNUSED]),
        ("moving-mnist-cifar", "15.5M", "58.8 G", &[UNUSED]),
        ("moving-mnist-cifar-l", "34.4M", "130.0 G", &[UNUSED]),
        ("caltech", "15.0M", "595.0 G", &[UNUSED]),
        ("kth", "14.9M", "1368.0 G", &[UNUSED]),
        ("human", "15.5M", "347.0 G", &[UNUSED]),
        ("taxibj", "14.98M", "20.74 G", &[UNUSED]),
        ("weatherbench", "14.98M", "136 G", &[UNUSED]),
        ("weatherbench-fine", "15.08M", "550 G", &[UNUSED]),
        ("weatherbench-wind", "14.98M", "136 G", &[UNUSED]),
        ("weatherbench-multi", "15.50M", "43.33 G", &[UNUSED]),
    ]),
];

/// The published figures of a preset, if there are any.
pub fn published(model: &str, preset: &str) -> Option<Published> {
    let (_, rows) = PUBLISHED.iter().find(|(name, _)| *name == model)?;
    let (_, parameters, multiply_accumulates, notes) = *rows.iter().find(|row| row.0 == preset)?;
    Some(Published {
        parameters,
        multiply_accumulates,
        notes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find_model;

    #[test]
    fn every_row_is_of_a_preset_and_there_is_one_of_each() {
        for (model, rows) in PUBLISHED {
            let presets = (find_model(model).unwrap().presets)();
            for (index, (preset, ..)) in rows.iter().enumerate() {
                assert!(presets.iter().any(|known| known.name == *preset), "{model} {preset}");
                assert!(
                    rows[..index].iter().all(|row| row.0 != *preset),
                    "{model} {preset} twice"
                );
            }
        }
        assert_eq!(published("tau", "moving-digits"), None);
    }
}
