//! Normalization: batch, group, layer and channels-first layer.
//!
//! Images are taken as `[batch, channels, inner]`, where `inner` is height times width. Variances are biased (divided
//! by the number of elements), and every function adds `epsilon` to them before the root.

mod batch;
mod channel;
mod group;
mod layer;
mod moments;
mod rows;

pub use batch::{batch_norm, batch_norm_eval_backward, batch_norm_train_backward, batch_statistics};
pub use channel::{channel_norm, channel_norm_backward};
pub use group::{group_norm, group_norm_backward};
pub use layer::{layer_norm, layer_norm_backward};

/// The sums over the rows of a `[rows, columns]` array.
fn sum_rows(rows: &[f32], sums: &mut [f32]) {
    let columns = sums.len();
    for (column, sum) in sums.iter_mut().enumerate() {
        let parts = rows[column.min(rows.len())..].iter().step_by(columns);
        *sum = parts.map(|&part| f64::from(part)).sum::<f64>() as f32;
    }
}

#[cfg(test)]
mod tests;
