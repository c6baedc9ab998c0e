//! `CATALOG.csv`: which event lies where, and when it was.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Component, Path, PathBuf};

use csv::{ReaderBuilder, StringRecord, Trim};
use jiff::civil::DateTime;

use foreframe_data::DataError;

/// The published catalog has 25 MB.
const LARGEST: u64 = 1 << 30;

/// One event as the radar network saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// The file it lies in, below the folder of all data.
    pub(super) file: PathBuf,
    /// Its number there.
    pub(super) index: usize,
    pub(super) time: DateTime,
    /// Its line of the catalog, counted from 1.
    pub(super) line: u64,
}

/// Where the columns are.
struct Columns {
    file: usize,
    index: usize,
    kind: usize,
    time: usize,
    id: Option<usize>,
    missing: Option<usize>,
}

/// Reads the events of a catalog of which `vil` frames are whole. As in the public loaders, those of which a part is
/// missing (`pct_missing`) are left out, and so are those whose `id` occurs more than once.
///
/// # Errors
/// Names the catalog, and the line and column of what is no event.
pub(super) fn read(path: &Path) -> Result<Vec<Event>, DataError> {
    let file = File::open(path).map_err(DataError::io("read", path))?;
    let len = file.metadata().map_err(DataError::io("read", path))?.len();
    let refuse = |problem: String| DataError::file(path, problem, "fetch SEVIR's CATALOG.csv again");
    if len > LARGEST {
        return Err(refuse(format!("has {len} bytes, far more than the catalog")));
    }
    let unreadable = |cause: csv::Error| match cause.into_kind() {
        csv::ErrorKind::Io(cause) => DataError::io("read", path)(cause),
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => refuse(format!(
            "has {len} columns in line {}, but {expected_len} before",
            pos.map_or(0, |place| place.line())
        )),
        csv::ErrorKind::Utf8 { pos, .. } => {
            refuse(format!("is no text in line {}", pos.map_or(0, |place| place.line())))
        }
        other => refuse(format!("cannot be read: {other:?}")),
    };
    let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(file);
    let columns = Columns::of(reader.headers().map_err(unreadable)?).map_err(refuse)?;
    let mut events = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut ids = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let line = record.position().map_or(0, |place| place.line());
        let found = columns.event(&record, line);
        let Some(event) = found.map_err(|problem| refuse(format!("has {problem} in line {line}")))? else {
            continue;
        };
        let id = columns.id.and_then(|column| record.get(column)).unwrap_or_default();
        if !id.is_empty() {
            *seen.entry(id.to_owned()).or_default() += 1;
        }
        ids.push(id.to_owned());
        events.push(event);
    }
    let mut id = ids.iter();
    events.retain(|_| id.next().and_then(|id| seen.get(id)).is_none_or(|times| *times == 1));
    match events.is_empty() {
        false => Ok(events),
        true => Err(refuse("names no whole event of type vil".to_owned())),
    }
}

impl Columns {
    fn of(header: &StringRecord) -> Result<Self, String> {
        let find = |name: &str| header.iter().position(|column| column == name);
        let need = |name: &str| {
            find(name).ok_or_else(|| {
                let columns: Vec<&str> = header.iter().take(30).collect();
                match columns.is_empty() {
                    true => "is empty".to_owned(),
                    false => format!("has no column `{name}`, only {}", columns.join(", ")),
                }
            })
        };
        Ok(Self {
            file: need("file_name")?,
            index: need("file_index")?,
            kind: need("img_type")?,
            time: need("time_utc")?,
            id: find("id"),
            missing: find("pct_missing"),
        })
    }

