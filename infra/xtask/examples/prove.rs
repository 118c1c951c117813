//! x
fn main() {
    if let Err(e) = xtask::new_function::proof::prove(&xtask::root()) {
        panic!("{e}");
    }
}
