//! Means of frames by their times.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::config::By;

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

/// Month and hour of a frame; `None` where its time is not known.
type Moment = Option<(u8, u8)>;

/// Sums of frames by month and hour.
#[derive(Clone, Debug, Default)]
pub struct Sums {
    of: BTreeMap<Moment, Sum>,
    /// The first and the last time.
    span: Option<(i64, i64)>,
}

#[derive(Clone, Debug, Default)]
struct Sum {
    values: Vec<f64>,
    counts: Vec<u32>,
}

impl Sums {
    /// Adds a frame; what is missing in it does not count.
    pub(crate) fn add(&mut self, frame: &[f32], time: Option<i64>) {
        let sum = self.of.entry(time.and_then(moment)).or_default();
        sum.values.resize(frame.len(), 0.0);
        sum.counts.resize(frame.len(), 0);
        for ((sum, count), value) in sum.values.iter_mut().zip(&mut sum.counts).zip(frame) {
            if !value.is_nan() {
                *sum += f64::from(*value);
                *count += 1;
            }
        }
        if let Some(time) = time {
            let (first, last) = self.span.unwrap_or((time, time));
            self.span = Some((first.min(time), last.max(time)));
        }
    }

    /// The means of all frames, and the finer ones that are asked for.
    pub(crate) fn normals(self, by: By) -> Normals {
        let length = self.span.map_or(0, |(first, last)| last.saturating_sub(first));
        // A span of two days ends one step before the second day is over.
        let hours = by == By::Hour || by == By::MonthAndHour || by == By::Auto && length >= 2 * DAY - 3600;
        let months = by == By::MonthAndHour || by == By::Auto && length >= 2 * YEAR - DAY;
        let mut all = Sum::default();
        let mut of_hour: BTreeMap<u8, Sum> = BTreeMap::new();
        for (moment, sum) in &self.of {
            all.add(sum);
            if let (true, Some((_, hour))) = (hours, moment) {
                of_hour.entry(*hour).or_default().add(sum);
            }
        }
        let fallback = all.mean(None);
        let of_hour: BTreeMap<u8, Vec<f32>> = of_hour
            .into_iter()
            .map(|(hour, sum)| (hour, sum.mean(Some(&fallback))))
            .collect();
        let of_month = self.of.into_iter().filter_map(|(moment, sum)| {
            let (month, hour) = moment.filter(|_| months)?;
            Some(((month, hour), sum.mean(of_hour.get(&hour).map(Vec::as_slice))))
        });
        Normals {
            of_month: of_month.collect(),
            of_hour,
            all: fallback,
        }
    }
}

impl Sum {
    fn add(&mut self, other: &Self) {
        self.values.resize(other.values.len(), 0.0);
        self.counts.resize(other.counts.len(), 0);
        self.values
            .iter_mut()
            .zip(&other.values)
            .for_each(|(own, other)| *own += other);
        self.counts
            .iter_mut()
            .zip(&other.counts)
            .for_each(|(own, other)| *own += other);
    }

    /// The mean; where nothing was counted that of `coarser`, else 0.
    fn mean(&self, coarser: Option<&[f32]>) -> Vec<f32> {
        let sums = self.values.iter().zip(&self.counts).enumerate();
        let mean = |(at, (sum, count)): (usize, (&f64, &u32))| match count {
            0 => coarser.map_or(0.0, |coarser| coarser[at]),
            _ => (sum / f64::from(*count)) as f32,
        };
        sums.map(mean).collect()
    }
}

/// Climatological mean of every pixel, `[channels, height, width]`, normalized.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Normals {
    of_month: BTreeMap<(u8, u8), Vec<f32>>,
    of_hour: BTreeMap<u8, Vec<f32>>,
    /// Empty before anything was seen.
    all: Vec<f32>,
}

impl Normals {
    /// Climatological mean at a time; `None` before anything was seen.
    pub(crate) fn at(&self, time: Option<i64>) -> Option<&[f32]> {
        let fine = time.and_then(moment).and_then(|(month, hour)| {
            let of_month = self.of_month.get(&(month, hour));
            of_month.or_else(|| self.of_hour.get(&hour))
        });
        let normal = fine.unwrap_or(&self.all);
        (!normal.is_empty()).then_some(normal)
    }
}

fn moment(time: i64) -> Moment {
    let moment = Timestamp::from_second(time).ok()?.to_zoned(TimeZone::UTC);
    Some((moment.month().unsigned_abs(), moment.hour().unsigned_abs()))
}
