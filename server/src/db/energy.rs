//! Meters and readings. How time and energy are meant stands in `tools/energy.rs`; here is only how they are stored.

pub mod daily;
pub mod device;
pub mod group;
pub mod note;
pub mod reading;
pub mod tariff;
