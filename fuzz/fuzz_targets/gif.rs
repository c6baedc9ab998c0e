#![no_main]

libfuzzer_sys::fuzz_target!(init: foreframe_fuzz::write_samples("gif"), |bytes: &[u8]| foreframe_fuzz::read("gif", bytes));
