//! Rules of conversations and their message trees.
