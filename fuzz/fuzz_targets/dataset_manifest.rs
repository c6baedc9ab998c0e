#![no_main]

libfuzzer_sys::fuzz_target!(init: foreframe_fuzz::write_samples("dataset-manifest"), |bytes: &[u8]| foreframe_fuzz::read("dataset-manifest", bytes));
