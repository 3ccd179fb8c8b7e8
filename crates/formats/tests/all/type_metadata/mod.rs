//! SD-JWT VC type metadata: documents, inheritance, checks of credentials, templates, retrieval.

mod check;
mod document;
mod resolve;
mod svg;
