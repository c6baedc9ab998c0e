//! Frames in another size.

use std::ops::Range;

use crate::images::FrameSize;

/// Resamples every channel with a triangle filter: bilinear interpolation when enlarging, a low-pass of the right width
/// when shrinking. Pixels are areas, not points, and the border is extended by leaving it out of the average.
///
/// # Shapes
/// - `from`: `[channels, from_size.height, from_size.width]`
/// - `to`: `[channels, to_size.height, to_size.width]`
pub(super) fn resample(from: &[f32], from_size: FrameSize, to: &mut [f32], to_size: FrameSize) {
    let columns = filter(from_size.width, to_size.width);
    let rows = filter(from_size.height, to_size.height);
    let mut narrow = vec![0.0; from_size.height * to_size.width];
    let planes = from.chunks_exact(from_size.height * from_size.width);
    for (from, to) in planes.zip(to.chunks_exact_mut(to_size.height * to_size.width)) {
        for (line, out) in from
            .chunks_exact(from_size.width)
            .zip(narrow.chunks_exact_mut(to_size.width))
        {
            for ((span, weights), out) in columns.iter().zip(out) {
                *out = line[span.clone()]
                    .iter()
                    .zip(weights)
                    .map(|(value, weight)| value * weight)
                    .sum();
            }
        }
        for ((span, weights), out) in rows.iter().zip(to.chunks_exact_mut(to_size.width)) {
            out.fill(0.0);
            for (line, weight) in narrow.chunks_exact(to_size.width).skip(span.start).zip(weights) {
                out.iter_mut().zip(line).for_each(|(out, value)| *out += value * weight);
            }
        }
    }
}

/// For every output position the input positions that count, and their weights, which sum to 1.
fn filter(from: usize, to: usize) -> Vec<(Range<usize>, Vec<f32>)> {
    let scale = from as f64 / to as f64;
    let reach = scale.max(1.0);
    (0..to)
        .map(|position| {
            let centre = (position as f64 + 0.5) * scale - 0.5;
            let first = (centre - reach).ceil().max(0.0) as usize;
            let last = ((centre + reach).floor() as usize).min(from - 1);
            let weights: Vec<f64> = (first..=last)
                .map(|at| (1.0 - (at as f64 - centre).abs() / reach).max(0.0))
                .collect();
            let total: f64 = weights.iter().sum();
            (
                first..last + 1,
                weights.iter().map(|weight| (weight / total) as f32).collect(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resampled(from: &[f32], size: [usize; 2], to: [usize; 2]) -> Vec<f32> {
        let of = |[height, width]: [usize; 2]| FrameSize {
            channels: from.len() / (size[0] * size[1]),
            height,
            width,
        };
        let mut values = vec![f32::NAN; of(to).len()];
        resample(from, of(size), &mut values, of(to));
        values
    }

    #[test]
    fn the_same_size_changes_nothing_and_a_flat_field_stays_flat() {
        let frame = [1.0, 5.0, -2.0, 4.0, 300.0, 7.0];
        assert_eq!(resampled(&frame, [2, 3], [2, 3]), frame);
        for to in [[1, 1], [2, 7], [9, 5]] {
            assert!(
                resampled(&[280.5; 15], [5, 3], to)
                    .iter()
                    .all(|value| (value - 280.5).abs() < 1e-4)
            );
        }
    }

    /// PyTorch's `interpolate(mode="bilinear", align_corners=False, antialias=True)` yields these numbers.
    #[test]
    fn lines_are_interpolated_and_averaged() {
        assert_eq!(resampled(&[0.0, 4.0], [1, 2], [1, 4]), [0.0, 1.0, 3.0, 4.0]);
        let halved = resampled(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], [1, 8], [1, 4]);
        for (value, expected) in halved.iter().zip([0.714_285_7, 2.5, 4.5, 6.285_714_5]) {
            assert!((value - expected).abs() < 1e-5, "{halved:?}");
        }
        assert_eq!(resampled(&[1.0, 3.0, 10.0, 30.0], [1, 2], [1, 1]), [2.0, 20.0]);
    }
}
