//! Benchmarks, all of them under `benches/`.
