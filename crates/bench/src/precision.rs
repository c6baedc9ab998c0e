//! The numbers that both sides compute with.

use std::fmt;

use serde::Serialize;

use crate::error::BenchError;

/// The numbers of matrix products and convolutions; weights and all else are `f32`.
#[derive(Serialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32 bits.
    F32,
    /// 32 bits, of which an NVIDIA GPU's matrix units read 19.
    Tf32,
    /// 16 bits with the range of `f32`.
    Bf16,
}

impl Precision {
    /// Dtypes that `backend` computes in, its default first.
    pub fn of_backend(backend: &str) -> &'static [Self] {
        match backend {
            "flex" | "ndarray" => &[Self::F32],
            // Burn leaves it to the fastest kernel whether a product of f32 is one of tf32.
            "cuda" => &[Self::Tf32, Self::Bf16],
            _ => &[Self::F32, Self::Bf16],
        }
    }

    /// `asked`, or the backend's default.
    ///
    /// # Errors
    /// The backend cannot compute in it.
    pub fn choose(backend: &str, asked: Option<Self>) -> Result<Self, BenchError> {
        let known = Self::of_backend(backend);
        match asked {
            None => Ok(known[0]),
            Some(asked) if known.contains(&asked) => Ok(asked),
            Some(asked) => Err(BenchError::Precision {
                backend: backend.to_owned(),
                computes: known.iter().map(Self::to_string).collect::<Vec<_>>().join(" or "),
                asked,
            }),
        }
    }

    /// The name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::Bf16 => "bf16",
        }
    }
}

impl fmt::Display for Precision {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_computes_in_what_it_can() {
        assert_eq!(Precision::choose("flex", None).unwrap(), Precision::F32);
        assert_eq!(Precision::choose("cuda", None).unwrap(), Precision::Tf32);
        assert_eq!(
            Precision::choose("cuda", Some(Precision::Bf16)).unwrap(),
            Precision::Bf16
        );
        let message = Precision::choose("cuda", Some(Precision::F32)).unwrap_err().to_string();
        assert!(
            message.contains("`cuda`") && message.contains("tf32 or bf16"),
            "{message}"
        );
    }
}
