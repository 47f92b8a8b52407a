//! A scripted model provider.
