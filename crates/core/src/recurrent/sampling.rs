//! Scheduled sampling: which true frames a network is shown in training.

use crate::{StepContext, Targets};

/// How likely a recurrent network is shown the true frame in training, rather than its own forecast of it (scheduled
/// sampling, Bengio et al., arXiv:1506.03099).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampling {
    /// For the observed frames after the first, which is always shown (reverse scheduled sampling, Wang et al.,
    /// arXiv:2103.09504, makes this less than 1).
    pub observed: f64,
    /// For the frames of the future.
    pub future: f64,
}

impl Sampling {
    /// As in a forecast: what was observed is shown, the future is not.
    pub const FREE_RUNNING: Self = Self {
        observed: 1.0,
        future: 0.0,
    };

    /// Every true frame is shown.
    pub const TEACHER_FORCING: Self = Self {
        observed: 1.0,
        future: 1.0,
    };
}

impl Default for Sampling {
    fn default() -> Self {
        Self::FREE_RUNNING
    }
}

/// How the likelihood of true frames changes while a network is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SamplingRule {
    /// The future is shown less and less, until forecasts are all that is read.
    Scheduled,
    /// The same, and the past is shown more and more, from every second frame to all.
    Reverse,
    /// Always every true frame.
    TeacherForcing,
    /// Never a future frame.
    FreeRunning,
}

/// Which samples of a batch are shown the true frame at which step; the first frame always is, and so are the channels
/// that are no targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrueFrames {
    /// `shown[time - 1][sample]`
    shown: Vec<Vec<bool>>,
    targets: Targets,
}

impl TrueFrames {
    /// From whether `sample` is shown the true frame at `time`, for the frames 1 to T + T' - 2 that are read after the
    /// first one. All channels are targets.
    pub fn new(batch: usize, past: usize, future: usize, shown: impl Fn(usize, usize) -> bool) -> Self {
        let steps = 1..(past + future).saturating_sub(1);
        Self {
            shown: steps
                .map(|time| (0..batch).map(|sample| shown(time, sample)).collect())
                .collect(),
            targets: Targets::All,
        }
    }

    /// The same with other targets.
    #[must_use]
    pub fn with_targets(mut self, targets: Targets) -> Self {
        self.targets = targets;
        self
    }

    /// One independent draw for every sample and step, the same for the same context.
    pub fn draw(context: &StepContext, batch: usize, past: usize, future: usize) -> Self {
        Self::new(batch, past, future, |time, sample| {
            let likely = match time < past {
                true => context.sampling.observed,
                false => context.sampling.future,
            };
            // 53 bits are all that a float in [0, 1) can hold.
            let bits = StepContext::new((time * batch + sample) as u64, 0, context.seed).seed >> 11;
            (bits as f64) < likely * (1u64 << 53) as f64
        })
        .with_targets(context.targets)
    }

    pub(super) fn targets(&self) -> Targets {
        self.targets
    }

    /// Whether each sample is shown the true frame at `time`.
    pub(super) fn at(&self, time: usize) -> &[bool] {
        match time {
            0 => &[],
            _ => &self.shown[time - 1],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(context: StepContext, times: std::ops::Range<usize>) -> f64 {
        let (batch, past, future) = (500, 10, 10);
        let drawn = TrueFrames::draw(&context, batch, past, future);
        let shown: usize = times
            .clone()
            .map(|time| drawn.at(time).iter().filter(|&&shown| shown).count())
            .sum();
        shown as f64 / (batch * times.len()) as f64
    }

    #[test]
    fn frames_are_shown_as_often_as_asked() {
        for (observed, future) in [(1.0, 0.0), (1.0, 0.3), (0.5, 0.5), (0.9, 0.0), (1.0, 1.0)] {
            let context = StepContext {
                sampling: Sampling { observed, future },
                ..StepContext::new(3, 0, 42)
            };
            assert!((share(context, 1..10) - observed).abs() < 0.03);
            assert!((share(context, 10..19) - future).abs() < 0.03);
        }
    }

    #[test]
    fn draws_are_repeated_by_the_same_step_only() {
        let draw = |iteration| {
            let context = StepContext {
                sampling: Sampling {
                    observed: 0.5,
                    future: 0.5,
                },
                ..StepContext::new(iteration, 0, 42)
            };
            TrueFrames::draw(&context, 4, 5, 5)
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}
