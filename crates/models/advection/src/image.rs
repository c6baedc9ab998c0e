//! Single fields, and what the estimation of motion does with them.

/// A field `[height, width]`.
#[derive(Clone, Debug)]
pub(crate) struct Image {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) values: Vec<f32>,
}

impl Image {
    pub(crate) fn zeros(height: usize, width: usize) -> Self {
        Self {
            height,
            width,
            values: vec![0.0; height * width],
        }
    }

    /// The value at a place between pixels, bilinearly; beyond the border it is the border's.
    pub(crate) fn at(&self, row: f32, column: f32) -> f32 {
        // `max` and `min` drop NaN, so that a broken place reads the first pixel.
        let inside = |place: f32, side: usize| place.max(0.0).min((side - 1) as f32);
        let (row, column) = (inside(row, self.height), inside(column, self.width));
        let (top, left) = (row as usize, column as usize);
        let (bottom, right) = ((top + 1).min(self.height - 1), (left + 1).min(self.width - 1));
        let (down, along) = (row - top as f32, column - left as f32);
        let line = |row: usize| {
            let values = &self.values[row * self.width..][..self.width];
            values[left] + along * (values[right] - values[left])
        };
        let (above, below) = (line(top), line(bottom));
        above + down * (below - above)
    }

    /// Half the size, rounded up: means of two by two pixels.
    pub(crate) fn halved(&self) -> Self {
        let (height, width) = (self.height.div_ceil(2), self.width.div_ceil(2));
        let mut half = Self::zeros(height, width);
        for (index, value) in half.values.iter_mut().enumerate() {
            let (row, column) = (2 * (index / width), 2 * (index % width));
            let (below, right) = ((row + 1).min(self.height - 1), (column + 1).min(self.width - 1));
            let pixel = |row: usize, column: usize| self.values[row * self.width + column];
            *value = 0.25 * (pixel(row, column) + pixel(row, right) + pixel(below, column) + pixel(below, right));
        }
        half
    }

    /// The field on a grid of twice the resolution, with values in pixels of that grid.
    pub(crate) fn doubled(&self, height: usize, width: usize) -> Self {
        let mut double = Self::zeros(height, width);
        let place = |fine: usize| (fine as f32 - 0.5) / 2.0;
        for (index, value) in double.values.iter_mut().enumerate() {
            *value = 2.0 * self.at(place(index / width), place(index % width));
        }
        double
    }

    /// Half the difference of a pixel's neighbors, downwards and to the right.
    pub(crate) fn slope(&self, row: usize, column: usize) -> (f32, f32) {
        let pixel = |row: usize, column: usize| self.values[row * self.width + column];
        let (above, below) = (row.saturating_sub(1), (row + 1).min(self.height - 1));
        let (left, right) = (column.saturating_sub(1), (column + 1).min(self.width - 1));
        let down = 0.5 * (pixel(below, column) - pixel(above, column));
        (down, 0.5 * (pixel(row, right) - pixel(row, left)))
    }

    /// Weighted mean of the surroundings; `taps` is one half of a symmetric window, from its center outwards.
    pub(crate) fn smooth(&mut self, taps: &[f32]) {
        let (height, width) = (self.height, self.width);
        let mut line = vec![0.0; height.max(width)];
        let mut along = |values: &mut [f32], start: usize, stride: usize, count: usize| {
            for (place, value) in line[..count].iter_mut().enumerate() {
                let at = |place: usize| values[start + place * stride];
                *value = taps[0] * at(place);
                for (distance, tap) in taps.iter().enumerate().skip(1) {
                    *value += tap * (at(place.saturating_sub(distance)) + at((place + distance).min(count - 1)));
                }
            }
            for (place, value) in line[..count].iter().enumerate() {
                values[start + place * stride] = *value;
            }
        };
        for row in 0..height {
            along(&mut self.values, row * width, 1, width);
        }
        for column in 0..width {
            along(&mut self.values, column, width, height);
        }
    }
}

/// One half of a Gaussian window that sums to 1; only the center for a standard deviation of 0.
pub(crate) fn gaussian(deviation: f64) -> Vec<f32> {
    let reach = (3.0 * deviation).ceil() as usize;
    let tap = |distance: usize| (-((distance as f64) / deviation.max(1e-9)).powi(2) / 2.0).exp();
    let sum = tap(0) + 2.0 * (1..=reach).map(tap).sum::<f64>();
    (0..=reach).map(|distance| (tap(distance) / sum) as f32).collect()
}
