//! The rows of the benchmark.

use super::shape::{Convolution, Groups, Image, Matmul, Parameters, Shuffle, Tensor4};
use super::{Case, Network, Operation, Pass, What};

/// Every row: networks, then the operations they spend their time in, then the rest. Networks see `batch` clips at a time.
pub fn cases(batch: usize) -> Vec<Case> {
    let network = |(name, model, preset, goal): (_, _, _, Option<f64>), pass, recompute| Case {
        what: What::Network(Network {
            name,
            model,
            preset,
            batch,
            recompute,
        }),
        pass,
        goal,
    };
    let kept = |entry| [Pass::Step, Pass::Forecast].map(|pass| network(entry, pass, false));
    let networks = NETWORKS.into_iter().flat_map(kept);
    let recomputed = RECURRENT.into_iter().map(|entry| network(entry, Pass::Step, true));
    let networks = networks.chain(recomputed);
    let operations = operations().into_iter().flat_map(|operation| {
        let passes: &[Pass] = match operation {
            Operation::Adam(_) => &[Pass::Forward],
            _ => &[Pass::Forward, Pass::Backward],
        };
        passes.iter().map(move |&pass| Case {
            goal: Some(goal(&operation, pass)),
            what: What::Operation(operation.clone()),
            pass,
        })
    });
    networks.chain(operations).collect()
}

/// Name in the comparison, name in the registry, preset, goal. A row whose model the registry lacks would not be found.
const NETWORKS: [(&str, &str, &str, Option<f64>); 12] = [
    ("stlight-s", "stlight", "moving-mnist-s", Some(0.33)),
    ("tau", "tau", "moving-mnist", Some(0.6)),
    ("ustep", "ustep", "moving-mnist", Some(0.6)),
    ("simvp-gsta", "simvp", "moving-mnist", Some(0.67)),
    CONVLSTM,
    PREDRNN,
    GMG,
    ("mau", "mau", "moving-mnist", Some(0.7)),
    ("phydnet", "phydnet", "moving-mnist", Some(0.7)),
    ("e3dlstm", "e3dlstm", "moving-mnist", Some(0.7)),
    ("swinlstm-d", "swinlstm", "moving-mnist", Some(0.7)),
    ("predformer", "predformer", "moving-mnist", Some(0.7)),
];

const CONVLSTM: (&str, &str, &str, Option<f64>) = ("convlstm", "convlstm", "moving-mnist", Some(1.0));
const PREDRNN: (&str, &str, &str, Option<f64>) = ("predrnn", "predrnn", "moving-mnist", Some(1.0));
const GMG: (&str, &str, &str, Option<f64>) = ("gmg-l", "gmg", "moving-mnist", Some(1.0));

/// Networks whose training step is measured a second time, with the steps of the recurrence recomputed in the backward pass.
const RECURRENT: [(&str, &str, &str, Option<f64>); 3] = [CONVLSTM, PREDRNN, GMG];

/// The convolution of all gates of a ConvLSTM.
const GATES: Convolution = Convolution::square([8, 128, 16, 16], 896, 5);

/// No operation may be slower than PyTorch's; the largest of the recurrent networks has to be faster.
fn goal(operation: &Operation, pass: Pass) -> f64 {
    match (operation, pass) {
        (Operation::Conv2d(GATES), Pass::Backward) => 0.9,
        _ => 1.0,
    }
}

fn operations() -> Vec<Operation> {
    let conv = |input: [usize; 4], out_channels, kernel| Convolution::square(input, out_channels, kernel);
    let image = |[batch, channels, height, width]: [usize; 4]| Image {
        batch,
        channels,
        height,
        width,
    };
    let tensor = |dims| Tensor4 { dims };
    let four_million = tensor([1, 1, 1, 1 << 22]);
    vec![
        Operation::Conv2d(GATES),
        Operation::Conv2d(conv([8, 80, 16, 16], 256, 5)),
        // SimVP's encoder and decoder, all frames of a batch at once.
        Operation::Conv2d(conv([80, 16, 64, 64], 16, 3)),
        Operation::Conv2d(conv([80, 16, 64, 64], 16, 3).strided(2)),
        Operation::Conv2d(conv([80, 64, 32, 32], 64, 3)),
        Operation::GroupNormSilu(Groups {
            image: image([80, 16, 64, 64]),
            groups: 2,
        }),
        // STLight's mixers.
        Operation::Conv2d(conv([8, 512, 32, 32], 512, 3).grouped(512)),
        Operation::Conv2d(conv([8, 512, 32, 32], 512, 7).dilated(3).grouped(512)),
        Operation::Conv2d(conv([8, 512, 32, 32], 512, 1)),
        // TAU's attention.
        Operation::Conv2d(conv([8, 256, 16, 16], 256, 5).grouped(256)),
        Operation::Conv2d(conv([8, 256, 16, 16], 256, 7).dilated(3).grouped(256)),
        // SimVP's inception units.
        Operation::Conv2d(conv([8, 256, 16, 16], 256, 3).grouped(8)),
        Operation::ConvTranspose2d(Convolution {
            padding: 1,
            ..conv([8, 64, 16, 16], 64, 4).strided(2)
        }),
        Operation::DeformConv2d(conv([8, 64, 16, 16], 64, 3)),
        Operation::GridSample(image([8, 64, 64, 64])),
        Operation::PixelShuffle(Shuffle {
            image: image([80, 64, 32, 32]),
            factor: 2,
        }),
        Operation::BatchNorm(image([8, 512, 32, 32])),
        Operation::LayerNorm(tensor([1, 8, 1024, 512])),
        Operation::ChannelNorm(image([8, 256, 32, 32])),
        Operation::Gelu(tensor([8, 512, 32, 32])),
        Operation::Silu(four_million),
        Operation::Sigmoid(four_million),
        Operation::Tanh(four_million),
        Operation::Softmax(tensor([8, 8, 256, 256])),
        Operation::LstmGates(image([8, 128, 16, 16])),
        Operation::Multiply(tensor([1, 1, 1, 1 << 18])),
        Operation::Add(four_million),
        Operation::Matmul(Matmul {
            m: 1024,
            k: 1024,
            n: 1024,
        }),
        Operation::Adam(Parameters {
            elements: 10_000_000,
            tensors: 100,
        }),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique() {
        let cases = cases(4);
        let names: BTreeSet<String> = cases.iter().map(Case::name).collect();
        assert_eq!(names.len(), cases.len());
        assert!(names.contains("conv 5x5 [8, 128, 16, 16] -> 896 forward + backward"));
        assert!(names.contains("conv 7x7 dilation 3 depthwise [8, 512, 32, 32] forward"));
        assert!(names.contains("silu [4194304] forward"));
    }

    #[test]
    fn every_network_is_in_the_registry() {
        for (_, model, preset, _) in NETWORKS {
            let model = foreframe_zoo::find_model(model).unwrap();
            foreframe_zoo::find_preset(model, preset).unwrap();
        }
    }

    #[test]
    fn the_convolution_of_the_gates_has_a_goal_of_its_own() {
        let goals: Vec<f64> = cases(4)
            .iter()
            .filter_map(|case| case.goal)
            .filter(|&goal| goal == 0.9)
            .collect();
        assert_eq!(goals.len(), 1);
    }
}
