//! The command `cargo raddle`: the same as `raddle`, under the name by which cargo finds it.

fn main() -> std::process::ExitCode {
    raddle::cli::main()
}
