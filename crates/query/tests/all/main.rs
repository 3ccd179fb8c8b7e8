//! Tests of DCQL: the rules of a query, the wallet's choice, the verifier's check, against clauses and vectors.

#![cfg(test)]

mod building;
mod checking;
mod choosing;
mod dcql_ts;
mod explaining;
mod indexed;
mod limits;
mod matching;
mod parsing;
mod paths;
mod presentation_exchange;
mod properties;
mod support;
mod vectors;
