//! Configuration: one struct per concern.
