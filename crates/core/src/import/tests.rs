use super::*;
use burn::nn::conv::{Conv2d, Conv2dConfig};
use burn::nn::{GroupNorm, GroupNormConfig};
use burn::tensor::Device;
use rstest::rstest;

#[derive(Module, Debug)]
struct Network {
    blocks: Vec<Conv2d>,
    norm: GroupNorm,
}

fn network() -> Network {
    let device = Device::flex();
    Network {
        blocks: vec![Conv2dConfig::new([1, 2], [1, 1]).init(&device)],
        norm: GroupNormConfig::new(1, 2).init(&device),
    }
}

fn keys() -> KeyMap {
    KeyMap::new([("blocks.*", "net.*.conv"), ("norm", "final")])
}

type State = BTreeMap<String, TensorData>;

fn state(prefix: &str) -> State {
    let mut state: State = crate::named_tensors(&network())
        .into_iter()
        .map(|tensor| (format!("{prefix}{}", keys().reference_key(&tensor.name)), tensor.data))
        .collect();
    state.insert(format!("{prefix}final.num_batches_tracked"), TensorData::from([3i64]));
    state
}

fn shapes(state: &State) -> BTreeMap<String, Vec<usize>> {
    let shape = |data: &TensorData| data.shape().to_vec();
    state.iter().map(|(key, data)| (key.clone(), shape(data))).collect()
}

fn selected(state: &State, prefix: Option<&str>) -> Result<ImportReport, ImportError> {
    select(&named_shapes(&network()), &shapes(state), &keys(), prefix)
}

#[rstest]
fn whatever_stands_before_all_keys_is_found(
    #[values(
        "",
        "model.",
        "module.",
        "net_params.",
        "state_dict.model._orig_mod.",
        "a.b.c.model.module."
    )]
    prefix: &str,
) {
    let (_, report) = import(network(), state(prefix), &keys()).unwrap();
    assert_eq!(report.used.len(), 4);
    assert!(report.used.iter().all(|(key, _)| key.starts_with(prefix)));
    assert_eq!(report.skipped[0].0, format!("{prefix}final.num_batches_tracked"));
    assert_eq!(report.prefix, prefix.replace("_orig_mod.", ""));
    assert!(report.others.is_empty());
}

#[test]
fn a_compiled_part_is_found_too() {
    let compiled = |(key, data): (String, TensorData)| (key.replace("net.0.", "net.0._orig_mod."), data);
    let state: State = state("module.").into_iter().map(compiled).collect();
    assert!(state.contains_key("module.net.0._orig_mod.conv.weight"));
    let (_, report) = import(network(), state, &keys()).unwrap();
    assert!((report.used.iter()).any(|(key, _)| key == "module.net.0._orig_mod.conv.weight"));
}

#[test]
fn of_several_places_one_is_taken_and_the_others_are_named() {
    let mut both = state("model_ema.module.");
    both.extend(state("state_dict.model."));
    let report = selected(&both, None).unwrap();
    assert_eq!(report.prefix, "state_dict.model.");
    assert_eq!(report.others, ["model_ema.module."]);
    assert_eq!(report.skipped.len(), 6);
    for prefix in ["model_ema.module.", "model_ema.module", "module"] {
        let report = selected(&both, Some(prefix)).unwrap();
        assert_eq!((report.prefix.as_str(), report.others.len()), ("model_ema.module.", 1));
    }
    let error = selected(&both, Some("teacher")).unwrap_err().to_string();
    assert!(
        error.contains("`teacher`") && error.contains("model_ema.module.final.bias"),
        "{error}"
    );
    assert!(selected(&both, Some("")).is_err(), "nothing lies at the top");
    assert_eq!(selected(&state(""), Some("")).unwrap().prefix, "");
    // A second network with the same keys and other sizes is no choice.
    let mut other = state("a.");
    other.insert("a.final.bias".into(), TensorData::from([0.0f32]));
    other.extend(state("generator."));
    let report = selected(&other, None).unwrap();
    assert_eq!((report.prefix.as_str(), report.others.len()), ("generator.", 0));
}

