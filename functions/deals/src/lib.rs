//! deals
