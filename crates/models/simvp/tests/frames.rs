//! Every translator takes frames of any shape that fits, and a gradient reaches all of it.

use burn::tensor::{Device, Distribution, Tensor};
use foreframe_core::{
    Architecture, Clip, ClipShape, Forecast, StepContext, count_parameters, gradients, is_buffer, named_shapes,
};
use foreframe_simvp::{SimVp, SimVpConfig, TranslatorKind};

fn small(translator: TranslatorKind) -> SimVpConfig {
    SimVpConfig {
        translator,
        spatial_channels: 8,
        spatial_depth: 2,
        temporal_channels: 16,
        temporal_depth: 3,
        mlp_ratio: 2,
        ..SimVpConfig::default()
    }
}

#[test]
fn any_horizon_of_frames_that_are_not_square() {
    let device = Device::flex();
    for translator in TranslatorKind::ALL {
        let clip = ClipShape::new([3, 4, 2, 8, 16]);
        let network = SimVp::new(&small(*translator), &clip, &device).unwrap();
        for horizon in [1, 3, 7] {
            let past = Tensor::random([2, 3, 2, 8, 16], Distribution::Default, &device);
            assert_eq!(
                network.forecast(past, horizon).dims(),
                [2, horizon, 2, 8, 16],
                "{translator:?}"
            );
        }
    }
}

#[test]
fn a_gradient_reaches_every_parameter() {
    let device = Device::flex().autodiff();
    for translator in TranslatorKind::ALL {
        let clip = ClipShape::new([4, 4, 1, 16, 16]);
        let network = SimVp::new(&small(*translator), &clip, &device).unwrap();
        let frames = || Tensor::random([2, 4, 1, 16, 16], Distribution::Default, &device);
        let batch = Clip::new(frames(), frames());
        let loss = network.loss(batch, &StepContext::new(0, 0, 0)).loss;
        let found = gradients(&network, &loss.backward());
        let parameters = named_shapes(&network).into_iter().filter(|(name, _)| !is_buffer(name));
        for (name, _) in parameters {
            assert!(found.contains_key(&name), "{translator:?}: no gradient reaches {name}");
        }
    }
}

#[test]
fn stochastic_depth_can_be_turned_off_and_adds_no_parameters() {
    let clip = ClipShape::new([4, 4, 1, 16, 16]);
    let device = Device::flex().autodiff();
    let random = SimVpConfig {
        drop_path: 0.5,
        ..small(TranslatorKind::Gsta)
    };
    let certain = SimVpConfig {
        first_drop_path: 0.0,
        ..small(TranslatorKind::Gsta)
    };
    let past = Tensor::random([8, 4, 1, 16, 16], Distribution::Default, &device);
    let twice = |config: &SimVpConfig| {
        let network = SimVp::new(config, &clip, &device).unwrap();
        let forecast = || network.forecast(past.clone(), 4).into_data();
        (forecast() == forecast(), count_parameters(&network))
    };
    let (repeats, parameters) = twice(&certain);
    assert!(repeats);
    assert_eq!(twice(&random), (false, parameters));
}
