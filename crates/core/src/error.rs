//! What is wrong with a configuration.

/// A configuration that no network can be built from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` {problem}: {remedy}")]
pub struct ConfigError {
    /// The field at fault, as it is written in a configuration file, e.g. `network.width`.
    pub field: String,
    /// What is wrong with it, e.g. `is 30, which 4 does not divide`.
    pub problem: String,
    /// What to write instead.
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

    /// Checks that `value` is `minimum` or more.
    ///
    /// # Errors
    /// Names `field` and the minimum.
    pub fn at_least(field: &str, value: usize, minimum: usize) -> Result<(), Self> {
        if value >= minimum {
            return Ok(());
        }
        Err(Self::new(
            field,
            format!("is {value}"),
            format!("use {minimum} or more"),
        ))
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
    fn names_the_minimum() {
        assert!(ConfigError::at_least("network.width", 1, 1).is_ok());
        let error = ConfigError::at_least("network.width", 0, 1).unwrap_err();
        assert_eq!(error.to_string(), "`network.width` is 0: use 1 or more");
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
