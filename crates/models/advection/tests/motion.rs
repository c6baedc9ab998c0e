//! Advection of fields whose motion is known.

use burn::tensor::{Device, Tensor, TensorData};
use foreframe_advection::{Advection, AdvectionConfig};
use foreframe_core::{Architecture, ClipShape, Forecast};
use proptest::prelude::*;

const SIDE: usize = 48;
const PAST: usize = 4;
const FUTURE: usize = 6;

/// Smooth blobs of several sizes, infinitely far.
fn field(row: f64, column: f64) -> f64 {
    let blobs = [
        (14.0, 30.0, 4.0, 1.0),
        (30.0, 16.0, 6.0, 0.7),
        (26.0, 34.0, 3.0, 0.9),
        (36.0, 28.0, 5.0, 0.5),
    ];
    blobs
        .iter()
        .map(|(y, x, size, height)| height * (-((row - y).powi(2) + (column - x).powi(2)) / (2.0 * size * size)).exp())
        .sum()
}

/// Frames `[1, frames, channels, SIDE, SIDE]` of `place`, which says what is where at which time.
fn clip(times: std::ops::Range<i32>, channels: usize, place: impl Fn(f64, f64, f64) -> f64) -> Vec<f32> {
    let mut values = Vec::new();
    for time in times {
        for channel in 0..channels {
            for pixel in 0..SIDE * SIDE {
                let value = place((pixel / SIDE) as f64, (pixel % SIDE) as f64, f64::from(time));
                values.push((value * (channel + 1) as f64 * 30.0 - 5.0) as f32);
            }
        }
    }
    values
}

fn forecast(past: &[f32], channels: usize, horizon: usize) -> Vec<f32> {
    let shape = ClipShape::new([PAST, FUTURE, channels, SIDE, SIDE]);
    let baseline = Advection::new(&AdvectionConfig::default(), &shape, &Device::flex()).unwrap();
    let time = past.len() / (channels * SIDE * SIDE);
    let past = TensorData::new(past.to_vec(), [1, time, channels, SIDE, SIDE]);
    baseline
        .forecast(Tensor::from_data(past, &Device::flex()), horizon)
        .into_data()
        .iter()
        .collect()
}

/// Mean squared error of each lead time, away from the border over which unknown things flow in.
fn errors(forecast: &[f32], truth: &[f32], border: usize) -> Vec<f64> {
    let frame = SIDE * SIDE;
    let inside = |pixel: usize| {
        let (row, column) = (pixel / SIDE, pixel % SIDE);
        (border..SIDE - border).contains(&row) && (border..SIDE - border).contains(&column)
    };
    forecast
        .chunks(frame)
        .zip(truth.chunks(frame))
        .map(|(forecast, truth)| {
            let pixels = (0..frame).filter(|pixel| inside(*pixel));
            let squares: Vec<f64> = pixels
                .map(|pixel| f64::from(forecast[pixel] - truth[pixel]).powi(2))
                .collect();
            squares.iter().sum::<f64>() / squares.len() as f64
        })
        .collect()
}

fn persistence(past: &[f32]) -> Vec<f32> {
    past[past.len() - SIDE * SIDE..].repeat(FUTURE)
}

#[test]
fn translated_fields_are_carried_on() {
    for (down, right) in [(0.0, 1.0), (1.3, -0.7), (-2.5, 1.5), (3.0, 3.0)] {
        // The blobs are where `field` has them at the newest frame's time.
        let place = |row: f64, column: f64, time: f64| field(row - down * time, column - right * time);
        let (past, truth) = (clip(-3..1, 1, place), clip(1..7, 1, place));
        let own = errors(&forecast(&past, 1, FUTURE), &truth, 6);
        let other = errors(&persistence(&past), &truth, 6);
        eprintln!("motion {down} {right}: {own:.3?}, persistence {other:.3?}");
        for (lead, (own, other)) in own.iter().zip(&other).enumerate() {
            assert!(
                own < &(0.1 * other),
                "motion {down} {right}, lead time {lead}: {own} {other}"
            );
        }
    }
}

