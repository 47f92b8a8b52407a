//! The router, readable top to bottom.
