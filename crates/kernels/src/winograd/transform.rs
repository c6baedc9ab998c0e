//! The small matrices of Winograd's algorithm and their application to vectors of channels.

use std::mem::MaybeUninit;

use pulp::Simd;

/// The matrices of F(MxM, RxR), which computes a patch of M by M outputs of an R by R kernel from N by N inputs, where
/// N = M + R - 1: `y = output ((kernel w kernel^T) * (input x input^T)) output^T`.
///
/// Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015; the matrices themselves are those of
/// Toom and Cook: polynomials are evaluated at N - 1 points and at infinity, multiplied there and interpolated again.
pub(super) struct Matrices<const N: usize, const M: usize, const R: usize> {
    /// Of the input, B^T in the literature.
    pub(super) input: [[f32; N]; N],
    /// Of the kernel, G.
    pub(super) kernel: [[f32; R]; N],
    /// Its transpose, which takes the gradient back to the kernel.
    pub(super) kernel_transposed: [[f32; N]; R],
    /// Of the output, A^T.
    pub(super) output: [[f32; N]; M],
    /// Its transpose, which takes the gradient of the output to the points.
    pub(super) output_transposed: [[f32; M]; N],
}

impl<const N: usize, const M: usize, const R: usize> Matrices<N, M, R> {
    /// The matrices for the points below.
    pub(super) const VALUE: Self = Self::new();

    const fn new() -> Self {
        assert!(N == M + R - 1);
        let points = points::<N>();
        let mut input = [[0.0; N]; N];
        let mut kernel = [[0.0; R]; N];
        let mut output = [[0.0; N]; M];
        let mut point = 0;
        while point < N {
            let last = point == N - 1;
            // The polynomial that vanishes at all other points, and its value at this one.
            let mut polynomial = [0.0f64; N];
            polynomial[0] = 1.0;
            let mut value = 1.0;
            let mut other = 0;
            while other < N - 1 {
                if other != point {
                    let mut power = N - 1;
                    while power > 0 {
                        polynomial[power] = polynomial[power - 1] - points[other] * polynomial[power];
                        power -= 1;
                    }
                    polynomial[0] *= -points[other];
                    if !last {
                        value *= points[point] - points[other];
                    }
                }
                other += 1;
            }
            let mut power = 0;
            while power < N {
                input[point][power] = polynomial[power] as f32;
                power += 1;
            }
            let mut at = 1.0;
            let mut power = 0;
            while power < M || power < R {
                if power < R {
                    let evaluated = if last { (power == R - 1) as u8 as f64 } else { at };
                    kernel[point][power] = (evaluated / value) as f32;
                }
                if power < M {
                    let evaluated = if last { (power == M - 1) as u8 as f64 } else { at };
                    output[power][point] = evaluated as f32;
                }
                at *= points[point];
                power += 1;
            }
            point += 1;
        }
        Self {
            input,
            kernel,
            kernel_transposed: transposed(&kernel),
            output,
            output_transposed: transposed(&output),
        }
    }
}

/// The finite points; the last place stands for infinity and is not used. Of five and of seven points these gave the
/// smallest rounding errors: of five, 1/2 with -2 halves those of 2 with -2.
const fn points<const N: usize>() -> [f64; N] {
    let known = [0.0, 1.0, -1.0, 0.5, -2.0, 2.0, -0.5];
    let mut points = [0.0; N];
    let mut i = 0;
    while i < N - 1 {
        points[i] = known[i];
        i += 1;
    }
    points
}

const fn transposed<const P: usize, const Q: usize>(matrix: &[[f32; Q]; P]) -> [[f32; P]; Q] {
    let mut result = [[0.0; P]; Q];
    let mut i = 0;
    while i < P * Q {
        result[i % Q][i / Q] = matrix[i / Q][i % Q];
        i += 1;
    }
    result
}

/// Repeats a body with a literal for every index below `limit`, at most 8: only then do the matrices' elements become
/// constants of the compiled code, so that zeros and ones cost nothing; a loop as long as this it does not unroll.
macro_rules! unrolled {
    ($index:ident < $limit:expr => $body:block) => {
        unrolled!($index < $limit => $body 0 1 2 3 4 5 6 7)
    };
    ($index:ident < $limit:expr => $body:block $($at:literal)*) => {
        $(if $at < $limit {
            let $index: usize = $at;
            $body
        })*
    };
}

/// One row of a matrix times `x`.
#[inline(always)]
fn product<S: Simd, const Q: usize>(simd: S, row: &[f32; Q], x: &[S::f32s; Q]) -> S::f32s {
    let mut sum = None;
    unrolled!(j < Q => {
        let factor = row[j];
        if factor != 0.0 {
            sum = Some(match sum {
                None if factor == 1.0 => x[j],
                None => simd.mul_f32s(simd.splat_f32s(factor), x[j]),
                Some(sum) if factor == 1.0 => simd.add_f32s(sum, x[j]),
                Some(sum) if factor == -1.0 => simd.sub_f32s(sum, x[j]),
                Some(sum) => simd.mul_add_e_f32s(simd.splat_f32s(factor), x[j], sum),
            });
        }
    });
    sum.unwrap_or(simd.splat_f32s(0.0))
}

/// On the boundary of a cache line, so that no vector spans two.
#[repr(align(64))]
struct Lines<T>(T);

/// `matrix x matrix^T`, with the elements of `x` read and those of the result handed over one by one.
#[inline(always)]
pub(super) fn both_sides<S: Simd, const P: usize, const Q: usize>(
    simd: S,
    matrix: &[[f32; Q]; P],
    mut x: impl FnMut(usize, usize) -> S::f32s,
    mut result: impl FnMut(usize, usize, S::f32s),
) {
    // Filling this with zeros first would cost as much as a tenth of the arithmetic.
    let mut half = Lines([[const { MaybeUninit::<S::f32s>::uninit() }; Q]; P]);
    let half = &mut half.0;
    #[allow(clippy::needless_range_loop, reason = "`column` is the second index")]
    for column in 0..Q {
        let mut column_of_x = [simd.splat_f32s(0.0); Q];
        unrolled!(row < Q => {
            column_of_x[row] = x(row, column);
        });
        unrolled!(row < P => {
            half[row][column].write(product::<S, Q>(simd, &matrix[row], &column_of_x));
        });
    }
    for (row, half) in half.iter().enumerate() {
        let mut row_of_half = [simd.splat_f32s(0.0); Q];
        unrolled!(column < Q => {
            // SAFETY: the loop above has written every column of every row.
            row_of_half[column] = unsafe { half[column].assume_init() };
        });
        unrolled!(column < P => {
            result(row, column, product::<S, Q>(simd, &matrix[column], &row_of_half));
        });
    }
}
