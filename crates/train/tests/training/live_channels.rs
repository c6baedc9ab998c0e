//! Frames that come one by one and of which only some channels are forecast.

use std::sync::Arc;

use burn::tensor::Device;
use foreframe_core::ClipShape;
use foreframe_data::{Channels, DataConfig, Normalization, TimeEncoding};
use foreframe_train::Model;
use foreframe_train::live::{Arrival, Live, LiveError, LiveOptions};
use foreframe_train::weights::WeightsHeader;

use crate::fading::{CLIP, Fading, START, STEP, frame, live_options};

/// One channel to forecast, one that is only read, a static field and the hour of the day.
fn channels() -> Channels {
    Channels {
        names: ["rain", "wind", "land", "hour-sine", "hour-cosine"]
            .map(str::to_owned)
            .to_vec(),
        targets: 1,
        observed: 2,
        of_frame: 2,
        chosen: vec![1, 0],
        seconds: Some(STEP),
        fixed: Arc::from([7.0, -7.0]),
        data: DataConfig {
            time_encodings: vec![TimeEncoding::Hour],
            ..DataConfig::default()
        },
    }
}

fn live_of_channels(options: LiveOptions) -> Result<Live, LiveError> {
    let clip = ClipShape { channels: 5, ..CLIP };
    let network = (Model::recurrent::<Fading>().build)(&Default::default(), &clip, &Device::flex()).unwrap();
    let normalization = Normalization {
        mean: vec![1.0, 5.0, 0.0, 0.0, 0.0],
        std: vec![2.0, 4.0, 1.0, 1.0, 1.0],
    };
    let header = WeightsHeader {
        channels: Some(channels()),
        ..WeightsHeader::of(network.as_ref(), &normalization, "a test")
    };
    Live::new(network, &header, options)
}

fn observed(number: usize) -> Vec<f32> {
    [frame(number), vec![3.0 * number as f32, 2.0]].concat()
}

/// `fading` by hand: half of what it reads and half of what it remembers. Of the frames to come it reads its own rain; the
/// other channels are apart from it.
fn faded(rain: impl Iterator<Item = f32>, horizon: usize) -> Vec<f32> {
    let mut state = rain.fold(0.0, |state, rain| 0.5 * ((rain - 1.0) / 2.0 + state));
    let mut answers = Vec::new();
    for _ in 0..horizon {
        answers.push(state * 2.0 + 1.0);
        state = 0.5 * (state + state);
    }
    answers
}

#[test]
fn channels_that_are_only_read_are_put_together_and_not_forecast() {
    for keep_state in [false, true] {
        let mut live = live_of_channels(live_options(keep_state)).unwrap();
        let size = |live: &Live, size| live.check(size).map_err(|error| error.to_string());
        assert_eq!(size(&live, [2, 1, 2]), Ok(()));
        assert!(size(&live, [5, 1, 2]).unwrap_err().contains("[2, 1, 2]"));
        assert_eq!(live.push(None, observed(0)), Err(LiveError::NoTime));
        for number in 0..5 {
            let time = Some(START + number as i64 * STEP);
            assert_eq!(live.push(time, observed(number)), Ok(Arrival::Next));
            let forecast = live.forecast().unwrap();
            assert_eq!(forecast.is_some(), number >= 2);
            let Some(forecast) = forecast else { continue };
            assert_eq!(forecast.shape, [2, 1, 1, 2]);
            let first = if keep_state { 0 } else { number - 2 };
            for (pixel, values) in [0, 1].map(|pixel| (pixel, faded((first..=number).map(|n| frame(n)[pixel]), 2))) {
                let found = [forecast.values[pixel], forecast.values[2 + pixel]];
                let near = found.iter().zip(&values).all(|(a, b)| (a - b).abs() < 1e-4);
                assert!(near, "{found:?}, expected {values:?}");
            }
        }
        let gap = live.push(Some(START + 7 * STEP), observed(7)).unwrap();
        assert!(
            matches!(gap, Arrival::Gap { seconds, .. } if seconds == 3 * STEP),
            "{gap:?}"
        );
        assert_eq!(live.forecast(), Ok(None));
    }
}

#[test]
fn frames_at_another_interval_are_refused_unless_it_was_told() {
    // Frames that come at half the pace.
    let reached = |seconds: Option<i64>| {
        let mut live = live_of_channels(LiveOptions {
            seconds,
            ..LiveOptions::default()
        })
        .unwrap();
        for number in 0..3 {
            live.push(Some(START + number as i64 * 2 * STEP), observed(number))
                .unwrap();
        }
        let forecast = live.forecast()?;
        Ok(forecast.map(|forecast| forecast.seconds))
    };
    let refused = LiveError::Interval {
        found: 2 * STEP,
        trained: STEP,
    };
    assert_eq!(reached(None), Err(refused));
    assert_eq!(reached(Some(2 * STEP)), Ok(Some(Some(2 * STEP))));
}
