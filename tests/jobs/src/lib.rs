//! Tests of jobs, all of them under `tests/`.
