//! Group normalization (Wu & He 2018), with the activation that usually follows in the same pass.

use crate::parallel::{Shared, tasks};
use crate::pointwise::stream::dispatch;
use crate::pointwise::{Activation, Function, Gelu, Identity, LeakyRelu, Silu};

use super::moments::Moments;
use super::rows::{Gradient, Normalize, Rows};

/// `[batch, channels, inner]` cut into groups of channels.
#[derive(Clone, Copy)]
struct Groups {
    batch: usize,
    channels: usize,
    groups: usize,
    inner: usize,
}

impl Groups {
    fn new(batch: usize, channels: usize, groups: usize, inner: usize) -> Self {
        assert!(
            groups > 0 && channels.is_multiple_of(groups),
            "{channels} channels in {groups} groups"
        );
        Self {
            batch,
            channels,
            groups,
            inner,
        }
    }

    fn len(self) -> usize {
        self.batch * self.channels * self.inner
    }

    /// The rows of the `task`-th group, counted over all samples, and the first of its channels.
    fn rows(self, task: usize) -> (Rows, usize) {
        let count = self.channels / self.groups;
        let rows = Rows {
            start: task * count * self.inner,
            stride: self.inner,
            count,
            inner: self.inner,
        };
        (rows, task % self.groups * count)
    }
}

/// `out = activation((x - mean) inverse_std w + b)`, where `mean` and `inverse_std`, both `[batch, groups]`, are those
/// of the channels of a group; `x` and `out` are `[batch, channels, inner]`, `w` and `b` `[channels]`.
///
/// # Panics
/// If a length does not fit the shape, if the channels do not divide into the groups, or if the activation is
/// [`Activation::Sigmoid`] or [`Activation::Tanh`], whose gradients are not to be had from their inputs here.
#[allow(clippy::too_many_arguments)]
pub fn group_norm(
    batch: usize,
    channels: usize,
    groups: usize,
    inner: usize,
    x: &[f32],
    w: &[f32],
    b: &[f32],
    epsilon: f32,
    activation: Option<Activation>,
    out: &mut [f32],
    mean: &mut [f32],
    inverse_std: &mut [f32],
) {
    let shape = Groups::new(batch, channels, groups, inner);
    assert_eq!([x.len(), out.len()], [shape.len(); 2]);
    assert_eq!([w.len(), b.len()], [channels; 2]);
    assert_eq!([mean.len(), inverse_std.len()], [batch * groups; 2]);
    let outputs = [out, mean, inverse_std].map(Shared::new);
    match activation {
        None => normalize(shape, x, [w, b], epsilon, Identity, outputs),
        Some(Activation::Silu) => normalize(shape, x, [w, b], epsilon, Silu, outputs),
        Some(Activation::Gelu) => normalize(shape, x, [w, b], epsilon, Gelu, outputs),
        Some(Activation::LeakyRelu(slope)) => normalize(shape, x, [w, b], epsilon, LeakyRelu(slope), outputs),
        Some(other) => unfused(other),
    }
}

fn unfused(activation: Activation) -> ! {
    panic!("group normalization does not fuse {activation:?}")
}

fn normalize<F: Function>(
    shape: Groups,
    x: &[f32],
    [w, b]: [&[f32]; 2],
    epsilon: f32,
    function: F,
    [out, mean, inverse_std]: [Shared; 3],
) {
    tasks(shape.batch * shape.groups, 2 * x.len(), |task| {
        let (rows, channel) = shape.rows(task);
        let channels = channel..channel + rows.count;
        let moments = Moments::of(&x[rows.start..][..rows.count * rows.inner]);
        // SAFETY: every group of every sample has its own elements.
        let [means, inverses] = [mean, inverse_std].map(|shared| unsafe { shared.slice(task..task + 1) });
        means[0] = moments.mean();
        inverses[0] = moments.inverse_std(epsilon);
        dispatch(Normalize {
            rows,
            x,
            mean: means[0],
            inverse_std: inverses[0],
            w: &w[channels.clone()],
            b: &b[channels],
            function,
            out,
        });
    });
}

/// The gradients of [`group_norm`], given the `mean` and `inverse_std` it found.
///
/// # Panics
/// As [`group_norm`].
#[allow(clippy::too_many_arguments)]
pub fn group_norm_backward(
    batch: usize,
    channels: usize,
    groups: usize,
    inner: usize,
    x: &[f32],
    mean: &[f32],
    inverse_std: &[f32],
    w: &[f32],
    b: &[f32],
    activation: Option<Activation>,
    grad: &[f32],
    dx: &mut [f32],
    dw: &mut [f32],
    db: &mut [f32],
) {
    let shape = Groups::new(batch, channels, groups, inner);
    assert_eq!([x.len(), grad.len(), dx.len()], [shape.len(); 3]);
    assert_eq!([w.len(), b.len(), dw.len(), db.len()], [channels; 4]);
    assert_eq!([mean.len(), inverse_std.len()], [batch * groups; 2]);
    let saved = Saved {
        x,
        mean,
        inverse_std,
        w,
        b,
        grad,
    };
    let outputs = ([dx], [dw, db]);
    match activation {
        None => gradients(shape, saved, Identity, outputs),
        Some(Activation::Silu) => gradients(shape, saved, Silu, outputs),
        Some(Activation::Gelu) => gradients(shape, saved, Gelu, outputs),
        Some(Activation::LeakyRelu(slope)) => gradients(shape, saved, LeakyRelu(slope), outputs),
        Some(other) => unfused(other),
    }
}

struct Saved<'a> {
    x: &'a [f32],
    mean: &'a [f32],
    inverse_std: &'a [f32],
    w: &'a [f32],
    b: &'a [f32],
    grad: &'a [f32],
}

fn gradients<F: Function>(
    shape: Groups,
    saved: Saved,
    function: F,
    ([dx], [dw, db]): ([&mut [f32]; 1], [&mut [f32]; 2]),
) {
    // One sample's share of the parameters' gradients each.
    let mut shares = [(); 2].map(|()| vec![0.0; shape.batch * shape.channels]);
    let dx = Shared::new(dx);
    {
        let [shares_b, shares_w] = shares.each_mut().map(|share| Shared::new(share));
        tasks(shape.batch * shape.groups, 3 * shape.len(), |task| {
            let (rows, channel) = shape.rows(task);
            let channels = channel..channel + rows.count;
            let own = task * rows.count..(task + 1) * rows.count;
            // SAFETY: every group of every sample has its own elements.
            let [shares_b, shares_w] = [shares_b, shares_w].map(|shared| unsafe { shared.slice(own.clone()) });
            dispatch(Gradient {
                rows,
                x: saved.x,
                mean: saved.mean[task],
                inverse_std: saved.inverse_std[task],
                w: &saved.w[channels.clone()],
                b: &saved.b[channels],
                function,
                grad: saved.grad,
                dx,
                report: |row: usize, [db, dw]: [f64; 2]| {
                    shares_b[row] = db as f32;
                    shares_w[row] = dw as f32;
                },
            });
        });
    }
    for (share, total) in shares.iter().zip([db, dw]) {
        super::sum_rows(share, total);
    }
}
