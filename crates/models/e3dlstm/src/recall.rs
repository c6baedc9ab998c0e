//! Attention over earlier states.

use burn::tensor::Tensor;
use foreframe_core::Cost;
use foreframe_ops::softmax;

use crate::volume::{SLICES, both_slices};

/// The recall of `history` by `query`: its states weighted by their unscaled products with the query (equation 5 of the
/// paper). As in the reference a volume is cut into vectors in the order of its values, channels first, so that a vector
/// is no pixel.
///
/// # Shapes
/// - `query`: `[batch, width, slices, height, width]`
/// - `history`: at least one, `[batch, 2 width, height, width]` each
/// - output: `[batch, width, 2, height, width]`
pub(crate) fn recall(query: Tensor<5>, history: &[Tensor<4>]) -> Tensor<5> {
    let query = both_slices(query);
    let shape @ [batch, width, slices, rows, columns] = query.dims();
    let vectors = [batch, slices * rows * columns, width];
    let states = history.iter().map(|state| state.clone().reshape(vectors)).collect();
    let states = Tensor::<3>::cat(states, 1);
    let scores = query.reshape(vectors).matmul(states.clone().swap_dims(1, 2));
    softmax(scores, 2).matmul(states).reshape(shape)
}

/// Cost of recalling `count` states.
pub(crate) fn recall_cost(width: usize, [height, columns]: [usize; 2], count: usize) -> Cost {
    let vectors = SLICES * height * columns;
    Cost::linear(vectors * count * vectors, width) * 2
}
