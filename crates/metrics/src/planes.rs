/// One channel of a forecast frame and of its truth in physical units, H x W, and where there is no truth.
///
/// Where the truth is missing both are 0, so that sums of errors need not ask.
#[derive(Debug, Clone)]
pub(crate) struct Planes {
    pub(crate) forecast: Vec<f64>,
    pub(crate) truth: Vec<f64>,
    /// Whether there is a truth, cell by cell.
    pub(crate) present: Vec<bool>,
    /// Cells with a truth.
    pub(crate) cells: usize,
    /// Of both: sums of squares and products, which several windows share.
    pub(crate) squares: Vec<f64>,
    pub(crate) products: Vec<f64>,
    pub(crate) width: usize,
    pub(crate) row: Vec<f64>,
    /// Summed-area table of the missing cells, `[height + 1, width + 1]`.
    holes: Vec<u32>,
}

impl Planes {
    pub(crate) fn new(height: usize, width: usize) -> Self {
        let plane = || vec![0.0; height * width];
        Self {
            forecast: plane(),
            truth: plane(),
            present: vec![true; height * width],
            cells: height * width,
            squares: plane(),
            products: plane(),
            width,
            row: vec![0.0; width],
            holes: vec![0; (height + 1) * (width + 1)],
        }
    }

    /// Takes a channel of a frame, normalized; a truth that is NaN is missing.
    pub(crate) fn load(&mut self, forecast: &[f32], truth: &[f32], (mean, std): (f64, f64)) {
        self.cells = 0;
        let given = forecast.iter().zip(truth);
        let own = self.forecast.iter_mut().zip(&mut self.truth).zip(&mut self.present);
        for ((&forecast, &truth), ((own_forecast, own_truth), present)) in given.zip(own) {
            *present = !truth.is_nan();
            self.cells += usize::from(*present);
            (*own_forecast, *own_truth) = match *present {
                true => (f64::from(forecast) * std + mean, f64::from(truth) * std + mean),
                false => (0.0, 0.0),
            };
        }
        if !self.is_whole() {
            self.count_holes();
        }
    }

    /// Takes what is in `planes`, the forecast clipped to 0..1.
    pub(crate) fn clip(&mut self, planes: &Self) {
        for (own, forecast) in self.forecast.iter_mut().zip(&planes.forecast) {
            *own = forecast.clamp(0.0, 1.0);
        }
        self.truth.copy_from_slice(&planes.truth);
        self.present.copy_from_slice(&planes.present);
        self.cells = planes.cells;
        if !self.is_whole() {
            self.holes.copy_from_slice(&planes.holes);
        }
    }

    /// Whether there is a truth everywhere.
    pub(crate) fn is_whole(&self) -> bool {
        self.cells == self.present.len()
    }

    /// Brings the second moments up to date with `forecast` and `truth`.
    pub(crate) fn multiply(&mut self) {
        let values = self.forecast.iter().zip(&self.truth);
        for ((&x, &y), (square, product)) in values.zip(self.squares.iter_mut().zip(&mut self.products)) {
            *square = x * x + y * y;
            *product = x * y;
        }
    }

    fn count_holes(&mut self) {
        let stride = self.width + 1;
        for (row, present) in self.present.chunks_exact(self.width).enumerate() {
            let (above, below) = self.holes[row * stride..].split_at_mut(stride);
            let mut holes = 0u32;
            for ((present, above), below) in present.iter().zip(&above[1..]).zip(&mut below[1..]) {
                holes += u32::from(!present);
                *below = above.wrapping_add(holes);
            }
        }
    }

    /// Whether there is a truth everywhere in the square of `side` cells with this upper left corner.
    pub(crate) fn is_whole_at(&self, top: usize, left: usize, side: usize) -> bool {
        if self.is_whole() {
            return true;
        }
        let stride = self.width + 1;
        let at = |row: usize, column: usize| self.holes[row * stride + column];
        let below = at(top + side, left + side).wrapping_sub(at(top + side, left));
        below == at(top, left + side).wrapping_sub(at(top, left))
    }
}
