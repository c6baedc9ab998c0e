//! Options of live forecasting.

/// How to forecast as frames come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveOptions {
    /// Frames to forecast; as many as the network was trained for when absent.
    pub horizon: Option<usize>,
    /// Frames from one frame that the network looks at to its next, as in training (`data.step`); forecasts are as far apart.
    pub stride: usize,
    /// Seconds from one frame to the next; the usual ones when absent.
    pub seconds: Option<i64>,
    /// Gaps of up to so many missing frames are filled by linear interpolation; at longer ones the history begins anew.
    pub fill: usize,
    /// Keep a recurrent network's state, so that it remembers everything since the last gap and a frame costs one step.
    /// Otherwise a network looks at as many of the newest frames as it did in training.
    pub keep_state: bool,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            horizon: None,
            stride: 1,
            seconds: None,
            fill: 0,
            keep_state: false,
        }
    }
}
