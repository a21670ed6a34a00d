//! The rules of coordination, pure: no async, no I/O, no clock, no randomness.
