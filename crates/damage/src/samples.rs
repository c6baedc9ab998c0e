//! Small configurations, manifests and lists, whole.

/// The manifest that `data convert` writes beside [`floats`](foreframe_formats::samples::floats).
pub(crate) fn manifests() -> Vec<Vec<u8>> {
    let text = r#"{"version": 1, "shape": [6, 4, 4], "sha256": "00", "stretches": [{"frames": 4, "start":
        "2010-08-26T00:00:00Z"}, {"frames": 2}], "missing_share": 0.0, "least": 0.0, "greatest": 95.0, "mean": 47.5,
        "source": "rain", "fingerprint": "content:0", "settings": {}}"#;
    vec![text.replace("[6, 4, 4]", "[6, 1, 4, 4]").into_bytes()]
}

/// Two samples of the CIKM competition, all of them dry.
pub(crate) fn radar_text() -> Vec<Vec<u8>> {
    let line = "train_1,2.5,".to_owned() + &"0 ".repeat(15 * 4 * 101 * 101);
    vec![(line.clone() + "\n" + &line + "\n").into_bytes()]
}

/// A list of clips of Human3.6M.
pub(crate) fn lists() -> Vec<Vec<u8>> {
    vec![b"images/S1_a_,1,9\nimages/S1_a_,2,9\n\nimages/S2_a_,1,9\n".to_vec()]
}

/// Sections `[data]`.
pub(crate) fn configurations() -> Vec<Vec<u8>> {
    let text = "name = \"files\"\npast = 1\nfuture = 1\nstride = 1\nstep = 1\nsplit = \"time\"\nvalidation_share = 0.3\n\
        test_share = 0.3\nnormalize = \"z-score\"\ncrop = [0, 0, 4, 4]\npool = 1\nmissing = 0\nseed = 3\n\
        noise = \"box\"\nnoise_box = 2\nlinks = \"skip\"\n";
    vec![text.as_bytes().to_vec()]
}

/// Manifests of downloads.
pub(crate) fn dataset_manifests() -> Vec<Vec<u8>> {
    vec![include_bytes!("../../datasets/manifests/moving-mnist.toml").to_vec()]
}
