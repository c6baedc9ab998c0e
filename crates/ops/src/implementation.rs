//! Which implementation of an operation runs.

use std::cell::Cell;
use std::sync::atomic::{AtomicU8, Ordering};

use burn::tensor::{DType, Device, Tensor};

/// How operations are computed on Burn's CPU backend, flex. Other backends always use Burn's own operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Implementation {
    /// By the loops of `foreframe-kernels`.
    #[default]
    Kernels,
    /// By Burn's own operations, put together: the reference that the kernels are compared with.
    Reference,
}

const UNSET: u8 = 0;
const KERNELS: u8 = 1;
const REFERENCE: u8 = 2;

static EVERYWHERE: AtomicU8 = AtomicU8::new(UNSET);

thread_local! {
    static HERE: Cell<Option<Implementation>> = const { Cell::new(None) };
}

impl Implementation {
    /// Makes every thread use this implementation from now on.
    pub fn install(self) {
        let code = match self {
            Self::Kernels => KERNELS,
            Self::Reference => REFERENCE,
        };
        EVERYWHERE.store(code, Ordering::Relaxed);
    }

    /// Calls `work` with this implementation on this thread.
    pub fn scope<R>(self, work: impl FnOnce() -> R) -> R {
        /// Undoes the choice when dropped, so also when `work` panics.
        struct Restore(Option<Implementation>);
        impl Drop for Restore {
            fn drop(&mut self) {
                HERE.set(self.0);
            }
        }
        let _restore = Restore(HERE.replace(Some(self)));
        work()
    }

    /// The one in use on this thread: that of the innermost [`scope`](Self::scope), else the one that was
    /// [installed](Self::install), else [`Reference`](Self::Reference) if the environment variable `FOREFRAME_OPS` says
    /// `reference`, else [`Kernels`](Self::Kernels).
    pub fn current() -> Self {
        HERE.get().unwrap_or_else(|| match EVERYWHERE.load(Ordering::Relaxed) {
            KERNELS => Self::Kernels,
            REFERENCE => Self::Reference,
            _ => {
                let wanted = std::env::var_os("FOREFRAME_OPS");
                let chosen = if wanted.is_some_and(|name| name == "reference") {
                    Self::Reference
                } else {
                    Self::Kernels
                };
                chosen.install();
                chosen
            }
        })
    }
}

/// Whether the kernels compute an operation on `tensor`.
pub(crate) fn has_kernel<const D: usize>(tensor: &Tensor<D>) -> bool {
    tensor.dtype() == DType::F32
        && Implementation::current() == Implementation::Kernels
        && tensor.device().inner() == Device::flex()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_nest_and_end() {
        let outside = Implementation::current();
        Implementation::Reference.scope(|| {
            assert_eq!(Implementation::current(), Implementation::Reference);
            Implementation::Kernels.scope(|| assert_eq!(Implementation::current(), Implementation::Kernels));
            assert_eq!(Implementation::current(), Implementation::Reference);
        });
        assert_eq!(Implementation::current(), outside);
    }

    #[test]
    fn a_panic_ends_a_scope_too() {
        let outside = Implementation::current();
        let other = match outside {
            Implementation::Kernels => Implementation::Reference,
            Implementation::Reference => Implementation::Kernels,
        };
        let panicked = std::panic::catch_unwind(|| other.scope(|| panic!("inside")));
        assert!(panicked.is_err());
        assert_eq!(Implementation::current(), outside);
    }
}
