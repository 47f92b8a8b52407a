//! Passwords, sessions, tokens, sign-in throttling.
