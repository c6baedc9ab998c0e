//! Reading between four pixels.

/// A place between four pixels, those above before those below, the left before the right.
pub(crate) struct Place {
    /// The pixels; one that is outside is replaced by the nearest inside.
    pub(crate) pixels: [u32; 4],
    rows: Axis,
    columns: Axis,
}

/// The two pixels around a place along one axis.
struct Axis {
    /// How much of each is read: 0 of those outside.
    weights: [f32; 2],
    /// 1 for those inside, 0 for those outside.
    inside: [f32; 2],
}

/// Height and width of an image in the numbers that places are compared with.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    sides: [f32; 2],
    width: u32,
}

impl Size {
    /// The size of an image that is not empty and has at most `u32::MAX` pixels.
    pub(crate) fn new([height, width]: [usize; 2]) -> Self {
        Self {
            sides: [height as f32, width as f32],
            width: width as u32,
        }
    }
}

impl Place {
    /// The place at a row and a column of an image.
    #[inline(always)]
    pub(crate) fn new([row, column]: [f32; 2], Size { sides, width }: Size) -> Self {
        let ([above, below], rows) = neighbors(row, sides[0]);
        let ([left, right], columns) = neighbors(column, sides[1]);
        Self {
            pixels: [
                above * width + left,
                above * width + right,
                below * width + left,
                below * width + right,
            ],
            rows,
            columns,
        }
    }

    /// How much of each pixel is read.
    #[inline(always)]
    pub(crate) fn weights(&self) -> [f32; 4] {
        let ([above, below], [left, right]) = (self.rows.weights, self.columns.weights);
        [above * left, above * right, below * left, below * right]
    }

    /// Derivatives by the place's row and column of the sum of weighted pixels.
    ///
    /// At the center of a pixel they are those of the square below and to the right, and one pixel outside, the row or
    /// column inside still counts: both as in PyTorch.
    #[inline(always)]
    pub(crate) fn slopes(&self, pixels: [f32; 4]) -> [f32; 2] {
        let (rows, columns) = (&self.rows, &self.columns);
        let row = |i: usize| columns.weights[0] * pixels[2 * i] + columns.weights[1] * pixels[2 * i + 1];
        let column = |i: usize| rows.weights[0] * pixels[i] + rows.weights[1] * pixels[2 + i];
        [
            rows.inside[1] * row(1) - rows.inside[0] * row(0),
            columns.inside[1] * column(1) - columns.inside[0] * column(0),
        ]
    }
}

/// The pixels before and after a place along an axis.
#[inline(always)]
fn neighbors(place: f32, side: f32) -> ([u32; 2], Axis) {
    let before = place.floor();
    let pixels = [before, before + 1.0];
    let inside = pixels.map(|pixel| if pixel >= 0.0 && pixel < side { 1.0 } else { 0.0 });
    let share = place - before;
    // Times 0 rather than set to 0: a place that is not a number makes what is read there none.
    let weights = [(1.0 - share) * inside[0], share * inside[1]];
    let nearest = pixels.map(|pixel| pixel.clamp(0.0, side - 1.0) as u32);
    (nearest, Axis { weights, inside })
}
