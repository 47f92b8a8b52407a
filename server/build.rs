//! The migrations are embedded in the binary; a new file must rebuild it.
fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
