//! A fuzzer's target: names of places. Built without one, it writes to a folder what a fuzzer begins with.
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz::place(data));

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    let folder = std::env::args_os().nth(1).ok_or_else(|| std::io::Error::other("name a folder"))?;
    fuzz::write_names(folder.as_ref()).map(|_| ())
}
