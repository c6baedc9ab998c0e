use proptest::prelude::*;

use super::*;
use crate::testing::{assert_close, random};

struct Case {
    shape: Sample,
    x: Vec<f32>,
    grid: Vec<f32>,
    grad: Vec<f32>,
}

#[derive(Clone, PartialEq, Debug)]
struct Results {
    out: Vec<f32>,
    dx: Vec<f32>,
    dgrid: Vec<f32>,
}

impl Case {
    fn new(shape: Sample) -> Self {
        let planes = shape.batch * shape.channels;
        // Some of them outside.
        let grid = random(shape.batch * shape.out_pixels() * 2, 2)
            .into_iter()
            .map(|place| place * 1.5);
        Self {
            shape,
            x: random(planes * shape.in_pixels(), 1),
            grid: grid.collect(),
            grad: random(planes * shape.out_pixels(), 3),
        }
    }

    fn found(&self) -> Results {
        let Self { shape, x, grid, grad } = self;
        let mut out = vec![f32::NAN; grad.len()];
        let mut dx = vec![f32::NAN; x.len()];
        let mut dgrid = vec![f32::NAN; grid.len()];
        forward(shape, x, grid, &mut out);
        gradients(shape, x, grid, grad, Some(&mut dx), Some(&mut dgrid));
        Results { out, dx, dgrid }
    }

    fn naive(&self) -> Results {
        let Self { shape, x, grid, grad } = self;
        let [height, width] = shape.input;
        let mut out = vec![0f64; grad.len()];
        let mut dx = vec![0f64; x.len()];
        let mut dgrid = vec![0f64; grid.len()];
        for (i, grad) in grad.iter().enumerate() {
            let (plane, point) = (i / shape.out_pixels(), i % shape.out_pixels());
            let point = 2 * (plane / shape.channels * shape.out_pixels() + point);
            // Row and column, and their derivatives.
            let [(row, row_slope), (column, column_slope)] =
                [(height, grid[point + 1]), (width, grid[point])].map(|(len, at)| {
                    let len = len as f32;
                    let (place, slope) = if shape.align_corners {
                        ((at + 1.0) / 2.0 * (len - 1.0), (len - 1.0) / 2.0)
                    } else {
                        (((at + 1.0) * len - 1.0) / 2.0, len / 2.0)
                    };
                    let free = !shape.border || (place > 0.0 && place < len - 1.0);
                    let place = if shape.border {
                        place.min(len - 1.0).max(0.0)
                    } else {
                        place
                    };
                    (f64::from(place), if free { f64::from(slope) } else { 0.0 })
                });
            let (down, right) = (row - row.floor(), column - column.floor());
            for (below, after) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let (y, x_place) = (row.floor() as i64 + below, column.floor() as i64 + after);
                if !(0..height as i64).contains(&y) || !(0..width as i64).contains(&x_place) {
                    continue;
                }
                let pixel = plane * height * width + y as usize * width + x_place as usize;
                let (row_weight, row_sign) = if below == 1 { (down, 1.0) } else { (1.0 - down, -1.0) };
                let (column_weight, column_sign) = if after == 1 { (right, 1.0) } else { (1.0 - right, -1.0) };
                let (value, grad) = (f64::from(x[pixel]), f64::from(*grad));
                out[i] += value * row_weight * column_weight;
                dx[pixel] += grad * row_weight * column_weight;
                dgrid[point] += grad * value * row_weight * column_sign * column_slope;
                dgrid[point + 1] += grad * value * column_weight * row_sign * row_slope;
            }
        }
        let round = |numbers: Vec<f64>| numbers.into_iter().map(|x| x as f32).collect();
        Results {
            out: round(out),
            dx: round(dx),
            dgrid: round(dgrid),
        }
    }
}

impl Results {
    fn assert_close(&self, expected: &Self) {
        assert_close("out", &self.out, &expected.out, 1e-6);
        assert_close("dx", &self.dx, &expected.dx, 1e-6);
        assert_close("dgrid", &self.dgrid, &expected.dgrid, 1e-6);
    }
}

