//! How far numbers may be apart.

use burn::tensor::TensorData;

/// How far a network may be from the reference.
///
/// Gradients need an absolute floor: the bias of a convolution before a batch norm has a gradient that is rounding noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Absolute, for outputs in inference and for single operations.
    pub eval_abs: f64,
    /// Relative, for the loss.
    pub loss_rel: f64,
    /// Relative, for gradients: to the norm for norms, to the largest value of the tensor for elements.
    pub grad_rel: f64,
    /// Absolute floor for the elements of gradients.
    pub grad_abs: f64,
    /// Absolute floor for the norms of gradients.
    pub norm_abs: f64,
    /// Absolute and relative, for buffers after one training step.
    pub state: f64,
}

impl Tolerance {
    /// For CPU backends: 32-bit sums in another order.
    pub const fn cpu() -> Self {
        Self {
            eval_abs: 2e-5,
            loss_rel: 1e-5,
            grad_rel: 1e-3,
            grad_abs: 1e-5,
            norm_abs: 1e-6,
            state: 1e-5,
        }
    }

    /// For GPU backends, where WGSL promises `exp`, division and square roots to a few units in the last place only, and
    /// products may be fused with sums. A software driver stays within [`Tolerance::cpu`]; hardware need not.
    pub const fn gpu() -> Self {
        Self {
            eval_abs: 5e-5,
            loss_rel: 2e-5,
            grad_rel: 2e-3,
            grad_abs: 2e-5,
            norm_abs: 2e-6,
            state: 2e-5,
        }
    }

    /// The one for a device of [`devices`](crate::devices).
    pub fn of(device_name: &str) -> Self {
        match device_name {
            "wgpu" => Self::gpu(),
            _ => Self::cpu(),
        }
    }
}

/// Collects what differs, so that a failing test shows all of it.
#[derive(Debug)]
pub struct Differences {
    subject: String,
    lines: Vec<String>,
}

impl Differences {
    /// Nothing differs yet in `subject`.
    pub fn of(subject: impl Into<String>) -> Self {
        Self {
            subject: subject.into(),
            lines: Vec::new(),
        }
    }

    /// Notes anything else that is wrong.
    pub fn note(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Compares two numbers; NaN equals nothing.
    pub fn number(&mut self, name: &str, found: f64, expected: f64, allowed: f64) {
        let apart = (found - expected).abs();
        if apart.is_nan() || apart > allowed {
            self.note(format!(
                "{name} is {found:.9e}, the reference's {expected:.9e} (may differ by {allowed:.1e})"
            ));
        }
    }

    /// Compares two tensors: the element that is furthest off must be within `absolute` plus `relative` of the largest
    /// reference value.
    pub fn tensor(&mut self, name: &str, found: &TensorData, expected: &TensorData, absolute: f64, relative: f64) {
        if found.shape() != expected.shape() {
            return self.note(format!(
                "{name} has the shape {:?}, the reference's {:?}",
                found.shape(),
                expected.shape()
            ));
        }
        let largest = expected
            .iter::<f64>()
            .fold(0.0, |largest: f64, value| largest.max(value.abs()));
        let worst = found
            .iter::<f64>()
            .zip(expected.iter::<f64>())
            .enumerate()
            .max_by(|(_, (a, b)), (_, (c, d))| order(a - b).total_cmp(&order(c - d)));
        if let Some((index, (found, expected))) = worst {
            self.number(
                &format!("{name}[{index}]"),
                found,
                expected,
                absolute + relative * largest,
            );
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Takes over what `other` found.
    pub fn extend(&mut self, other: Self) {
        self.lines.extend(other.lines);
    }

    /// Panics with everything that was found.
    #[track_caller]
    pub fn finish(self) {
        assert!(
            self.lines.is_empty(),
            "{}:\n  {}",
            self.subject,
            self.lines.join("\n  ")
        );
    }
}

/// Differences by size, NaN last.
fn order(difference: f64) -> f64 {
    if difference.is_nan() {
        f64::INFINITY
    } else {
        difference.abs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named_and_nan_is_one() {
        let mut differences = Differences::of("case");
        let reference = TensorData::from([1.0f32, 2.0, 4.0]);
        differences.tensor("near", &TensorData::from([1.0f32, 2.0, 4.003]), &reference, 0.0, 1e-3);
        assert!(differences.lines.is_empty());
        differences.tensor("far", &TensorData::from([1.0f32, 2.1, 4.0]), &reference, 0.0, 1e-3);
        differences.tensor("broken", &TensorData::from([f32::NAN, 2.0, 4.0]), &reference, 1.0, 1.0);
        differences.tensor("flat", &TensorData::from([1.0f32]), &reference, 1.0, 1.0);
        assert!(
            differences.lines[0].starts_with("far[1] is 2.09"),
            "{:?}",
            differences.lines
        );
        assert!(
            differences.lines[1].starts_with("broken[0] is NaN"),
            "{:?}",
            differences.lines
        );
        assert!(
            differences.lines[2].starts_with("flat has the shape"),
            "{:?}",
            differences.lines
        );
        assert!(std::panic::catch_unwind(|| differences.finish()).is_err());
    }
}