#[test]
fn what_lies_beside_the_network_is_skipped_by_name() {
    let mut state = state("model.");
    state.insert("loss.filters".into(), TensorData::from([1.0f32]));
    state.insert("optimizer.0.exp_avg".into(), TensorData::from([1.0f32]));
    let keys = keys().skipping("filters", "no parameter");
    let (_, report) = import(network(), state, &keys).unwrap();
    let reason = |key: &str| {
        report
            .skipped
            .iter()
            .find(|(skipped, _)| skipped == key)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(report.used.len(), 4);
    assert_eq!(reason("loss.filters"), "no parameter");
    assert!(reason("optimizer.0.exp_avg").contains("`model.`"));
}

#[rstest]
fn misfits_name_the_key_and_what_is_there_instead(#[values("", "model.")] prefix: &str) {
    let key = format!("{prefix}net.0.conv.bias");
    let refused = |change: &dyn Fn(&mut State)| {
        let mut state = state(prefix);
        change(&mut state);
        import(network(), state, &keys()).unwrap_err().to_string()
    };
    let contains = |message: &str, words: &[&str]| {
        for word in words {
            assert!(message.contains(word), "{word}: {message}");
        }
    };
    let message = refused(&|state| drop(state.remove(&key)));
    contains(
        &message,
        &[&key, "is missing", "`blocks.0.bias`, [2]", "3 of 4", "nothing like it"],
    );
    let message = refused(&|state| {
        let data = state.remove(&key).unwrap();
        state.insert(format!("{prefix}net.0.conv.bais"), data);
    });
    contains(
        &message,
        &[&key, "is missing", &format!("`{prefix}net.0.conv.bais`, [2], instead")],
    );
    let message = refused(&|state| drop(state.insert(format!("{prefix}net.1.conv.bias"), TensorData::from([0.0f32]))));
    contains(
        &message,
        &[
            &format!("`{prefix}net.1.conv.bias`, [1], is not used"),
            "nearest: `net.0.conv.bias`, [2]",
        ],
    );
    let message = refused(&|state| drop(state.insert(key.clone(), TensorData::from([0.0f32]))));
    contains(&message, &[&key, "[1]", "[2]", "configuration"]);
    let message = refused(&|state| drop(state.insert(key.clone(), TensorData::from([1i64, 2]))));
    contains(&message, &[&key, "I64", "floating-point"]);
}

#[test]
fn only_a_file_without_the_networks_keys_is_of_another_network() {
    let other: State = ["stem.weight", "stem.bias", "body.0.weight", "head.weight", "head.bias"]
        .map(|key| (key.to_owned(), TensorData::from([1.0f32])))
        .into();
    let message = import(network(), other, &keys()).unwrap_err().to_string();
    for word in [
        "another network",
        "`body.0.weight`",
        "... (5)",
        "`net.0.conv.weight`",
        "... (4)",
    ] {
        assert!(message.contains(word), "{word}: {message}");
    }
    assert!(matches!(
        import(network(), State::new(), &keys()),
        Err(ImportError::AnotherNetwork { found, .. }) if found == "none"
    ));
}

#[test]
fn numbers_that_are_none_are_refused_with_their_place() {
    let refused = |data: TensorData| {
        let mut state = state("");
        state.insert("net.0.conv.bias".into(), data);
        import(network(), state, &keys()).unwrap_err().to_string()
    };
    for (data, value) in [
        (TensorData::from([0.0f32, f32::NAN]), "NaN"),
        (TensorData::from([0.0f32, f32::NEG_INFINITY]), "-inf"),
        (TensorData::from([0.0f64, 1e39]), "1e39"),
    ] {
        let message = refused(data);
        let place = format!("`net.0.conv.bias`: tensor `blocks.0.bias` is {value} at [1]");
        assert!(message.contains(&place), "{message}");
    }
    // Skipped tensors may be anything.
    let mut state = state("");
    state.insert("final.num_batches_tracked".into(), TensorData::from([f32::NAN]));
    assert!(import(network(), state, &keys()).is_ok());
}