prop_compose! {
    fn shapes()(
        batch in 0usize..3, channels in 0usize..12, input in [0usize..7, 0usize..9], output in [0usize..7, 0usize..9],
        border: bool, align_corners: bool,
    ) -> Sample {
        Sample { batch, channels, input, output, border, align_corners }
    }
}

proptest! {
    #[test]
    fn any_shape_is_the_plain_sum(shape in shapes()) {
        let case = Case::new(shape);
        case.found().assert_close(&case.naive());
    }
}

fn shape(border: bool, align_corners: bool) -> Sample {
    Sample {
        batch: 1,
        channels: 1,
        input: [3, 4],
        output: [1, 2],
        border,
        align_corners,
    }
}

#[test]
fn corners_are_where_they_are_said_to_be() {
    let mut case = Case::new(shape(false, true));
    case.grid = vec![-1.0, -1.0, 1.0, 1.0];
    assert_eq!(case.found().out, [case.x[0], case.x[11]]);
    case.shape.align_corners = false;
    assert_eq!(case.found().out, [case.x[0] / 4.0, case.x[11] / 4.0]);
    case.shape.border = true;
    assert_eq!(case.found().out, [case.x[0], case.x[11]]);
    assert_eq!(case.found().dgrid, [0.0; 4]);
}

#[test]
fn gradients_are_differences_of_the_output() {
    for (border, align_corners) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut case = Case::new(Sample {
            channels: 3,
            output: [4, 5],
            ..shape(border, align_corners)
        });
        let found = case.found();
        let loss = |case: &Case| -> f64 {
            case.naive()
                .out
                .iter()
                .zip(&case.grad)
                .map(|(out, grad)| f64::from(out * grad))
                .sum()
        };
        for i in 0..case.grid.len() {
            let old = case.grid[i];
            let mut slope = |by: f32| {
                case.grid[i] = old + by;
                let moved = loss(&case);
                case.grid[i] = old;
                moved
            };
            let (before, here, after) = (slope(-1e-3), slope(0.0), slope(1e-3));
            // Not where the slope changes.
            if ((after - here) - (here - before)).abs() < 1e-5 {
                assert!(
                    ((after - before) / 2e-3 - f64::from(found.dgrid[i])).abs() < 1e-2,
                    "element {i}"
                );
            }
        }
        for i in 0..case.x.len() {
            let mut moved = loss(&case);
            case.x[i] += 1.0;
            moved = loss(&case) - moved;
            case.x[i] -= 1.0;
            assert!((moved - f64::from(found.dx[i])).abs() < 1e-5, "element {i}");
        }
    }
}

#[test]
fn what_is_not_finite_reaches_what_reads_it() {
    let mut case = Case::new(Sample {
        output: [1, 3],
        ..shape(true, true)
    });
    case.grid = vec![f32::NAN, 0.0, 0.1, 0.1, -1.0, -1.0];
    case.x[0] = f32::INFINITY;
    let Results { out, dx, .. } = case.found();
    assert!(out[0].is_nan() && out[1].is_finite() && !out[2].is_finite(), "{out:?}");
    assert!(dx.iter().any(|dx| dx.is_nan()));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let shape = Sample {
        batch: 2,
        channels: 9,
        input: [40, 30],
        output: [50, 60],
        border: false,
        align_corners: false,
    };
    let case = Case::new(shape);
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| case.found())
    };
    assert_eq!(run(1), run(2));
    run(1).assert_close(&case.naive());
}

#[test]
fn every_instruction_set_finds_the_same_places() {
    for (border, align_corners) in [(false, false), (true, true)] {
        let case = Case::new(Sample {
            output: [9, 7],
            ..shape(border, align_corners)
        });
        let mut places = Vec::new();
        Places {
            shape: &case.shape,
            points: &case.grid,
            places: &mut places,
        }
        .with_simd(pulp::Scalar::new());
        let read = |places: &[(Place, [f32; 2])]| -> Vec<_> {
            places
                .iter()
                .map(|(place, slopes)| (place.pixels, place.weights(), *slopes))
                .collect()
        };
        assert_eq!(read(&places), read(&case.shape.places(&case.grid, 0, &(0..63))));
    }
}