    /// The event of a line, `None` where it is of another kind or not whole.
    fn event(&self, record: &StringRecord, line: u64) -> Result<Option<Event>, String> {
        let text = |column: usize| record.get(column).unwrap_or_default();
        if text(self.kind) != "vil" {
            return Ok(None);
        }
        let missing = self.missing.map(text).filter(|text| !text.is_empty());
        let missing = missing.map(|text| text.parse::<f64>().map_err(|_| format!("the pct_missing `{text}`")));
        if missing.transpose()?.is_some_and(|share| share != 0.0) {
            return Ok(None);
        }
        let name = text(self.file);
        let file = PathBuf::from(name);
        // A catalog must not lead out of the folder.
        if name.is_empty() || !file.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(format!("the file_name `{name}`, which is no path below the folder"));
        }
        // Tables that went through other programs say 3.0 for 3.
        let index = text(self.index);
        let whole = index.strip_suffix(".0").unwrap_or(index);
        let number = whole.parse().map_err(|_| format!("the file_index `{index}`"))?;
        let time = text(self.time);
        let at = time.parse().map_err(|_| format!("the time_utc `{time}`"))?;
        Ok(Some(Event {
            file,
            index: number,
            time: at,
            line,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fs;

    const HEADER: &str = "id,file_name,file_index,img_type,time_utc,proj,pct_missing";

    fn catalog(lines: &[&str]) -> Result<Vec<Event>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("CATALOG.csv");
        fs::write(&path, lines.join("\n")).unwrap();
        read(&path).map_err(|error| {
            let message = error.to_string();
            assert!(message.contains("CATALOG.csv`"), "{message}");
            message
        })
    }

    #[test]
    fn whole_events_of_the_kind_are_found_with_their_lines() {
        let events = catalog(&[
            HEADER,
            "S1,vil/2018/a.h5,0,vil,2018-06-26 00:29:00,\"+proj=laea, \"\"x\"\"\",0",
            "S1,vis/2018/b.h5,0,vis,never,+proj=laea,100",
            "S2,vil/2018/a.h5,7.0,vil,2019-06-01 12:00:00,+proj=laea,",
            "S3,vil/2018/a.h5,3,vil,2019-06-01 12:00:00,+proj=laea,0.4",
            "S4,vil/2018/a.h5,4,vil,2019-06-01 12:00:00,+proj=laea,0.0",
            "S4,vil/2018/a.h5,5,vil,2019-06-01 12:00:00,+proj=laea,0.0",
        ])
        .unwrap();
        let found: Vec<_> = events.iter().map(|event| (event.index, event.line)).collect();
        assert_eq!(found, [(0, 2), (7, 4)]);
        assert_eq!(events[0].file, Path::new("vil/2018/a.h5"));
        assert_eq!(events[0].time, jiff::civil::date(2018, 6, 26).at(0, 29, 0, 0));
        // Columns in another order, and no more than are needed.
        let few = catalog(&[
            "time_utc,img_type,file_index,file_name",
            "2019-01-01 00:00:00,vil,1,a.h5",
        ])
        .unwrap();
        assert_eq!((few.len(), few[0].index), (1, 1));
    }

    #[test]
    fn what_is_no_event_is_named_with_its_line() {
        let refused = |line: &str| catalog(&[HEADER, "S1,a.h5,0,vil,2018-06-26 00:29:00,p,0", line]).unwrap_err();
        for (line, problem) in [
            (
                "S2,a.h5,minus,vil,2018-06-26 00:29:00,p,0",
                "the file_index `minus` in line 3",
            ),
            (
                "S2,a.h5,-1,vil,2018-06-26 00:29:00,p,0",
                "the file_index `-1` in line 3",
            ),
            (
                "S2,a.h5,1,vil,2018-13-26 00:29:00,p,0",
                "the time_utc `2018-13-26 00:29:00` in line 3",
            ),
            ("S2,../a.h5,1,vil,2018-06-26 00:29:00,p,0", "the file_name `../a.h5`"),
            (
                "S2,/etc/a.h5,1,vil,2018-06-26 00:29:00,p,0",
                "no path below the folder in line 3",
            ),
            ("S2,,1,vil,2018-06-26 00:29:00,p,0", "the file_name ``"),
            (
                "S2,a.h5,1,vil,2018-06-26 00:29:00,p,some",
                "the pct_missing `some` in line 3",
            ),
            ("S2,a.h5,1,vil", "has 4 columns in line 3, but 7 before"),
        ] {
            assert!(refused(line).contains(problem), "{}", refused(line));
        }
        assert!(catalog(&[""]).unwrap_err().contains("is empty"));
        assert!(
            catalog(&[HEADER])
                .unwrap_err()
                .contains("names no whole event of type vil")
        );
        let error = catalog(&["id,file_name,img_type", "S1,a.h5,vil"]).unwrap_err();
        assert!(
            error.contains("no column `file_index`, only id, file_name, img_type"),
            "{error}"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_bytes_are_read_or_refused(lines in proptest::collection::vec(any::<u8>(), 0..200), header in any::<bool>()) {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("CATALOG.csv");
            let front = if header { format!("{HEADER}\n") } else { String::new() };
            fs::write(&path, [front.as_bytes(), &lines].concat()).unwrap();
            let _ = read(&path);
        }
    }
}
