//! Timing several engines in turn.

use std::thread::sleep;
use std::time::Duration;

use crate::case::Case;
use crate::engine::Engine;
use crate::statistics::median;

/// Longer than OpenMP's idle threads wait in a busy loop for more work, which would slow down whoever is next: GNU's some
/// milliseconds, LLVM's 200.
const PAUSE: Duration = Duration::from_millis(if cfg!(target_os = "linux") { 100 } else { 300 });
/// A turn lasts about so long, but one repetition at least.
const TURN_SECONDS: f64 = 0.1;
const MOST_REPETITIONS: f64 = 200.0;

/// For every engine the median of each round in seconds, or why there is none.
pub(crate) type Times = Vec<Result<Vec<f64>, String>>;

/// Times `case` on all engines, one after the other in each round, each round beginning with another engine.
///
/// Of the ways to run the case all take the one given by `variant`, else the one that the first to have several finds
/// fastest; it is returned, too.
pub(crate) fn measure(
    case: &Case,
    variant: Option<String>,
    engines: &mut [Box<dyn Engine>],
    rounds: usize,
) -> (Times, Option<String>) {
    let count = engines.len();
    let mut variant = variant;
    let mut times = Times::with_capacity(count);
    let mut repetitions = vec![1; count];
    for (engine, repetitions) in engines.iter_mut().zip(&mut repetitions) {
        let first = engine.prepare(case, variant.as_deref()).and_then(|()| engine.run(1));
        times.push(first.map(|seconds| {
            *repetitions = turn(median(&seconds));
            Vec::with_capacity(rounds)
        }));
        variant = engine.variant().map(str::to_owned).or(variant);
    }
    for round in 0..rounds {
        for turn in 0..count {
            let index = (round + turn) % count;
            let Ok(medians) = &mut times[index] else { continue };
            pause(count);
            // The first repetition after a pause finds cold caches and sleeping threads; in a long run there is none such.
            match engines[index].run(repetitions[index] + 1) {
                Ok(seconds) => medians.push(median(&seconds[1..])),
                Err(error) => times[index] = Err(error),
            }
        }
    }
    for engine in engines {
        engine.release();
    }
    (times, variant)
}

/// Alone there is nobody to wait for.
fn pause(engines: usize) {
    if engines > 1 {
        sleep(PAUSE);
    }
}

/// How many repetitions of so many seconds make a turn.
fn turn(seconds: f64) -> usize {
    (TURN_SECONDS / seconds).ceil().clamp(1.0, MOST_REPETITIONS) as usize
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::*;

    struct Recorded {
        name: char,
        works: bool,
        order: Rc<RefCell<String>>,
    }

    impl Engine for Recorded {
        fn prepare(&mut self, _: &Case, variant: Option<&str>) -> Result<(), String> {
            self.order.borrow_mut().push_str(variant.unwrap_or("-"));
            if self.works { Ok(()) } else { Err("broken".to_owned()) }
        }

        fn run(&mut self, repetitions: usize) -> Result<Vec<f64>, String> {
            self.order.borrow_mut().push(self.name);
            Ok(vec![0.06; repetitions])
        }

        fn variant(&self) -> Option<&str> {
            (self.name == 'b').then_some("+")
        }

        fn release(&mut self) {}
    }

    #[test]
    fn engines_take_turns_and_a_broken_one_holds_up_nobody() {
        let order = Rc::new(RefCell::new(String::new()));
        let engine = |name, works| -> Box<dyn Engine> {
            Box::new(Recorded {
                name,
                works,
                order: order.clone(),
            })
        };
        let mut engines = [engine('a', true), engine('b', true), engine('c', false)];
        let (times, variant) = measure(&crate::case::cases(1)[0], None, &mut engines, 3);
        assert_eq!(times[0], Ok(vec![0.06; 3]));
        assert_eq!(times[2], Err("broken".to_owned()));
        assert_eq!(variant.as_deref(), Some("+"));
        // Each is prepared and tried, the last one with what the second one has found; then come the rounds.
        assert_eq!(*order.borrow(), "-a-b+abbaab");
    }

    #[test]
    fn short_cases_are_repeated() {
        assert_eq!((turn(1e-9), turn(0.06), turn(3.0)), (200, 2, 1));
    }
}
