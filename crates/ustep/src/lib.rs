//! ustep
