use crate::planes::Planes;
use crate::sums::Mean;

/// Structural similarity of two images with a separable window (Wang, Bovik, Sheikh, Simoncelli 2004, eq. 13).
#[derive(Debug, Clone)]
pub(crate) struct Ssim {
    /// One half of the symmetric window, from the center outwards; the whole sums to one.
    taps: Vec<f64>,
    /// Turns the window's weighted covariance into the one that is used.
    covariance: f64,
    c1: f64,
    c2: f64,
}

impl Ssim {
    /// The 7x7 uniform window of scikit-image's default, with its sample covariance (49/48).
    pub(crate) fn uniform(data_range: f64) -> Self {
        Self {
            covariance: 49.0 / 48.0,
            ..Self::new(vec![1.0 / 7.0; 4], data_range)
        }
    }

    /// The 11x11 Gaussian window with a standard deviation of 1.5 pixels of Wang et al. 2004.
    pub(crate) fn gaussian(data_range: f64) -> Self {
        let half: Vec<f64> = (0..6).map(|i| (-f64::from(i * i) / (2.0 * 1.5 * 1.5)).exp()).collect();
        let sum = half[0] + 2.0 * half[1..].iter().sum::<f64>();
        Self::new(half.iter().map(|tap| tap / sum).collect(), data_range)
    }

    fn new(taps: Vec<f64>, data_range: f64) -> Self {
        Self {
            taps,
            covariance: 1.0,
            c1: (0.01 * data_range).powi(2),
            c2: (0.03 * data_range).powi(2),
        }
    }

    /// Side of the window.
    pub(crate) fn side(&self) -> usize {
        2 * self.taps.len() - 1
    }

    /// Mean over every place where the whole window lies inside the images, which must not be smaller than it, and no cell
    /// is missing.
    pub(crate) fn mean(&self, planes: &mut Planes) -> Mean {
        let (width, side) = (planes.width, self.side());
        let (height, columns) = (planes.truth.len() / width, width + 1 - side);
        let mut moments: [Vec<f64>; 4] = std::array::from_fn(|_| vec![0.0; columns]);
        let mut row = std::mem::take(&mut planes.row);
        let mut mean = Mean::default();
        for top in 0..=height - side {
            let of = [&planes.forecast, &planes.truth, &planes.squares, &planes.products];
            for (plane, moment) in of.into_iter().zip(&mut moments) {
                self.window(&plane[top * width..], width, &mut row, moment);
            }
            let [x, y, squares, products] = &moments;
            for (left, (((&x, &y), &squares), &products)) in x.iter().zip(y).zip(squares).zip(products).enumerate() {
                if !planes.is_whole_at(top, left, side) {
                    continue;
                }
                let (of_means, mean_squares) = (x * y, x * x + y * y);
                let covariance = self.covariance * (products - of_means);
                let variances = self.covariance * (squares - mean_squares);
                mean.sum += ((2.0 * of_means + self.c1) * (2.0 * covariance + self.c2))
                    / ((mean_squares + self.c1) * (variances + self.c2));
                mean.count += 1.0;
            }
        }
        planes.row = row;
        mean
    }

    /// Weighted mean of the windows whose first row is the plane's first row, from left to right.
    fn window(&self, plane: &[f64], width: usize, row: &mut [f64], out: &mut [f64]) {
        let center = self.taps.len() - 1;
        for (sum, value) in row.iter_mut().zip(&plane[center * width..]) {
            *sum = self.taps[0] * value;
        }
        for (distance, tap) in self.taps.iter().enumerate().skip(1) {
            let (above, below) = (
                &plane[(center - distance) * width..],
                &plane[(center + distance) * width..],
            );
            for ((sum, above), below) in row.iter_mut().zip(above).zip(below) {
                *sum += tap * (above + below);
            }
        }
        for (sum, value) in out.iter_mut().zip(&row[center..]) {
            *sum = self.taps[0] * value;
        }
        for (distance, tap) in self.taps.iter().enumerate().skip(1) {
            let (left, right) = (&row[center - distance..], &row[center + distance..]);
            for ((sum, left), right) in out.iter_mut().zip(left).zip(right) {
                *sum += tap * (left + right);
            }
        }
    }
}
