//! Runs `search::search_activities` as a Lambda.

fn main() -> std::process::ExitCode {
    platform::lambda::serve_calling(&search::search_activities::FUNCTION)
}
