//! A fuzzer's target: every reading of the table of sources. Built without one, it writes to a folder what a fuzzer begins with.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::reading(data));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).ok_or_else(|| std::io::Error::other("name a folder"))?;
    fuzz::write_samples(folder.as_ref()).map(|_| ())
}
