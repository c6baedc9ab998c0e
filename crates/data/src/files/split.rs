//! Which frames train, validate and test.

use std::path::Path;

use rand::seq::SliceRandom;

use super::frames::Frames;
use crate::config::check_shares;
use crate::random::{Purpose, stream};
use crate::{DataConfig, DataError, SplitBy};

/// Frames `start..end` of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) recording: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Range {
    pub(super) fn len(self) -> usize {
        self.end - self.start
    }

    /// Number of clips that span `window` frames and begin `stride` frames apart.
    pub(super) fn clips(self, window: usize, stride: usize) -> usize {
        (self.len() + stride).saturating_sub(window) / stride
    }
}

/// The three splits.
#[derive(Debug)]
pub(super) struct Split {
    pub(super) train: Vec<Range>,
    pub(super) validation: Vec<Range>,
    pub(super) test: Vec<Range>,
    pub(super) description: String,
}

/// Splits the recordings at `path` for clips that span `window` frames.
pub(super) fn split(path: &Path, frames: &Frames, config: &DataConfig, window: usize) -> Result<Split, DataError> {
    check_shares(config)?;
    let lengths: Vec<usize> = frames.recordings().iter().map(|recording| recording.frames()).collect();
    assign(&lengths, config, window).map_err(|(problem, remedy)| DataError::file(path, problem, remedy))
}

fn assign(lengths: &[usize], config: &DataConfig, window: usize) -> Result<Split, (String, String)> {
    let needs = format!(
        "a clip of {} past and {} future frames at step {} spans {window}",
        config.past, config.future, config.step
    );
    let mut usable: Vec<usize> = (0..lengths.len())
        .filter(|&recording| lengths[recording] >= window)
        .collect();
    if usable.is_empty() {
        let longest = lengths.iter().max().copied().unwrap_or(0);
        return Err((
            format!("has {longest} frames at most in one recording, but {needs}"),
            "shorten data.past, data.future or data.step, or bring longer recordings".to_owned(),
        ));
    }
    if usable.len() < lengths.len() {
        let short = lengths.len() - usable.len();
        tracing::warn!(
            "{short} of {} recordings are too short and not used: {needs}",
            lengths.len()
        );
    }
    let by = match config.split {
        SplitBy::Auto if usable.len() >= 3 => SplitBy::Clip,
        SplitBy::Auto => SplitBy::Time,
        other => other,
    };
    if by == SplitBy::None {
        let test: Vec<Range> = usable.iter().map(|&recording| whole(recording, lengths)).collect();
        let clips: usize = test.iter().map(|range| range.clips(window, config.stride)).sum();
        return Ok(Split {
            train: Vec::new(),
            validation: Vec::new(),
            test,
            description: format!("{} recordings, not split: {clips} clips", usable.len()),
        });
    }
    if by == SplitBy::RandomClip {
        usable.shuffle(&mut stream(config.seed, Purpose::Assignment, 0, 0));
    }
    let (parts, how) = match by {
        SplitBy::Time => (in_time(&usable, lengths, config, window), "each cut in time"),
        _ => (by_recording(&usable, lengths, config), "whole recordings in each"),
    };
    let counts = parts.each_ref().map(|ranges| {
        let clips: usize = ranges.iter().map(|range| range.clips(window, config.stride)).sum();
        (clips, ranges.iter().map(|range| range.len()).max().unwrap_or(0))
    });
    let wanted = [1.0, config.validation_share, config.test_share].map(|share| share > 0.0);
    let named = counts.iter().zip(["training", "validation", "test"]).zip(wanted);
    for ((clips, longest), name) in named.filter_map(|(split, wanted)| wanted.then_some(split)) {
        if *clips == 0 {
            return Err((
                format!(
                    "leaves {longest} frames for the {name} split ({} recordings of {} frames in all, {how}), but {needs}",
                    usable.len(),
                    usable.iter().map(|&recording| lengths[recording]).sum::<usize>()
                ),
                format!(
                    "shorten data.past, data.future or data.step, change data.split, data.validation_share or \
                     data.test_share, or bring more data ({} frames in one recording always do)",
                    wanted.iter().filter(|wanted| **wanted).count() * window
                ),
            ));
        }
    }
    let [train, validation, test] = parts;
    Ok(Split {
        train,
        validation,
        test,
        description: format!(
            "{} recordings, {how}: {} clips to train, {} to validate, {} to test",
            usable.len(),
            counts[0].0,
            counts[1].0,
            counts[2].0
        ),
    })
}

