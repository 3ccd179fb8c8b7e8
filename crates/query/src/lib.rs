//! What a verifier may ask: DCQL.
// NOTE from the lead: the claims path pointer (JSON form, with select) is in credenza_core::claims_path, since formats
// and vci need it too. Use and re-export that; add only the mdoc form here. Extend core's file where needed (vectors tests welcome here).
