//! From `--backend` to the Cargo features it needs.

use std::ffi::OsString;

/// The values of `--backend`; all but the first are features of the package `foreframe`.
pub(crate) const BACKENDS: [&str; 7] = ["flex", "ndarray", "wgpu", "vulkan", "metal", "rocm", "cuda"];

/// The feature that the arguments ask for; none for the default CPU backend.
///
/// # Errors
/// A message for the user if `--backend` names no backend.
pub(crate) fn feature(arguments: &[OsString]) -> Result<Option<&'static str>, String> {
    let Some(wanted) = requested(arguments) else {
        return Ok(None);
    };
    match BACKENDS.into_iter().find(|backend| *backend == wanted) {
        Some("flex") => Ok(None),
        Some(backend) => Ok(Some(backend)),
        None => Err(format!(
            "there is no backend `{wanted}`: use one of {}",
            BACKENDS.join(", ")
        )),
    }
}

/// The value of `--backend`, if it is given and has one; Foreframe itself reports the rest.
fn requested(arguments: &[OsString]) -> Option<String> {
    let mut arguments = arguments
        .iter()
        .map(|argument| argument.to_string_lossy())
        .take_while(|argument| argument != "--");
    while let Some(argument) = arguments.next() {
        if argument == "--backend" {
            return arguments.next().map(|value| value.into_owned());
        }
        if let Some(value) = argument.strip_prefix("--backend=") {
            return Some(value.to_owned());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Result<Option<&'static str>, String> {
        feature(&line.split_whitespace().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_backend_is_a_feature() {
        assert_eq!(of("train ustep"), Ok(None));
        assert_eq!(of("train ustep --backend flex"), Ok(None));
        assert_eq!(of("train ustep --backend cuda --steps 2"), Ok(Some("cuda")));
        assert_eq!(of("train --backend=wgpu ustep"), Ok(Some("wgpu")));
        assert_eq!(of("train -- --backend wgpu"), Ok(None));
        assert_eq!(of("train --backend"), Ok(None));
    }

    #[test]
    fn an_unknown_backend_lists_the_known_ones() {
        let message = of("train ustep --backend tpu").unwrap_err();
        assert!(
            message.contains("`tpu`") && message.contains("vulkan, metal"),
            "{message}"
        );
    }
}
