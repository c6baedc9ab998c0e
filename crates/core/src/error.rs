//! Errors of a configuration.

use std::ops::RangeInclusive;

/// A configuration that no network can be built from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {problem}: {remedy}")]
pub struct ConfigError {
    /// The field at fault, as it is written in a configuration file, e.g. `network.width`.
    pub field: String,
    /// The problem, e.g. `is 30, which 4 does not divide`.
    pub problem: String,
    /// The remedy: a value to write instead.
    pub remedy: String,
}

impl ConfigError {
    /// An error that names the field, the problem and the remedy.
    pub fn new(field: impl Into<String>, problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }

    /// Checks that `value` lies in `range`.
    ///
    /// # Errors
    /// Names `field` and both ends of the range.
    pub fn within(field: &str, value: usize, range: RangeInclusive<usize>) -> Result<(), Self> {
        if range.contains(&value) {
            return Ok(());
        }
        let remedy = format!("use {} to {}", range.start(), range.end());
        Err(Self::new(field, format!("is {value}"), remedy))
    }

    /// Checks that `value` is odd, as kernels must be that keep the size of what they convolve.
    ///
    /// # Errors
    /// Names `field` and the next odd value.
    pub fn odd(field: &str, value: usize) -> Result<(), Self> {
        if !value.is_multiple_of(2) {
            return Ok(());
        }
        let remedy = format!("use an odd size, e.g. {}", value.saturating_add(1));
        Err(Self::new(field, format!("is {value}, an even size"), remedy))
    }

    /// Checks that `value` is a probability less than 1.
    ///
    /// # Errors
    /// Names `field` and what is wanted.
    pub fn probability(field: &str, value: f64) -> Result<(), Self> {
        if (0.0..1.0).contains(&value) {
            return Ok(());
        }
        let remedy = "use a probability of 0 or more and less than 1";
        Err(Self::new(field, format!("is {value}"), remedy))
    }

    /// Checks that `value` can weigh a part of a loss: finite, 0 or more.
    ///
    /// # Errors
    /// Names `field` and what is wanted.
    pub fn weight(field: &str, value: f64) -> Result<(), Self> {
        if value.is_finite() && value >= 0.0 {
            return Ok(());
        }
        Err(Self::new(field, format!("is {value}"), "use 0 or a positive number"))
    }

    /// Checks that `divisor` divides `value`.
    ///
    /// # Errors
    /// Names `field` and the nearest value that would do.
    pub fn divides(field: &str, value: usize, divisor: usize, why: &str) -> Result<(), Self> {
        if divisor != 0 && value.is_multiple_of(divisor) {
            return Ok(());
        }
        let remedy = match divisor {
            0 => "use a divisor of 1 or more".to_owned(),
            _ => format!(
                "use a multiple of {divisor}, e.g. {}",
                value.div_ceil(divisor) * divisor
            ),
        };
        Err(Self::new(
            field,
            format!("is {value}, not a multiple of {divisor} ({why})"),
            remedy,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_range() {
        assert!(ConfigError::within("network.width", 1, 1..=8).is_ok());
        let error = ConfigError::within("network.width", 9, 1..=8).unwrap_err();
        assert_eq!(error.to_string(), "`network.width` is 9: use 1 to 8");
    }

    #[test]
    fn rejects_what_no_network_can_use() {
        assert!(ConfigError::odd("kernel", 3).is_ok());
        assert!(
            ConfigError::odd("kernel", 4)
                .unwrap_err()
                .to_string()
                .contains("e.g. 5")
        );
        assert!(ConfigError::probability("rate", 0.0).is_ok());
        assert!(ConfigError::weight("alpha", 0.0).is_ok());
        for value in [1.0, -0.1, f64::NAN] {
            assert!(ConfigError::probability("rate", value).is_err());
        }
        for value in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(ConfigError::weight("alpha", value).is_err());
        }
    }

    #[test]
    fn names_the_nearest_multiple() {
        assert!(ConfigError::divides("width", 12, 4, "patches").is_ok());
        let error = ConfigError::divides("clip.width", 30, 4, "patches of 4").unwrap_err();
        assert_eq!(
            error.to_string(),
            "`clip.width` is 30, not a multiple of 4 (patches of 4): use a multiple of 4, e.g. 32"
        );
        assert!(ConfigError::divides("clip.width", 30, 0, "").is_err());
    }
}
