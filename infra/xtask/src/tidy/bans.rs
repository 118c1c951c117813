//! What must not be written, and where.

/// This file, which names what it bans.
pub(super) const THIS: &str = "infra/xtask/src/tidy/bans.rs";

/// Texts that must not stand in some files.
pub(super) struct Ban {
    /// Any of these.
    pub(super) texts: &'static [&'static str],
    /// In these files.
    pub(super) applies: fn(&str) -> bool,
    /// Also in lines that are comments.
    pub(super) also_comments: bool,
    /// Why.
    pub(super) reason: &'static str,
}

pub(super) const BANS: &[Ban] = &[
    Ban {
        texts: &[".scan()", "operation::scan"],
        applies: |path| rust(path) && !path.starts_with("infra/local/"),
        also_comments: false,
        reason: "a scan reads whatever lies in a table; an access pattern has a key",
    },
    Ban {
        texts: &["aws_sdk_dynamodb", "aws-sdk-dynamodb."],
        applies: |path| code(path) && !any(path, &["shared/storage/", "shared/platform/", "infra/", "tests/"]),
        also_comments: false,
        reason: "only storage knows DynamoDB",
    },
    Ban {
        texts: &[
            "aws_",
            "axum",
            "lambda_",
            "reqwest",
            "tokio",
            "use http",
            "http::",
            "std::env",
            "std::fs",
            "std::net",
            "std::process",
            "std::thread",
            "std::time",
            "rand::",
            " ring::",
        ],
        applies: |path| rust(path) && path.starts_with("shared/domain/src/"),
        also_comments: false,
        reason: "domain is pure: no AWS, HTTP, clock, randomness or I/O",
    },
    Ban {
        texts: &[".condition_expression(", "set_condition_expression(Some"],
        applies: |path| rust(path) && path.starts_with("shared/"),
        also_comments: false,
        reason: "conditions of writes stand in storage::condition, where a check takes each away",
    },
    Ban {
        texts: &["Timestamp::now", "Zoned::now", "SystemTime::now", "Instant::now"],
        applies: |path| rust(path) && path != "shared/platform/src/clock.rs" && !path.starts_with("infra/"),
        also_comments: false,
        reason: "the time is passed in, so that tests can move it",
    },
    Ban {
        texts: &["todo!", "unimplemented!", "dbg!", "FIXME", "XXX:", "// XXX", "#[ignore"],
        applies: code,
        also_comments: true,
        reason: "what is committed is finished",
    },
    Ban {
        texts: &["#[cfg(test)]", "#[test]"],
        applies: |path| rust(path) && path.starts_with("functions/"),
        also_comments: false,
        reason: "tests in the crates of functions are not run: a rule and its test stand in `shared`, what a function does is tested in `tests`",
    },
    Ban {
        texts: &["/work/", "/root/", "/home/"],
        applies: |_| true,
        also_comments: true,
        reason: "a path of one machine means nothing on another",
    },
];

/// Where a ban does not hold: what the path begins with, the text, and why.
pub(super) const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("tests/storage/", ".scan()", "counts what lies in a table of its own, to show that nothing was stored twice"),
    ("tests/api/", ".scan()", "compares the whole table before and after, to show that a refused request wrote nothing"),
    (
        "tests/providers/tests/sources/guarded.rs",
        ".scan()",
        "looks through all that is stored of answers, to show that no key is in it",
    ),
    ("tests/contracts/tests/permissions/", ".scan()", "shows that a scan is refused"),
    (
        "functions/search/src/asking",
        "Instant::now",
        "reads the clock of the runtime, which tests hold, to wait no longer than it may",
    ),
    (
        "shared/providers/src/calls.rs",
        "Instant::now",
        "reads the clock of the runtime, which tests hold: a deadline is waited for by it",
    ),
    ("tests/faults/src/main.rs", "Instant::now", "says how long the tellings took"),
    ("tests/load/", "Instant::now", "measures how long things take on this machine"),
    ("tests/providers/tests/sources/patience.rs", "Instant::now", "reads a clock that stands still, to see how long was waited"),
    ("tests/channels/tests/email.rs", "Instant::now", "shows that a time-out of the machine's clock strikes"),
];

fn rust(path: &str) -> bool {
    path.ends_with(".rs")
}

fn code(path: &str) -> bool {
    [".rs", ".toml", ".sh", ".sql", ".yaml", ".yml", ".hbs"].iter().any(|ending| path.ends_with(ending))
        || path.starts_with(".ci/")
}

fn any(path: &str, folders: &[&str]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}
