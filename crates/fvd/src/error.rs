/// Why there is no distance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FvdError {
    /// Tensors that are not there.
    #[error(
        "FVD lacks the weights {}: name the state dict of InceptionI3d for colors, trained on Kinetics-400 \
         (i3d_pretrained_400.pt or rgb_imagenet.pt)",
        listed(.0)
    )]
    Missing(Vec<String>),
    /// A tensor of another network.
    #[error(
        "the FVD weights `{name}` are {found:?}, InceptionI3d's are {expected:?}: name those for colors and 400 classes \
         (i3d_pretrained_400.pt or rgb_imagenet.pt)"
    )]
    Shape {
        /// Its name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The one that is needed.
        expected: Vec<usize>,
    },
    /// Weights that no training left behind.
    #[error("the FVD weights of `{0}` are not finite, or a variance is negative: copy the file again")]
    NotFinite(String),
    /// Sets without a covariance.
    #[error("FVD compares the spread of clips, and there is {0} without a missing value: evaluate 2 or more")]
    TooFew(usize),
}

/// The first names, and how many follow.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let first = names[..names.len().min(SHOWN)].join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}
