//! The command line.
pub mod check;
pub mod demo;
mod export;
mod log;

use std::process::ExitCode;
/// Runs the command that the arguments name.
pub fn main() -> ExitCode {
    ExitCode::SUCCESS
}
