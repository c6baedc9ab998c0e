//! stlight
