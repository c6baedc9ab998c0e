use crate::ScoreError;

/// Clips with values that are not finite.
#[derive(Debug, Clone, Default)]
pub(crate) struct NonFiniteClips {
    clips: usize,
    /// Clip from 0, lead time from 1.
    first: Option<(usize, usize)>,
}

impl NonFiniteClips {
    pub(crate) fn note(&mut self, place: Option<(usize, usize)>) {
        self.clips += usize::from(place.is_some());
        self.first = self.first.or(place);
    }

    pub(crate) fn merge(&mut self, other: &Self, clips_before: usize) {
        self.clips += other.clips;
        self.first = self
            .first
            .or(other.first.map(|(clip, lead_time)| (clip + clips_before, lead_time)));
    }

    /// Refuses to score where anything was noted; `of` clips were added in all.
    pub(crate) fn refuse(&self, what: &'static str, of: usize, remedy: &'static str) -> Result<(), ScoreError> {
        match self.first {
            None => Ok(()),
            Some((clip, lead_time)) => Err(ScoreError::NotFinite {
                what,
                clips: self.clips,
                of,
                clip,
                lead_time,
                remedy,
            }),
        }
    }
}
