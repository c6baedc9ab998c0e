//! Frames in another size.

use std::ops::Range;

use foreframe_formats::FrameSize;

/// How values between pixels are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResampleKernel {
    /// A triangle filter: bilinear interpolation when enlarging, a low-pass of the right width when shrinking. The border
    /// is extended by leaving what is beyond it out of the average.
    Triangle,
    /// Bilinear interpolation between the nearest pixels, also when shrinking (OpenCV's `INTER_LINEAR`).
    Linear,
    /// Cubic interpolation between the nearest pixels with a = -0.75, also when shrinking (OpenCV's `INTER_CUBIC`). The
    /// border is repeated.
    Cubic,
}

impl ResampleKernel {
    /// How far it reaches, in pixels of the larger grid.
    fn reach(self, scale: f64) -> f64 {
        match self {
            Self::Triangle => scale.max(1.0),
            Self::Linear => 1.0,
            Self::Cubic => 2.0,
        }
    }

    /// The weight at a distance of 0 to 1 times (cubic: 2 times) the unit.
    fn weight(self, distance: f64) -> f64 {
        const A: f64 = -0.75;
        match self {
            Self::Triangle | Self::Linear => (1.0 - distance).max(0.0),
            Self::Cubic if distance <= 1.0 => ((A + 2.0) * distance - (A + 3.0)) * distance * distance + 1.0,
            Self::Cubic if distance < 2.0 => ((A * distance - 5.0 * A) * distance + 8.0 * A) * distance - 4.0 * A,
            Self::Cubic => 0.0,
        }
    }
}

/// Resamples every channel. Pixels are areas, not points.
///
/// # Shapes
/// - `from`: `[channels, from_size.height, from_size.width]`
/// - `to`: `[channels, to_size.height, to_size.width]`
pub fn resample(from: &[f32], from_size: FrameSize, to: &mut [f32], to_size: FrameSize, kernel: ResampleKernel) {
    let columns = filter(from_size.width, to_size.width, kernel);
    let rows = filter(from_size.height, to_size.height, kernel);
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
fn filter(from: usize, to: usize, kernel: ResampleKernel) -> Vec<(Range<usize>, Vec<f32>)> {
    let scale = from as f64 / to as f64;
    let reach = kernel.reach(scale);
    let unit = if kernel == ResampleKernel::Triangle { reach } else { 1.0 };
    (0..to)
        .map(|position| {
            let center = (position as f64 + 0.5) * scale - 0.5;
            let (first, last) = ((center - reach).ceil() as isize, (center + reach).floor() as isize);
            let within = |at: isize| at.clamp(0, from as isize - 1) as usize;
            let (start, end) = (within(first), within(last) + 1);
            let mut weights = vec![0.0; end - start];
            for at in first..=last {
                // Beyond the border there is nothing to average, but something to interpolate from: its last pixel.
                if kernel != ResampleKernel::Triangle || within(at) as isize == at {
                    weights[within(at) - start] += kernel.weight((at as f64 - center).abs() / unit);
                }
            }
            let total: f64 = weights.iter().sum();
            (
                start..end,
                weights.iter().map(|weight| (weight / total) as f32).collect(),
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resampled(from: &[f32], size: [usize; 2], to: [usize; 2]) -> Vec<f32> {
        with(ResampleKernel::Triangle, from, size, to)
    }

    fn with(kernel: ResampleKernel, from: &[f32], size: [usize; 2], to: [usize; 2]) -> Vec<f32> {
        let of = |[height, width]: [usize; 2]| FrameSize {
            channels: from.len() / (size[0] * size[1]),
            height,
            width,
        };
        let mut values = vec![f32::NAN; of(to).values()];
        resample(from, of(size), &mut values, of(to), kernel);
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

    /// `cv2.resize` 5.0.0 yields these numbers.
    #[test]
    fn the_kernels_of_opencv_take_the_nearest_pixels() {
        let line = [0.0, 1.0, 4.0, 9.0, 16.0, 25.0];
        for (kernel, expected) in [
            (ResampleKernel::Linear, vec![0.25, 3.25, 10.75, 22.75]),
            (
                ResampleKernel::Linear,
                vec![0.0, 0.5, 1.5, 3.5, 6.5, 10.166_667, 14.833_333, 20.5, 25.0],
            ),
            (
                ResampleKernel::Cubic,
                vec![0.121_094, 2.828_125, 10.796_875, 23.207_031],
            ),
            (
                ResampleKernel::Cubic,
                vec![
                    -0.086_806, 0.218_75, 1.430_556, 3.152_774, 6.125, 10.282_403, 14.300_927, 21.156_25, 25.781_25,
                ],
            ),
        ] {
            let found = with(kernel, &line, [1, 6], [1, expected.len()]);
            for (value, expected) in found.iter().zip(expected) {
                assert!((value - expected).abs() < 1e-4, "{kernel:?}: {found:?}");
            }
        }
    }
}
