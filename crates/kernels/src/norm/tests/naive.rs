//! The formulas, written for clarity in `f64`.

use crate::pointwise::Activation;
use crate::testing::assert_close;

pub(super) const EPSILON: f32 = 1e-5;

/// Which elements share mean and variance, and which share a weight.
pub(super) struct Naive {
    /// For each element of `x`, the set it is normalized with.
    pub(super) set: Vec<usize>,
    /// For each element of `x`, its weight.
    pub(super) weight: Vec<usize>,
    pub(super) activation: Option<Activation>,
}

fn activate(activation: Option<Activation>, x: f64) -> (f64, f64) {
    match activation {
        Some(Activation::Silu) => {
            let sigmoid = 1.0 / (1.0 + (-x).exp());
            (x * sigmoid, sigmoid * (1.0 + x * (1.0 - sigmoid)))
        }
        Some(Activation::LeakyRelu(slope)) if x <= 0.0 => (x * f64::from(slope), f64::from(slope)),
        _ => (x, 1.0),
    }
}

/// Everything a normalization computes.
#[derive(Debug, PartialEq)]
pub(super) struct Results {
    pub(super) out: Vec<f32>,
    pub(super) mean: Vec<f32>,
    /// The inverse standard deviation, or the variance.
    pub(super) spread: Vec<f32>,
    pub(super) dx: Vec<f32>,
    pub(super) dw: Vec<f32>,
    pub(super) db: Vec<f32>,
}

impl Results {
    pub(super) fn new(len: usize, sets: usize, weights: usize) -> Self {
        let [out, dx] = [(); 2].map(|()| vec![f32::NAN; len]);
        let [mean, spread] = [(); 2].map(|()| vec![f32::NAN; sets]);
        let [dw, db] = [(); 2].map(|()| vec![f32::NAN; weights]);
        Self {
            out,
            mean,
            spread,
            dx,
            dw,
            db,
        }
    }

    pub(super) fn assert_close(&self, expected: &Self) {
        // Deviations come with the mean's rounding, which every division by a small one magnifies.
        let largest = expected.spread.iter().fold(1.0f32, |largest, x| largest.max(*x));
        let relative = |x: &[f32], scale: f32| x.iter().map(|x| x / scale).collect::<Vec<f32>>();
        assert_close(
            "out",
            &relative(&self.out, largest),
            &relative(&expected.out, largest),
            2e-6,
        );
        assert_close("mean", &self.mean, &expected.mean, 3e-7);
        assert_close("spread", &self.spread, &expected.spread, 1e-6);
        assert_close(
            "dx",
            &relative(&self.dx, largest * largest),
            &relative(&expected.dx, largest * largest),
            3e-6,
        );
        assert_close(
            "dw",
            &relative(&self.dw, largest),
            &relative(&expected.dw, largest),
            3e-6,
        );
        assert_close("db", &self.db, &expected.db, 3e-6);
    }
}

impl Naive {
    pub(super) fn new(shape: [usize; 3], set: impl Fn([usize; 3]) -> usize, activation: Option<Activation>) -> Self {
        let [batch, channels, inner] = shape;
        let places = (0..batch * channels * inner).map(|i| [i / inner / channels, i / inner % channels, i % inner]);
        Self {
            set: places.clone().map(set).collect(),
            weight: places.map(|[_, channel, _]| channel).collect(),
            activation,
        }
    }

    pub(super) fn moments(&self, x: &[f64], sets: usize) -> [Vec<f64>; 2] {
        let mut count = vec![0.0; sets];
        let [mut mean, mut variance] = [vec![0.0; sets], vec![0.0; sets]];
        self.set.iter().for_each(|&set| count[set] += 1.0);
        self.set.iter().zip(x).for_each(|(&set, x)| mean[set] += x / count[set]);
        self.set
            .iter()
            .zip(x)
            .for_each(|(&set, x)| variance[set] += (x - mean[set]).powi(2) / count[set]);
        [mean, variance]
    }

    pub(super) fn out(&self, x: &[f64], w: &[f32], b: &[f32], moments: &[Vec<f64>; 2]) -> Vec<f64> {
        let one = |(i, x): (usize, &f64)| {
            let (set, weight) = (self.set[i], self.weight[i]);
            let normal = (x - moments[0][set]) / (moments[1][set] + f64::from(EPSILON)).sqrt();
            activate(self.activation, normal * f64::from(w[weight]) + f64::from(b[weight])).0
        };
        x.iter().enumerate().map(one).collect()
    }

    /// The formulas in `f64`; `constant` takes mean and variance for constants.
    pub(super) fn results(&self, x: &[f32], [w, b]: [&[f32]; 2], grad: &[f32], sets: usize, constant: bool) -> Results {
        let x: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        let moments = self.moments(&x, sets);
        let inverse: Vec<f64> = moments[1]
            .iter()
            .map(|v| 1.0 / (v + f64::from(EPSILON)).sqrt())
            .collect();
        let normal: Vec<f64> = x
            .iter()
            .zip(&self.set)
            .map(|(x, &set)| (x - moments[0][set]) * inverse[set])
            .collect();
        let mut count = vec![0.0; sets];
        self.set.iter().for_each(|&set| count[set] += 1.0);
        let mut sums = vec![[0.0; 2]; sets];
        let [mut dw, mut db] = [vec![0.0; w.len()], vec![0.0; w.len()]];
        let mut d = vec![0.0; x.len()];
        for i in 0..x.len() {
            let (set, weight) = (self.set[i], self.weight[i]);
            let argument = normal[i] * f64::from(w[weight]) + f64::from(b[weight]);
            let slope = f64::from(grad[i]) * activate(self.activation, argument).1;
            dw[weight] += slope * normal[i];
            db[weight] += slope;
            d[i] = slope * f64::from(w[weight]);
            sums[set][0] += d[i] / count[set];
            sums[set][1] += d[i] * normal[i] / count[set];
        }
        let dx = (0..x.len()).map(|i| {
            let set = self.set[i];
            let through = if constant {
                0.0
            } else {
                sums[set][0] + normal[i] * sums[set][1]
            };
            ((d[i] - through) * inverse[set]) as f32
        });
        let narrow = |x: &[f64]| x.iter().map(|&x| x as f32).collect::<Vec<f32>>();
        Results {
            out: narrow(&self.out(&x, w, b, &moments)),
            mean: narrow(&moments[0]),
            spread: narrow(&inverse),
            dx: dx.collect(),
            dw: narrow(&dw),
            db: narrow(&db),
        }
    }
}
