//! Links within the documentation lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};

fn markdown(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != "templates" && !name.starts_with('.') && name != "runs" {
            markdown(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "md") {
            found.push(path);
        }
    }
}

#[test]
fn relative_links_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    markdown(root, &mut files);
    let mut links = 0;
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap();
            if target.is_empty() || target.contains("://") || target.contains(char::is_whitespace) {
                continue;
            }
            links += 1;
            let path = file.parent().unwrap().join(target);
            assert!(path.exists(), "{}: `{target}` leads nowhere", file.display());
        }
    }
    assert!(links > 20, "only {links} links were found");
}