/// Cuts each recording: its beginning trains, its end tests.
fn in_time(usable: &[usize], lengths: &[usize], config: &DataConfig, window: usize) -> [Vec<Range>; 3] {
    let mut parts = [const { Vec::new() }; 3];
    let others = [config.validation_share, config.test_share].map(|share| usize::from(share > 0.0));
    for &recording in usable {
        let frames = lengths[recording];
        // The shares of a short recording hold no clip; give each split one where there is room for all.
        let roomy = frames >= (1 + others[0] + others[1]) * window;
        let part = |share: f64, available: usize| {
            let part = (frames as f64 * share).round() as usize;
            match share {
                0.0 => 0,
                _ if roomy => part.clamp(window, available - window),
                _ => part.min(available),
            }
        };
        let test = frames - part(config.test_share, frames - if roomy { others[0] * window } else { 0 });
        let validation = test - part(config.validation_share, test);
        let cuts = [(0, validation), (validation, test), (test, frames)];
        for (part, (start, end)) in parts.iter_mut().zip(cuts) {
            part.push(Range { recording, start, end });
        }
    }
    parts
}

/// Gives whole recordings to each split, the last ones to the test.
fn by_recording(usable: &[usize], lengths: &[usize], config: &DataConfig) -> [Vec<Range>; 3] {
    let part = |share: f64| match share {
        0.0 => 0,
        _ => ((usable.len() as f64 * share).round() as usize).max(1),
    };
    let test = usable.len().saturating_sub(part(config.test_share));
    let validation = test.saturating_sub(part(config.validation_share));
    [0..validation, validation..test, test..usable.len()].map(|part| {
        usable[part]
            .iter()
            .map(|&recording| whole(recording, lengths))
            .collect()
    })
}

