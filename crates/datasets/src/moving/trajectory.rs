//! How a digit moves: the rule of Moving MNIST (Srivastava et al., ICML 2015).

/// Position of a digit within the range it can move in, 0..1 along each axis, and its velocity.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trajectory {
    x: f64,
    y: f64,
    velocity_x: f64,
    velocity_y: f64,
}

/// The share of its range that a digit moves per frame.
const STEP: f64 = 0.1;

impl Trajectory {
    /// A digit at (`x`, `y`) that moves in direction `angle`, in radians.
    pub(super) fn new(x: f64, y: f64, angle: f64) -> Self {
        Self {
            x,
            y,
            velocity_x: angle.cos(),
            velocity_y: angle.sin(),
        }
    }

    /// Moves one frame on, bouncing off the walls, and yields the row and column of the digit's corner, of which the published
    /// rule takes the whole part.
    ///
    /// `change` is added to the velocity of x and of y, in units of the undisturbed speed, for this frame alone. The
    /// starting position itself is never shown.
    pub(super) fn step(&mut self, range: usize, change: [f64; 2]) -> [f64; 2] {
        let advance = |position: &mut f64, velocity: &mut f64, change: f64| {
            *position += (*velocity + change) * STEP;
            if *position <= 0.0 || *position >= 1.0 {
                *position = position.clamp(0.0, 1.0);
                *velocity = -*velocity;
            }
            *position * range as f64
        };
        let row = advance(&mut self.y, &mut self.velocity_y, change[1]);
        let column = advance(&mut self.x, &mut self.velocity_x, change[0]);
        [row, column]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    /// Twelve trajectories that the public Python code computed, among them every kind of bounce.
    #[test]
    fn the_published_rule_is_followed() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/misc/moving_mnist.json");
        let cases: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let cases = cases["moving_mnist_trajectories"].as_array().unwrap();
        assert_eq!(cases.len(), 12);
        for case in cases {
            let number = |name: &str| case[name].as_f64().unwrap();
            let rows = case["start_y"].as_array().unwrap();
            let columns = case["start_x"].as_array().unwrap();
            let mut trajectory = Trajectory::new(number("x0"), number("y0"), number("theta"));
            for (row, column) in rows.iter().zip(columns) {
                let expected = [row, column].map(|value| value.as_u64().unwrap() as usize);
                let found = trajectory.step(64 - 28, [0.0; 2]).map(|value| value as usize);
                assert_eq!(found, expected, "{case}");
            }
        }
    }
}
