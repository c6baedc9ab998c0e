//! The outcome of a frame.

/// Relation of a frame to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// The next one, or the first.
    Next,
    /// So many frames between were missing and are interpolated.
    Filled(usize),
    /// It does not follow the one before it, `seconds` earlier: the history begins anew with it.
    Gap {
        /// Seconds from the frame before.
        seconds: i64,
        /// The usual ones.
        usual: i64,
    },
}

/// The forecast after the newest frame.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveForecast {
    /// `[horizon, channels to forecast, height, width]`, in physical units.
    pub values: Vec<f32>,
    /// The four sizes.
    pub shape: [usize; 4],
    /// When the newest frame was taken, in seconds since 1970.
    pub time: Option<i64>,
    /// Seconds from one forecast frame to the next, where they are known.
    pub seconds: Option<i64>,
    /// Frames that the forecast is made from.
    pub observed: usize,
    /// Those of them that were missing and are interpolated.
    pub filled: usize,
}
