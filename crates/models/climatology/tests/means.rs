//! Means by hour and month, by hand.

use burn::tensor::{Device, Tensor};
use foreframe_climatology::{By, Climatology, ClimatologyConfig, Sums};
use foreframe_core::{Ahead, Architecture, ClipShape, Fitted, Forecast};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// 2021-03-01 00:00 UTC, after which no leap day comes for two years.
const MARCH: i64 = 1_614_556_800;

fn fitted(by: By, frames: impl Iterator<Item = (Option<i64>, f32)>) -> Climatology {
    let mut sums = Sums::default();
    for (time, value) in frames {
        Climatology::see(&mut sums, &[value, if value > 5.0 { f32::NAN } else { -value }], time);
    }
    let clip = ClipShape::new([1, 2, 1, 1, 2]);
    let model = Climatology::new(&ClimatologyConfig { by }, &clip, &Device::flex()).unwrap();
    model.fitted(sums)
}

/// The forecasts of one clip for these times.
fn at(model: &Climatology, times: Option<Vec<i64>>, horizon: usize) -> Vec<f32> {
    let past = Tensor::zeros([1, 1, 1, 1, 2], &Device::flex());
    model
        .forecast_ahead(past, &Ahead::frames(horizon).at(vec![times]))
        .into_data()
        .try_to_vec()
        .unwrap()
}

/// Two days of hours: the value is the hour of the day, on the second day 1 more.
fn two_days() -> impl Iterator<Item = (Option<i64>, f32)> {
    (0..48).map(|hour| (Some(MARCH + hour * HOUR), (hour % 24 + hour / 24) as f32))
}

#[test]
fn two_days_are_enough_for_the_hour_of_the_day() {
    let by_hour = fitted(By::Auto, two_days());
    // 01:30 and 23:00 of another day; the second pixel is missing from 6 on, where the mean of all is taken.
    let later = MARCH + 40 * DAY;
    let all = -(0..=5).chain(1..=5).sum::<i32>() as f32 / 11.0;
    let found = at(&by_hour, Some(vec![later + HOUR + HOUR / 2, later + 23 * HOUR]), 2);
    assert_eq!(found, [1.5, -1.5, 23.5, all]);
    // Without times, and after the known ones, it is the mean of all.
    assert_eq!(at(&by_hour, None, 1), [12.0, all]);
    assert_eq!(at(&by_hour, Some(vec![later]), 2), [0.5, -0.5, 12.0, all]);
    assert_eq!(at(&fitted(By::All, two_days()), Some(vec![later]), 1), [12.0, all]);
    assert_eq!(
        at(&fitted(By::Auto, two_days().take(40)), Some(vec![later]), 1)[0],
        412.0 / 40.0
    );
}

#[test]
fn months_count_where_there_are_two_years() {
    // Noon of every day of two years: the value is the month, from 0.
    let days = |count: i64| {
        (0..count).map(|day| {
            let time = MARCH + day * DAY + 12 * HOUR;
            (Some(time), ((day % 365) / 31) as f32 / 10.0)
        })
    };
    let (march, noon) = (MARCH + 12 * HOUR, 12 * HOUR);
    let two_years = fitted(By::Auto, days(731));
    assert_eq!(at(&two_years, Some(vec![march]), 1)[0], 0.0);
    // An hour that never was in the training part.
    let everything = at(&two_years, None, 1);
    assert_eq!(at(&two_years, Some(vec![march + HOUR]), 1), everything);
    let one_year = fitted(By::Auto, days(365));
    let of_hour = at(&one_year, Some(vec![march]), 1);
    assert_eq!(of_hour, at(&one_year, Some(vec![march + 200 * DAY]), 1));
    let asked = fitted(By::MonthAndHour, days(60));
    // Of July there is nothing: the hour counts.
    let july = at(&asked, Some(vec![MARCH + 130 * DAY + noon]), 1);
    assert_eq!(july, at(&asked, None, 1));
    assert_ne!(july[0], at(&asked, Some(vec![march]), 1)[0]);
}

#[test]
fn what_has_seen_nothing_forecasts_the_normalized_mean() {
    let model = fitted(By::Auto, std::iter::empty());
    let past = Tensor::ones([3, 1, 1, 1, 2], &Device::flex());
    let forecast = model.forecast(past, 4);
    assert_eq!(forecast.dims(), [3, 4, 1, 1, 2]);
    assert_eq!(forecast.abs().sum().into_scalar::<f32>(), 0.0);
}
