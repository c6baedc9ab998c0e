//! Digits drawn with a pen: a few curves each, bent, slanted and thickened by chance.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::Glyphs;
use foreframe_data::random::between;

/// A point of the unit square, x to the right and y down.
type Point = [f32; 2];

/// A line to a point, or a cubic Bézier curve by two control points to a point.
#[derive(Clone, Copy)]
enum Move {
    Line(Point),
    Curve(Point, Point, Point),
}

use Move::{Curve, Line};

/// Where the pen is set down, and how it moves until it is lifted.
type Stroke = (Point, &'static [Move]);

#[rustfmt::skip]
const DIGITS: [&[Stroke]; 10] = [
    &[([0.50, 0.06], &[
        Curve([0.18, 0.06], [0.16, 0.94], [0.50, 0.94]), Curve([0.84, 0.94], [0.82, 0.06], [0.50, 0.06]),
    ])],
    &[([0.36, 0.22], &[Line([0.54, 0.06]), Line([0.54, 0.94])])],
    &[([0.22, 0.28], &[
        Curve([0.25, 0.00], [0.78, 0.00], [0.76, 0.30]), Curve([0.74, 0.52], [0.40, 0.68], [0.20, 0.92]),
        Line([0.82, 0.92]),
    ])],
    &[([0.22, 0.16], &[
        Curve([0.40, 0.00], [0.78, 0.04], [0.74, 0.27]), Curve([0.72, 0.44], [0.55, 0.47], [0.42, 0.47]),
        Curve([0.64, 0.47], [0.82, 0.56], [0.78, 0.73]), Curve([0.73, 0.98], [0.36, 0.98], [0.20, 0.82]),
    ])],
    &[([0.60, 0.06], &[Line([0.18, 0.64]), Line([0.84, 0.64])]), ([0.64, 0.38], &[Line([0.62, 0.94])])],
    &[([0.78, 0.08], &[
        Line([0.30, 0.08]), Line([0.26, 0.46]), Curve([0.48, 0.32], [0.82, 0.42], [0.78, 0.68]),
        Curve([0.75, 0.97], [0.36, 0.98], [0.20, 0.84]),
    ])],
    &[([0.70, 0.08], &[
        Curve([0.40, 0.16], [0.20, 0.45], [0.23, 0.70]), Curve([0.26, 0.99], [0.75, 0.98], [0.76, 0.70]),
        Curve([0.77, 0.46], [0.36, 0.42], [0.24, 0.68]),
    ])],
    &[([0.20, 0.10], &[Line([0.80, 0.10]), Curve([0.64, 0.36], [0.50, 0.60], [0.44, 0.94])])],
    &[([0.50, 0.48], &[
        Curve([0.18, 0.40], [0.18, 0.06], [0.50, 0.06]), Curve([0.82, 0.06], [0.82, 0.40], [0.50, 0.48]),
        Curve([0.12, 0.56], [0.12, 0.94], [0.50, 0.94]), Curve([0.88, 0.94], [0.88, 0.56], [0.50, 0.48]),
    ])],
    &[([0.76, 0.34], &[
        Curve([0.74, 0.02], [0.26, 0.02], [0.25, 0.32]), Curve([0.25, 0.60], [0.72, 0.56], [0.76, 0.32]),
        Curve([0.79, 0.60], [0.72, 0.80], [0.62, 0.94]),
    ])],
];

/// Straight pieces that a curve is drawn with.
const PIECES: usize = 8;

/// Draws digits 0 to 9, each equally likely.
pub(crate) struct Strokes {
    side: usize,
}

/// How one digit is written: an affine map from the unit square to pixels, and a pen.
struct Hand {
    columns: [f32; 2],
    rows: [f32; 2],
    center: f32,
    wobble: f32,
    radius: f32,
}

impl Strokes {
    pub(crate) fn new(side: usize) -> Self {
        Self { side }
    }

    fn hand(&self, rng: &mut ChaCha8Rng) -> Hand {
        let side = self.side as f32;
        // MNIST scales digits to 20 of 28 rows.
        let height = side * 0.72 * between(rng, 0.88, 1.08);
        let width = height * between(rng, 0.70, 1.05);
        let slant = between(rng, -0.15, 0.45);
        let (sin, cos) = between(rng, -0.20, 0.20).sin_cos();
        Hand {
            columns: [width * cos, -height * (sin + slant * cos)],
            rows: [width * sin, height * (cos - slant * sin)],
            center: side / 2.0,
            wobble: 0.035,
            radius: side * between(rng, 0.030, 0.062),
        }
    }

    /// Draws on a square of paper with `side` rows, `by` rows and columns from the digit's place.
    fn draw_on(&self, rng: &mut ChaCha8Rng, by: [f32; 2], side: usize, paper: &mut [f32]) {
        let strokes = DIGITS[rng.random_range(0..DIGITS.len())];
        let hand = self.hand(rng);
        let moved = |[x, y]: Point| [x + by[1], y + by[0]];
        let mut line = |from, to| draw_line(paper, side, moved(from), moved(to), hand.radius);
        for (start, moves) in strokes {
            let mut pen = hand.place(rng, *start);
            for step in *moves {
                match *step {
                    Line(end) => {
                        let end = hand.place(rng, end);
                        line(pen, end);
                        pen = end;
                    }
                    Curve(first, second, end) => {
                        let curve = [
                            pen,
                            hand.place(rng, first),
                            hand.place(rng, second),
                            hand.place(rng, end),
                        ];
                        for piece in 1..=PIECES {
                            let next = bezier(&curve, piece as f32 / PIECES as f32);
                            line(pen, next);
                            pen = next;
                        }
                    }
                }
            }
        }
    }
}

impl Hand {
    /// Puts a point on the paper; a hand never hits it exactly.
    fn place(&self, rng: &mut ChaCha8Rng, [x, y]: Point) -> Point {
        let x = x - 0.5 + between(rng, -self.wobble, self.wobble);
        let y = y - 0.5 + between(rng, -self.wobble, self.wobble);
        [
            self.center + self.columns[0] * x + self.columns[1] * y,
            self.center + self.rows[0] * x + self.rows[1] * y,
        ]
    }
}

impl Glyphs for Strokes {
    fn side(&self) -> usize {
        self.side
    }

    fn draw(&self, rng: &mut ChaCha8Rng, digit: &mut [f32]) {
        self.draw_on(rng, [0.0; 2], self.side, digit);
    }

    fn draw_moved(&self, rng: &mut ChaCha8Rng, by: [f32; 2], digit: &mut [f32]) -> Option<()> {
        self.draw_on(rng, by, self.side + 1, digit);
        Some(())
    }
}

/// The point at `t` of a cubic Bézier curve.
fn bezier(points: &[Point; 4], t: f32) -> Point {
    let s = 1.0 - t;
    let weights = [s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t];
    [0, 1].map(|axis| {
        weights
            .iter()
            .zip(points)
            .map(|(weight, point)| weight * point[axis])
            .sum()
    })
}

/// Draws a line with a round pen. A pixel's brightness is how much of it the pen covers, to first order.
fn draw_line(image: &mut [f32], side: usize, from: Point, to: Point, radius: f32) {
    let reach = radius + 0.5;
    let span = |axis: usize| {
        let (low, high) = (from[axis].min(to[axis]) - reach, from[axis].max(to[axis]) + reach);
        // Casts saturate, so that a line outside the image spans nothing.
        (low.floor() as usize).min(side)..(high.ceil() as usize).min(side)
    };
    let along = [to[0] - from[0], to[1] - from[1]];
    let length2 = (along[0] * along[0] + along[1] * along[1]).max(f32::MIN_POSITIVE);
    for row in span(1) {
        for column in span(0) {
            let center = [column as f32 + 0.5 - from[0], row as f32 + 0.5 - from[1]];
            let t = ((center[0] * along[0] + center[1] * along[1]) / length2).clamp(0.0, 1.0);
            let distance = (center[0] - t * along[0]).hypot(center[1] - t * along[1]);
            let pixel = &mut image[row * side + column];
            *pixel = pixel.max((reach - distance).clamp(0.0, 1.0));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use foreframe_data::random::{Purpose, stream};

    #[test]
    fn digits_look_like_handwriting() {
        let strokes = Strokes::new(28);
        let mut seen = std::collections::HashSet::new();
        for index in 0..300 {
            let mut digit = vec![0.0; 28 * 28];
            strokes.draw(&mut stream(0, Purpose::Train, 0, index), &mut digit);
            assert!(digit.iter().all(|value| (0.0..=1.0).contains(value)));
            // Real digits of MNIST cover 4 % to 40 % of their square and have gray edges.
            let ink = digit.iter().sum::<f32>() / digit.len() as f32;
            assert!((0.04..0.40).contains(&ink), "digit {index} has {ink} ink");
            assert!(
                digit.iter().filter(|value| (0.05..0.95).contains(*value)).count() > 20,
                "digit {index}"
            );
            let edge = (0..28).flat_map(|at| [at, 27 * 28 + at, 28 * at, 28 * at + 27]);
            assert!(edge.map(|at| digit[at]).sum::<f32>() < 4.0, "digit {index} is cut off");
            seen.insert(digit.iter().map(|value| value.to_bits()).collect::<Vec<_>>());
        }
        assert_eq!(seen.len(), 300);
    }

    #[test]
    fn a_line_is_as_thick_as_the_pen() {
        let mut image = vec![0.0; 100];
        draw_line(&mut image, 10, [-20.0, 5.0], [40.0, 5.0], 1.5);
        for column in 0..10 {
            let thickness: f32 = (0..10).map(|row| image[row * 10 + column]).sum();
            assert!((thickness - 3.0).abs() < 1e-4, "{thickness}");
        }
        draw_line(&mut image, 10, [-9.0, -9.0], [-5.0, -7.0], 1.0);
        draw_line(&mut image, 10, [90.0, 90.0], [90.0, 90.0], 1.0);
    }
}
