//! How a published network was configured, in our words.

use std::collections::BTreeMap;

use foreframe_core::ClipShape;
use serde_json::Value as Json;
use toml::{Table, Value};

use crate::model::Model;

/// OpenSTL's keys for the sizes of the observed and the future frames.
const OF_CLIP: [&str; 3] = ["in_shape", "pre_seq_length", "aft_seq_length"];

/// Those of a checkpoint's settings that say how a network of this kind is configured.
pub fn of_network(settings: &BTreeMap<String, Json>, model: &Model) -> BTreeMap<String, Json> {
    let names = model.reference_settings.iter().map(|(theirs, _)| *theirs);
    names
        .chain(OF_CLIP)
        .filter_map(|name| Some((name.to_owned(), settings.get(name)?.clone())))
        .collect()
}

/// The flags that bring the configuration of a network nearer to what its checkpoint says: `settings` by their names in
/// the reference, `network` and `clip` as they are. There are none where nothing is known or nothing differs.
pub fn proposals(settings: &BTreeMap<String, Json>, model: &Model, network: &Table, clip: &ClipShape) -> Vec<String> {
    let mut flags: Vec<String> = (model.reference_settings.iter())
        .filter_map(|(theirs, ours)| {
            let value = like(settings.get(*theirs)?, network.get(*ours)?)?;
            let is_possible = (model.complete)(&Table::from_iter([((*ours).to_owned(), value.clone())])).is_ok();
            (is_possible && network.get(*ours) != Some(&value)).then(|| format!("--set {}", assignment(ours, &value)))
        })
        .collect();
    let wanted = clip_of(settings, clip);
    if wanted != *clip && wanted.validate().is_ok() {
        let sizes = [wanted.past, wanted.future, wanted.channels, wanted.height, wanted.width];
        flags.push(format!("--clip {}", sizes.map(|size| size.to_string()).join(",")));
    }
    flags
}

/// As a word for a shell, which must not look into lists.
fn assignment(key: &str, value: &Value) -> String {
    let value = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let assignment = format!("network.{key}={value}");
    match assignment.contains(['[', ' ']) {
        true => format!("'{assignment}'"),
        false => assignment,
    }
}

/// A value of the reference as one of the kind that the key has here.
fn like(value: &Json, kind: &Value) -> Option<Value> {
    let number = || value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    let whole = |value: f64| (value.fract() == 0.0 && value.abs() < 1e15).then_some(Value::Integer(value as i64));
    match kind {
        Value::Integer(_) => whole(number()?),
        Value::Float(_) => number().map(Value::Float),
        Value::Boolean(_) => Some(Value::Boolean(value.as_bool().or_else(|| Some(number()? != 0.0))?)),
        Value::String(_) => Some(Value::String(value.as_str()?.to_lowercase())),
        Value::Array(_) => {
            let numbers: Option<Vec<f64>> = match value {
                // OpenSTL: num_hidden = '128,128,128,128'.
                Json::String(text) => text.split(',').map(|number| number.trim().parse().ok()).collect(),
                Json::Array(values) => values.iter().map(Json::as_f64).collect(),
                _ => None,
            };
            numbers?
                .into_iter()
                .map(whole)
                .collect::<Option<Vec<Value>>>()
                .map(Value::Array)
        }
        _ => None,
    }
}

/// The clip by [`OF_CLIP`]: `in_shape` is `[T, C, H, W]`.
fn clip_of(settings: &BTreeMap<String, Json>, clip: &ClipShape) -> ClipShape {
    let size = |value: &Json| value.as_u64().and_then(|size| usize::try_from(size).ok());
    let [shape, past, future] = OF_CLIP.map(|name| settings.get(name));
    let mut clip = *clip;
    let shape: Option<Vec<usize>> = shape
        .and_then(Json::as_array)
        .and_then(|sizes| sizes.iter().map(size).collect());
    if let Some([past, channels, height, width]) = shape.as_deref() {
        (clip.past, clip.channels, clip.height, clip.width) = (*past, *channels, *height, *width);
    }
    clip.past = past.and_then(size).unwrap_or(clip.past);
    clip.future = future.and_then(size).unwrap_or(clip.future);
    clip
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_the_kind_that_the_key_has() {
        let integer = Value::Integer(1);
        assert_eq!(like(&Json::from(64), &integer), Some(Value::Integer(64)));
        assert_eq!(like(&Json::from(8.0), &integer), Some(Value::Integer(8)));
        assert_eq!(like(&Json::from(8.5), &integer), None);
        assert_eq!(like(&Json::from(1e300), &integer), None);
        assert_eq!(like(&Json::from(0), &Value::Boolean(true)), Some(Value::Boolean(false)));
        assert_eq!(
            like(&Json::from("gSTA"), &Value::String(String::new())),
            Some(Value::String("gsta".into()))
        );
        let widths = Value::Array(vec![Value::Integer(64), Value::Integer(32)]);
        let list = Value::Array(Vec::new());
        assert_eq!(like(&Json::from("64, 32"), &list), Some(widths.clone()));
        assert_eq!(like(&serde_json::json!([64, 32]), &list), Some(widths.clone()));
        assert_eq!(like(&Json::from("64,wide"), &list), None);
        assert_eq!(like(&Json::Null, &Value::Boolean(true)), None);
        assert_eq!(assignment("widths", &widths), "'network.widths=[64, 32]'");
    }

    #[test]
    fn a_clip_is_told_by_its_shape_and_by_its_lengths() {
        let clip = ClipShape::new([1, 2, 3, 4, 5]);
        let settings = |text: &str| serde_json::from_str::<BTreeMap<String, Json>>(text).unwrap();
        let shape = settings(r#"{"in_shape": [10, 1, 64, 32], "aft_seq_length": 20}"#);
        assert_eq!(clip_of(&shape, &clip), ClipShape::new([10, 20, 1, 64, 32]));
        let other = settings(r#"{"in_shape": [1, 64], "pre_seq_length": "4"}"#);
        assert_eq!(clip_of(&other, &clip), clip);
    }
}
