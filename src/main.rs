//! The command `raddle`.

fn main() -> std::process::ExitCode {
    raddle::cli::main()
}
