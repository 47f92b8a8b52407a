//! Stories and database tests: one binary, one harness, both engines.

mod support;

mod db_facade;
mod energy;
mod energy_demo;
mod energy_import;
mod steel;
mod usage;
