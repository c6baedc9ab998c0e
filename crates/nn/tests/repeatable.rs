//! Random parameters are a function of the device's seed. Alone in its program, because the CPU backends draw from one
//! generator per process.

use burn::tensor::{Device, Tensor};
use foreframe_nn::{Conv2dConfig, DropPath, fan_out_std};

#[test]
fn the_seed_repeats_weights_and_dropped_branches() {
    let device = Device::flex().autodiff();
    let branch = Tensor::<4>::ones([4000, 2, 1, 1], &device);
    let draw = |seed| {
        device.seed(seed);
        let layer = Conv2dConfig::new([64, 64], 3).init_normal(fan_out_std(64, 3, 1), &device);
        let dropped = DropPath::new(0.25).forward(branch.clone());
        [dropped.into_data(), layer.weight.val().into_data()]
    };
    let first = draw(7);
    assert_eq!(first, draw(7));
    for (same, other) in first.iter().zip(draw(8)) {
        assert_ne!(*same, other);
    }
}
