//! Bitstring Status List (W3C): the list in a credential of its own.
