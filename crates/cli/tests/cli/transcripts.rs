//! Calls and their whole answers, in `tests/cli/transcripts`.

#[test]
fn transcripts() {
    trycmd::TestCases::new().case("tests/cli/transcripts/*.trycmd").run();
}
