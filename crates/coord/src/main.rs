//! The coordination binary.
fn main() {}
