#![no_main]

libfuzzer_sys::fuzz_target!(init: foreframe_fuzz::write_samples("hdf5"), |bytes: &[u8]| foreframe_fuzz::read("hdf5", bytes));
