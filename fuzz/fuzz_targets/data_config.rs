#![no_main]

libfuzzer_sys::fuzz_target!(init: foreframe_fuzz::write_samples("data-config"), |bytes: &[u8]| foreframe_fuzz::read("data-config", bytes));