fn whole(recording: usize, lengths: &[usize]) -> Range {
    Range {
        recording,
        start: 0,
        end: lengths[recording],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn config(split: SplitBy) -> DataConfig {
        DataConfig {
            past: 3,
            future: 2,
            split,
            ..DataConfig::default()
        }
    }

    fn ends(ranges: &[Range]) -> Vec<(usize, usize, usize)> {
        ranges
            .iter()
            .map(|range| (range.recording, range.start, range.end))
            .collect()
    }

    #[test]
    fn one_recording_is_cut_in_time_and_many_are_kept_whole() {
        let split = assign(&[100], &config(SplitBy::Auto), 5).unwrap();
        assert_eq!(ends(&split.train), [(0, 0, 80)]);
        assert_eq!(ends(&split.validation), [(0, 80, 90)]);
        assert_eq!(ends(&split.test), [(0, 90, 100)]);
        assert!(
            split
                .description
                .ends_with("76 clips to train, 6 to validate, 6 to test"),
            "{}",
            split.description
        );
        let split = assign(&[9, 4, 9, 9], &config(SplitBy::Auto), 5).unwrap();
        assert_eq!(ends(&split.train), [(0, 0, 9)]);
        assert_eq!(ends(&split.validation), [(2, 0, 9)]);
        assert_eq!(ends(&split.test), [(3, 0, 9)]);
    }

    #[test]
    fn a_short_recording_gives_each_split_one_clip() {
        let split = assign(&[15], &config(SplitBy::Time), 5).unwrap();
        assert_eq!(ends(&split.validation), [(0, 5, 10)]);
        let (problem, _) = assign(&[14], &config(SplitBy::Time), 5).unwrap_err();
        assert!(
            problem.contains("leaves 1 frames for the validation split"),
            "{problem}"
        );
        let (problem, _) = assign(&[4, 3], &config(SplitBy::Auto), 5).unwrap_err();
        assert!(
            problem.contains("has 4 frames at most") && problem.contains("spans 5"),
            "{problem}"
        );
        let (problem, _) = assign(&[9, 9], &config(SplitBy::Clip), 5).unwrap_err();
        assert!(problem.contains("training split (2 recordings"), "{problem}");
    }

    #[test]
    fn a_share_of_zero_is_no_split_and_nothing_need_be_split() {
        let shares = |validation_share, test_share, split| DataConfig {
            validation_share,
            test_share,
            ..config(split)
        };
        // One clip is enough where all of it trains.
        let split = assign(&[5], &shares(0.0, 0.0, SplitBy::Auto), 5).unwrap();
        assert_eq!(ends(&split.train), [(0, 0, 5)]);
        assert!(
            split
                .description
                .ends_with("1 clips to train, 0 to validate, 0 to test")
        );
        let split = assign(&[10], &shares(0.0, 0.1, SplitBy::Time), 5).unwrap();
        assert_eq!(
            (ends(&split.train), ends(&split.test)),
            (vec![(0, 0, 5)], vec![(0, 5, 10)])
        );
        let (problem, remedy) = assign(&[9], &shares(0.1, 0.0, SplitBy::Time), 5).unwrap_err();
        assert!(problem.contains("for the validation split"), "{problem}");
        assert!(remedy.contains("(10 frames in one recording"), "{remedy}");
        let split = assign(&[9, 9], &shares(0.0, 0.5, SplitBy::Clip), 5).unwrap();
        assert_eq!(
            (ends(&split.train), ends(&split.test)),
            (vec![(0, 0, 9)], vec![(1, 0, 9)])
        );
        let split = assign(&[7, 4, 5], &config(SplitBy::None), 5).unwrap();
        assert!(split.train.is_empty() && split.validation.is_empty());
        assert_eq!(ends(&split.test), [(0, 0, 7), (2, 0, 5)]);
        assert_eq!(split.description, "2 recordings, not split: 4 clips");
    }

    #[test]
    fn random_assignment_is_a_function_of_the_seed() {
        let mut config = config(SplitBy::RandomClip);
        let of = |config: &DataConfig| ends(&assign(&[9; 40], config, 5).unwrap().test);
        let first = of(&config);
        assert_eq!(first, of(&config));
        config.seed = 1;
        assert_ne!(first, of(&config));
    }

    #[test]
    fn shares_that_leave_nothing_are_refused() {
        let refused = |validation_share, test_share| {
            let config = DataConfig {
                validation_share,
                test_share,
                ..DataConfig::default()
            };
            check_shares(&config).unwrap_err().to_string()
        };
        assert!(refused(-0.1, 0.1).contains("data.validation_share"));
        assert!(refused(0.1, f64::NAN).contains("data.test_share"));
        assert!(refused(0.5, 0.5).contains("nothing to train on"));
    }

    fn share() -> impl Strategy<Value = f64> {
        prop_oneof![Just(0.0), 0.01f64..0.49]
    }

    proptest! {
        /// No frame is in two splits, and with room for three every split has a clip.
        #[test]
        fn splits_are_disjoint(
            lengths in proptest::collection::vec(0usize..80, 1..12),
            window in 1usize..12,
            shares in (share(), share()),
            by in proptest::sample::select(
                vec![SplitBy::Auto, SplitBy::Time, SplitBy::Clip, SplitBy::RandomClip, SplitBy::None],
            ),
        ) {
            let config = DataConfig { split: by, validation_share: shares.0, test_share: shares.1, ..DataConfig::default() };
            let Ok(split) = assign(&lengths, &config, window) else {
                prop_assert!(by != SplitBy::Time || lengths.iter().all(|&length| length < 3 * window));
                return Ok(());
            };
            let mut seen = std::collections::HashSet::new();
            prop_assert!(shares.0 > 0.0 || split.validation.iter().all(|range| range.len() == 0));
            for range in split.train.iter().chain(&split.validation).chain(&split.test) {
                prop_assert!(range.start <= range.end && range.end <= lengths[range.recording]);
                for frame in range.start..range.end {
                    prop_assert!(seen.insert((range.recording, frame)));
                }
            }
        }
    }
}
