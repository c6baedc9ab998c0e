#![no_main]

libfuzzer_sys::fuzz_target!(init: foreframe_fuzz::write_samples("weights"), |bytes: &[u8]| foreframe_fuzz::read("weights", bytes));
