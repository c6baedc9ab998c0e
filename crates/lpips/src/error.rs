/// Why weights are not those of LPIPS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LpipsError {
    /// Tensors that are not there.
    #[error(
        "LPIPS lacks the weights {}: name torchvision's alexnet (features.*) and the package lpips' alex.pth (lin*), or a \
         file that holds both",
        .0.join(", ")
    )]
    Missing(Vec<String>),
    /// A tensor of another network.
    #[error("the LPIPS weights `{name}` are {found:?}, AlexNet's are {expected:?}: name those of AlexNet, version 0.1")]
    Shape {
        /// Its name.
        name: String,
        /// Its shape.
        found: Vec<usize>,
        /// The one that is needed.
        expected: Vec<usize>,
    },
}
