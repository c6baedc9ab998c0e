use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};

use crate::ReportError;

/// Bytes of pictures in one page: browsers become slow with more.
const MOST: usize = 24 << 20;

/// The pictures of a run, inside the page. What would make it too large is named instead.
pub(crate) fn section(paths: &[PathBuf]) -> Result<Markup, ReportError> {
    let (mut inside, mut outside, mut bytes) = (Vec::new(), Vec::new(), 0);
    for path in paths {
        let size = std::fs::metadata(path)
            .map_err(|error| ReportError::read(path, error))?
            .len();
        bytes += usize::try_from(size).unwrap_or(MOST);
        if bytes > MOST {
            outside.push(name(path));
        } else {
            inside.push((name(path), data_uri(path)?));
        }
    }
    Ok(html! {
        @if !inside.is_empty() || !outside.is_empty() {
            h2 { "Forecasts" }
            @for (name, uri) in &inside {
                figure { img src=(uri) alt=(name); figcaption { (name) } }
            }
            @if !outside.is_empty() {
                p.soft { "Too large for this page, but beside it: " (outside.join(", ")) }
            }
        }
    })
}

fn name(path: &Path) -> String {
    let part = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().into_owned();
    format!(
        "{}/{}",
        part(path.parent().and_then(Path::file_name)),
        part(path.file_name())
    )
}

fn data_uri(path: &Path) -> Result<String, ReportError> {
    let bytes = std::fs::read(path).map_err(|error| ReportError::read(path, error))?;
    let kind = if path.extension().is_some_and(|ending| ending == "gif") {
        "gif"
    } else {
        "png"
    };
    Ok(format!("data:image/{kind};base64,{}", STANDARD.encode(bytes)))
}
