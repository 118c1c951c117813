//! What the contract tests share.
