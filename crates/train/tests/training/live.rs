//! Frames that come one by one.

use burn::tensor::Device;
use foreframe_train::Model;
use foreframe_train::live::{Arrival, Live, LiveError, LiveOptions};

use crate::fading::{CLIP, Fading, START, STEP, expected, frame, header, live, live_options, network};

fn values(live: &Live) -> Option<Vec<f32>> {
    live.forecast().unwrap().map(|forecast| forecast.values)
}

#[test]
fn a_forecast_is_that_of_the_newest_frames_or_of_all() {
    let mut window = live(LiveOptions {
        horizon: Some(4),
        ..LiveOptions::default()
    });
    let mut stateful = live(LiveOptions {
        keep_state: true,
        ..LiveOptions::default()
    });
    let mut every_other = live(LiveOptions {
        stride: 2,
        ..LiveOptions::default()
    });
    for number in 0..9 {
        let time = Some(START + number as i64 * STEP);
        for live in [&mut window, &mut stateful, &mut every_other] {
            assert_eq!(live.push(time, frame(number)), Ok(Arrival::Next));
        }
        let seen: Vec<usize> = (0..=number).collect();
        assert_eq!(
            values(&window),
            (number >= 2).then(|| expected(&seen[seen.len().max(3) - 3..], 4))
        );
        assert_eq!(values(&stateful), (number >= 2).then(|| expected(&seen, 2)));
        let strided = (number >= 4).then(|| expected(&[number.max(4) - 4, number.max(2) - 2, number], 2));
        assert_eq!(values(&every_other), strided);
    }
    let forecast = every_other.forecast().unwrap().unwrap();
    assert_eq!(
        (forecast.time, forecast.seconds),
        (Some(START + 8 * STEP), Some(2 * STEP))
    );
}

#[test]
fn gaps_begin_anew_or_are_filled_and_late_frames_are_refused() {
    let at = |step: i64| Some(START + step * STEP);
    for keep_state in [false, true] {
        let options = LiveOptions {
            fill: 1,
            keep_state,
            ..LiveOptions::default()
        };
        let mut whole = live(live_options(keep_state));
        let mut live = live(options);
        // The usual step is not known yet: what seems to be one of 600 s turns out to be a gap.
        for (step, number) in [(-2, 9), (0, 0), (1, 1)] {
            assert_eq!(live.push(at(step), frame(number)), Ok(Arrival::Next));
        }
        assert_eq!(live.lacking(), 1);
        assert_eq!(live.push(at(3), vec![3.0, 9.0]), Ok(Arrival::Filled(1)));
        let forecast = live.forecast().unwrap().unwrap();
        assert_eq!(forecast.filled, 1);
        // Halfway between 1, 1 and 3, 9 lies 2, 5.
        for (step, values) in [
            (0, vec![0.0, 0.0]),
            (1, vec![1.0, 1.0]),
            (2, vec![2.0, 5.0]),
            (3, vec![3.0, 9.0]),
        ] {
            whole.push(at(step), values).unwrap();
        }
        assert_eq!(Some(forecast.values), values(&whole));
        let late = live.push(at(2), frame(2)).unwrap_err().to_string();
        assert_eq!(
            late,
            "its frame of 2024-03-01T00:00:00Z comes after one of 2024-03-01T00:05:00Z"
        );
        assert!(matches!(live.push(at(3), frame(3)), Err(LiveError::Late { .. })));
        assert_eq!(live.push(at(4), vec![f32::INFINITY, 0.0]), Err(LiveError::NotFinite));
        let gap = Arrival::Gap {
            seconds: 3 * STEP,
            usual: STEP,
        };
        assert_eq!(live.push(at(6), frame(0)), Ok(gap));
        assert_eq!((live.lacking(), values(&live)), (2, None));
        live.push(at(7), frame(1)).unwrap();
        live.push(at(8), frame(2)).unwrap();
        assert_eq!(values(&live), Some(expected(&[0, 1, 2], 2)));
    }
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let refused = |options| {
        Live::new(network(), &header(network().as_ref()), options)
            .err()
            .unwrap()
            .to_string()
    };
    let zero = LiveOptions {
        horizon: Some(0),
        ..LiveOptions::default()
    };
    assert!(refused(zero).contains("`horizon` is 0"));
    let strided = LiveOptions {
        stride: 2,
        ..live_options(true)
    };
    assert!(refused(strided).contains("`data.step` is 2"));
    let plain = (Model::of::<Fading>().build)(&Default::default(), &CLIP, &Device::flex()).unwrap();
    let header = header(plain.as_ref());
    let error = Live::new(plain, &header, live_options(true)).err().unwrap();
    assert!(
        error.to_string().contains("`fading` does not read frame by frame"),
        "{error}"
    );
}
