//! How a clip is cut into segments.

/// The segments of one forecast, and the steps that lead to it.
///
/// Frames are cut into *micro* segments of Δt frames each; a *macro* segment is a window of consecutive micro segments
/// that moves on by one of them in each step. A step looks at the newest micro segment and the window that ends with it,
/// and yields the micro segment after them. Observed frames that do not fill their segments are filled up in front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segmentation {
    /// Frames in a micro segment, Δt.
    pub micro: usize,
    /// Micro segments in a window, ⌈ΔT / Δt⌉.
    pub window: usize,
    /// Micro segments of observed frames, ⌈T / Δt⌉, but at least one window.
    pub observed: usize,
    /// Micro segments to predict, ⌈T' / Δt⌉.
    pub predicted: usize,
    /// Empty frames before the observed ones.
    pub padding: usize,
}

impl Segmentation {
    /// The segments for `past` observed and `future` unknown frames, with micro segments of `micro` frames and windows of
    /// `window` of them; all are 1 or more.
    pub const fn new(past: usize, future: usize, micro: usize, window: usize) -> Self {
        let needed = past.div_ceil(micro);
        let observed = if needed < window { window } else { needed };
        Self {
            micro,
            window,
            observed,
            predicted: future.div_ceil(micro),
            padding: observed * micro - past,
        }
    }

    /// Steps that only bring the states up to date: the segment that they would predict was observed.
    pub const fn warm_up(&self) -> usize {
        self.observed - self.window
    }

    /// All steps.
    pub const fn steps(&self) -> usize {
        self.warm_up() + self.predicted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case(10, 10, 1, 10, [10, 10, 10, 0], 10)]
    #[case(10, 10, 2, 10, [5, 5, 5, 0], 5)]
    #[case(10, 10, 5, 10, [2, 2, 2, 0], 2)]
    #[case(10, 10, 10, 10, [1, 1, 1, 0], 1)]
    #[case(10, 10, 1, 1, [1, 10, 10, 0], 19)]
    #[case(4, 4, 2, 4, [2, 2, 2, 0], 2)]
    #[case(12, 12, 3, 12, [4, 4, 4, 0], 4)]
    #[case(10, 20, 10, 10, [1, 1, 2, 0], 2)]
    #[case(10, 1, 5, 10, [2, 2, 1, 0], 1)]
    #[case(13, 12, 13, 13, [1, 1, 1, 0], 1)]
    #[case(4, 1, 2, 4, [2, 2, 1, 0], 1)]
    #[case(5, 5, 2, 5, [3, 3, 3, 1], 3)]
    #[case(4, 6, 2, 2, [1, 2, 3, 0], 4)]
    fn segments_and_steps(
        #[case] past: usize,
        #[case] future: usize,
        #[case] micro: usize,
        #[case] macro_frames: usize,
        #[case] segments: [usize; 4],
        #[case] steps: usize,
    ) {
        let segmentation = Segmentation::new(past, future, micro, macro_frames.div_ceil(micro));
        let [window, observed, predicted, padding] = segments;
        let expected = Segmentation {
            micro,
            window,
            observed,
            predicted,
            padding,
        };
        assert_eq!(segmentation, expected);
        assert_eq!(segmentation.steps(), steps);
        if padding == 0 && future.is_multiple_of(micro) {
            // The count of windows over all frames is the published one; the last of them predicts nothing.
            assert_eq!(steps, (past + future) / micro - window);
        }
    }

    #[test]
    fn a_short_past_is_filled_up_to_one_window() {
        let segmentation = Segmentation::new(3, 4, 2, 3);
        assert_eq!(
            (segmentation.observed, segmentation.padding, segmentation.steps()),
            (3, 3, 2)
        );
    }
}
