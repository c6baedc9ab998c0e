#![no_main]

libfuzzer_sys::fuzz_target!(init: foreframe_fuzz::write_samples("human"), |bytes: &[u8]| foreframe_fuzz::read("human", bytes));
