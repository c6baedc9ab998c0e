//! Two sets of features, and how far apart they are.

use nalgebra::{DMatrix, DVector, SymmetricEigen};

use crate::FvdError;

/// Mean and covariance of a set of features. Nothing else is kept of those that were [added](Self::add).
#[derive(Clone, Debug)]
pub struct Moments {
    count: usize,
    mean: DVector<f64>,
    /// Sum of the products of the deviations from the mean.
    scatter: DMatrix<f64>,
}

impl Moments {
    /// Of no features, which are `len` numbers each.
    pub fn new(len: usize) -> Self {
        Self {
            count: 0,
            mean: DVector::zeros(len),
            scatter: DMatrix::zeros(len, len),
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Adds the features of one clip.
    ///
    /// # Panics
    /// If they are not so many numbers.
    pub fn add(&mut self, features: &[f32]) {
        assert_eq!(features.len(), self.mean.len(), "features of a clip");
        self.count += 1;
        // Deviations from the mean as it was and as it becomes: no difference of large sums is ever taken.
        let features = DVector::from_iterator(features.len(), features.iter().map(|value| f64::from(*value)));
        let before = &features - &self.mean;
        self.mean += &before / self.count as f64;
        let after = features - &self.mean;
        self.scatter.ger(1.0, &before, &after, 1.0);
    }

    /// The Fréchet distance of the normal distributions with these means and covariances,
    /// `|m1 - m2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2))`, where a covariance is the sum over the set divided by one less than
    /// its count; NaN where features are not finite.
    ///
    /// # Errors
    /// [`FvdError::TooFew`] if either set has fewer than two.
    pub fn distance(&self, other: &Self) -> Result<f64, FvdError> {
        let fewest = self.count.min(other.count);
        if fewest < 2 {
            return Err(FvdError::TooFew(fewest));
        }
        let (left, right) = (self.covariance(), other.covariance());
        let sum = (&self.mean - &other.mean).norm_squared() + left.trace() + right.trace();
        if !sum.is_finite() {
            return Ok(f64::NAN);
        }
        // The distance itself is never negative, its rounding errors are.
        Ok((sum - 2.0 * trace_of_root(left, &right)).max(0.0))
    }

    fn covariance(&self) -> DMatrix<f64> {
        let covariance = &self.scatter / (self.count - 1) as f64;
        // Equal but for rounding.
        (&covariance + covariance.transpose()) / 2.0
    }
}

/// `Tr (S1 S2)^(1/2)`. With `S1 = R R'`, the eigenvalues of `S1 S2` are those of `R' S2 R`, which is symmetric and has none
/// below 0, also where neither matrix has an inverse.
fn trace_of_root(left: DMatrix<f64>, right: &DMatrix<f64>) -> f64 {
    let eigen = SymmetricEigen::new(left);
    let mut root = eigen.eigenvectors;
    for (mut column, value) in root.column_iter_mut().zip(&eigen.eigenvalues) {
        column *= value.max(0.0).sqrt();
    }
    let product = root.tr_mul(right) * root;
    let values = product.symmetric_eigenvalues();
    values.iter().map(|value| value.max(0.0).sqrt()).sum()
}
