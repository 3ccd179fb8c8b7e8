//! What can only be tested from within.
