//! The verdict on a whole response: each presentation by itself, and all together against the query.
