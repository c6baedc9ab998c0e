//! The usual time between frames.

use foreframe_formats::time::{follows, step};

/// So many of the newest moments decide what is usual.
const REMEMBERED: usize = 64;

/// Learns from the moments of frames what the usual time between two of them is, unless it was given.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    given: Option<i64>,
    moments: Vec<i64>,
}

impl Clock {
    pub(super) const fn new(given: Option<i64>) -> Self {
        Self {
            given,
            moments: Vec::new(),
        }
    }

    /// Takes note of a moment after all others.
    pub(super) fn note(&mut self, time: i64) {
        if self.moments.len() >= REMEMBERED {
            self.moments.remove(0);
        }
        self.moments.push(time);
    }

    /// So many moments before the last were missing, and are known now.
    pub(super) fn fill(&mut self, missing: usize) {
        if let [.., before, last] = self.moments[..] {
            self.moments.pop();
            let between = |step: i64| before + (last - before) * step / (missing as i64 + 1);
            (1..=missing as i64).for_each(|step| self.note(between(step)));
            self.note(last);
        }
    }

    /// Usual seconds from one frame to the next; unknown before there were two.
    ///
    /// Where frames are missing the time between two is a multiple of the usual one, so it is the smallest that at least a
    /// third of all pairs of frames have, give or take a quarter, that counts, however many gaps there are.
    pub(super) fn step(&self) -> Option<i64> {
        if self.given.is_some() {
            return self.given;
        }
        let mut differences: Vec<i64> = self.moments.windows(2).map(|pair| pair[1] - pair[0]).collect();
        differences.sort_unstable();
        let alike = |usual: &i64| {
            differences
                .iter()
                .filter(|difference| follows(**difference, *usual))
                .count()
        };
        let Some(usual) = differences.iter().find(|usual| 3 * alike(usual) >= differences.len()) else {
            return step(&self.moments);
        };
        // Of those that are alike, the most frequent; the smallest of several.
        let mut best = (0, *usual);
        for group in differences
            .chunk_by(|a, b| a == b)
            .filter(|group| follows(group[0], *usual))
        {
            if group.len() > best.0 {
                best = (group.len(), group[0]);
            }
        }
        Some(best.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual(moments: &[i64]) -> Option<i64> {
        let mut clock = Clock::new(None);
        moments.iter().for_each(|moment| clock.note(*moment));
        clock.step()
    }

    #[test]
    fn gaps_and_jitter_do_not_hide_the_usual_step() {
        assert_eq!(usual(&[0]), None);
        assert_eq!(usual(&[0, 600, 900]), Some(300));
        assert_eq!(usual(&[0, 600, 900, 1500]), Some(300));
        assert_eq!(usual(&[0, 299, 600, 900, 1201, 1500]), Some(299));
        assert_eq!(usual(&[0, 299, 600, 900, 1200, 1501]), Some(300));
        // A frame out of turn is forgotten.
        assert_eq!(usual(&[0, 150, 300, 600, 900, 1200, 1500, 1800, 2100]), Some(300));
        assert_eq!(
            usual(
                &(0..200)
                    .map(|step| if step < 100 { step * 60 } else { step * 600 })
                    .collect::<Vec<_>>()
            ),
            Some(600)
        );
        let mut clock = Clock::new(None);
        [0, 300, 1200].into_iter().for_each(|moment| clock.note(moment));
        clock.fill(2);
        assert_eq!(clock.moments, [0, 300, 600, 900, 1200]);
        assert_eq!(Clock::new(Some(7)).step(), Some(7));
    }
}
