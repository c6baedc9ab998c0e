//! Where the rows and columns of frames lie, so that one region is never taken for another.

use serde::{Deserialize, Serialize};

use super::axis_order::{AxisOrder, COLUMNS, ROWS};
use super::container::Container;
use super::variable::Variable;
use crate::error::Fault;

/// The coordinates of a frame, as far as its file states them.
#[derive(Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Grid {
    /// Along the rows, e.g. latitude.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Coordinate>,
    /// Along the columns, e.g. longitude.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Coordinate>,
    /// Longitudes and latitudes of a radar product's corners.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub corners: Vec<f64>,
}

/// The ends of one coordinate.
#[derive(Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Coordinate {
    /// Its name in the file.
    pub name: String,
    /// The coordinate of the first row or column.
    pub first: f64,
    /// The coordinate of the last row or column.
    pub last: f64,
}

/// Which axes must be flipped, so that a frame lies as another does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flip {
    pub(super) rows: bool,
    pub(super) columns: bool,
}

impl Grid {
    /// That of a variable, by the coordinate variables of its rows and columns.
    pub(super) fn of(
        file: &Container,
        variables: &[Variable],
        of: &Variable,
        layout: &AxisOrder,
    ) -> Result<Self, Fault> {
        let [rows, columns] = layout.rows_and_columns();
        Ok(Self {
            rows: coordinate(file, variables, of, rows, &ROWS)?,
            columns: coordinate(file, variables, of, columns, &COLUMNS)?,
            corners: Vec::new(),
        })
    }

    /// That of a radar product, by its corners.
    pub(super) fn of_corners(corners: Vec<f64>) -> Self {
        Self {
            corners,
            ..Self::default()
        }
    }

    /// Whether nothing is known of where the frames lie.
    pub fn is_unknown(&self) -> bool {
        *self == Self::default()
    }

    /// How frames of `found` are turned to lie as those of this grid. What one of the two does not state is not compared.
    ///
    /// # Errors
    /// Says in words what each of the two covers.
    pub(super) fn flip(&self, found: &Self) -> Result<Flip, String> {
        let along = |expected: &Option<Coordinate>, found: &Option<Coordinate>| match (expected, found) {
            (Some(expected), Some(found)) => expected.flip(found),
            _ => Ok(false),
        };
        let flip = Flip {
            rows: along(&self.rows, &found.rows)?,
            columns: along(&self.columns, &found.columns)?,
        };
        let differ = |(a, b): (&f64, &f64)| (a - b).abs() > 1e-3;
        let comparable = self.corners.len() == found.corners.len();
        if comparable && self.corners.iter().zip(&found.corners).any(differ) {
            return Err(format!(
                "has its corners at {:?}, not at {:?}",
                found.corners, self.corners
            ));
        }
        Ok(flip)
    }
}

impl Coordinate {
    /// Whether `found` runs the other way.
    fn flip(&self, found: &Self) -> Result<bool, String> {
        // A tenth of a pixel of a frame of some hundred pixels.
        let tolerance = (self.last - self.first).abs().max(f64::MIN_POSITIVE) * 1e-3;
        let near = |a: f64, b: f64| (a - b).abs() <= tolerance;
        // Longitudes are counted from -180 or from 0.
        let same = |first: f64, last: f64| {
            [0.0, 360.0, -360.0]
                .iter()
                .any(|turn| near(self.first, first + turn) && near(self.last, last + turn))
        };
        match (same(found.first, found.last), same(found.last, found.first)) {
            (true, _) => Ok(false),
            (false, true) => Ok(true),
            (false, false) => Err(format!(
                "covers {} {} to {}, not {} to {}",
                found.name, found.first, found.last, self.first, self.last
            )),
        }
    }
}

/// The coordinate variable of an axis: that of the dimension's name, else one with a usual name and the right length.
fn coordinate(
    file: &Container,
    variables: &[Variable],
    of: &Variable,
    axis: usize,
    usual: &[&str],
) -> Result<Option<Coordinate>, Fault> {
    let axis = &of.axes[axis];
    let fits = |variable: &&Variable| variable.shape() == [axis.len] && variable.value_type.is_some();
    let is_named = |variable: &&Variable| Some(variable.short_name()) == axis.name.as_deref();
    let is_usual = |variable: &&Variable| usual.contains(&variable.short_name().to_ascii_lowercase().as_str());
    let candidates = || variables.iter().filter(fits);
    let Some(found) = candidates().find(is_named).or_else(|| candidates().find(is_usual)) else {
        return Ok(None);
    };
    let values = file.coordinate(found)?;
    Ok(match values[..] {
        [first, .., last] if first.is_finite() && last.is_finite() => Some(Coordinate {
            name: found.short_name().to_owned(),
            first,
            last,
        }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(rows: [f64; 2], columns: [f64; 2]) -> Grid {
        let coordinate = |name: &str, [first, last]: [f64; 2]| {
            Some(Coordinate {
                name: name.to_owned(),
                first,
                last,
            })
        };
        Grid {
            rows: coordinate("latitude", rows),
            columns: coordinate("longitude", columns),
            corners: Vec::new(),
        }
    }

    #[test]
    fn axes_are_flipped_and_other_regions_refused() {
        let europe = grid([60.0, 48.0], [-10.0, 2.0]);
        let flip = |rows, columns| europe.flip(&grid(rows, columns));
        assert_eq!(flip([60.0, 48.0], [-10.0, 2.0]), Ok(Flip::default()));
        assert_eq!(flip([60.0, 48.0], [350.0, 362.0]), Ok(Flip::default()));
        let turned = Flip {
            rows: true,
            columns: false,
        };
        assert_eq!(flip([48.0, 60.0], [-10.0, 2.0]), Ok(turned));
        let problem = flip([60.0, 48.0], [0.0, 12.0]).unwrap_err();
        assert_eq!(problem, "covers longitude 0 to 12, not -10 to 2");
        // A shift by one pixel of 49 is another region.
        assert!(flip([60.0, 48.0], [-9.75, 2.25]).is_err());
        assert_eq!(europe.flip(&Grid::default()), Ok(Flip::default()));
        let corners = |last| Grid::of_corners(vec![0.0, 49.4, 0.0, 55.9, 10.9, 55.4, 9.0, last]);
        assert!(corners(48.9).flip(&corners(49.9)).unwrap_err().contains("corners"));
        assert_eq!(corners(48.9).flip(&corners(48.9)), Ok(Flip::default()));
    }
}