#[test]
fn rotation_is_followed() {
    let middle = SIDE as f64 / 2.0;
    let place = |row: f64, column: f64, time: f64| {
        let (sine, cosine) = (0.06 * time).sin_cos();
        let (y, x) = (row - middle, column - middle);
        field(middle + cosine * y - sine * x, middle + sine * y + cosine * x)
    };
    let (past, truth) = (clip(-3..1, 1, place), clip(1..7, 1, place));
    let own: f64 = errors(&forecast(&past, 1, FUTURE), &truth, 4).iter().sum();
    let other: f64 = errors(&persistence(&past), &truth, 4).iter().sum();
    assert!(own < 0.1 * other, "{own} {other}");
}

#[test]
fn channels_move_together_and_units_do_not_matter() {
    let place = |row: f64, column: f64, time: f64| field(row - time, column + 2.0 * time);
    let one = forecast(&clip(-3..1, 1, place), 1, 2);
    let two = forecast(&clip(-3..1, 2, place), 2, 2);
    let frame = SIDE * SIDE;
    for pixel in 0..frame {
        // The second channel is the first one doubled, plus 5.
        assert!((one[pixel] - two[pixel]).abs() < 0.05);
        assert!((2.0 * two[pixel] + 5.0 - two[frame + pixel]).abs() < 1e-3);
    }
}

#[test]
fn without_motion_or_without_a_second_frame_it_is_persistence() {
    let still = clip(0..4, 1, |row, column, _| field(row, column));
    assert_eq!(forecast(&still, 1, FUTURE), persistence(&still));
    let single = &still[..SIDE * SIDE];
    assert_eq!(forecast(single, 1, FUTURE), persistence(single));
    let empty = vec![3.5; 4 * SIDE * SIDE];
    assert_eq!(forecast(&empty, 1, FUTURE), persistence(&empty));
}

#[test]
fn impossible_settings_are_refused_by_name() {
    let shape = ClipShape::new([4, 4, 1, 16, 16]);
    let refused = |change: fn(&mut AdvectionConfig), field: &str| {
        let mut config = AdvectionConfig::default();
        change(&mut config);
        let error = Advection::new(&config, &shape, &Device::flex()).unwrap_err();
        assert_eq!(error.field, field);
    };
    refused(|config| config.frames = 1, "network.frames");
    refused(|config| config.smoothness = 0.0, "network.smoothness");
    refused(|config| config.smoothness = f64::NAN, "network.smoothness");
    refused(|config| config.neighborhood = -1.0, "network.neighborhood");
    refused(|config| config.warps = 0, "network.warps");
    refused(|config| config.iterations = 0, "network.iterations");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever the frames hold and however small they are: an answer of the right size, and within the frame's range where
    /// that is finite.
    #[test]
    fn any_frames_have_an_answer(
        (time, height, width, values) in (1usize..4, 1usize..20, 1usize..20).prop_flat_map(|(time, height, width)| {
            let value = prop_oneof![
                8 => -10f32..10.0,
                1 => Just(f32::NAN),
                1 => Just(f32::INFINITY),
                1 => Just(f32::MAX),
            ];
            let frames = proptest::collection::vec(value, time * height * width);
            (Just(time), Just(height), Just(width), frames)
        })
    ) {
        let shape = ClipShape::new([time, 2, 1, height, width]);
        let baseline = Advection::new(&AdvectionConfig::default(), &shape, &Device::flex()).unwrap();
        let newest = values[(time - 1) * height * width..].to_vec();
        let finite = values.iter().all(|value| value.abs() <= 10.0);
        let past = Tensor::from_data(TensorData::new(values, [1, time, 1, height, width]), &Device::flex());
        let forecast: Vec<f32> = baseline.forecast(past, 2).into_data().iter().collect();
        prop_assert_eq!(forecast.len(), 2 * height * width);
        if finite {
            let low = newest.iter().copied().fold(f32::INFINITY, f32::min) - 1e-4;
            let high = newest.iter().copied().fold(f32::NEG_INFINITY, f32::max) + 1e-4;
            prop_assert!(forecast.iter().all(|value| (low..=high).contains(value)));
        }
    }
}
