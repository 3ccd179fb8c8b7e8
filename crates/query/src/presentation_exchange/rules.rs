//! The checks of Presentation Exchange, by name: whether a submission answers the definition.

use credenza_core::Rule;

/// The submission is for this definition.
pub const DEFINITION: Rule = Rule::new(
    "pe.submission.definition",
    "Presentation Exchange 2.1 §Presentation Submission",
    "The submission names the definition that was sent.",
);
/// Ids of the submission are ids of input descriptors.
pub const KNOWN: Rule = Rule::new(
    "pe.descriptor.known",
    "Presentation Exchange 2.1 §Presentation Submission",
    "Everything that was submitted was asked for.",
);
/// One container for each input descriptor.
pub const ONCE: Rule = Rule::new(
    "pe.descriptor.once",
    "Presentation Exchange 2.1 §Validation of Claims",
    "Each input descriptor is answered by one credential.",
);
/// The kind of credential.
pub const FORMAT: Rule = Rule::new(
    "pe.format",
    "Presentation Exchange 2.1 §Input Descriptor Object",
    "The credential has a format that was asked for, and is an mdoc of that type where one was.",
);
/// All fields, with values that the filters accept.
pub const FIELDS: Rule = Rule::new(
    "pe.fields",
    "Presentation Exchange 2.1 §Input Evaluation",
    "All fields are there that were asked for, with values that were asked for.",
);
/// All input descriptors, or what the requirements say.
pub const REQUIREMENTS: Rule = Rule::new(
    "pe.requirements",
    "Presentation Exchange 2.1 §Submission Requirement Feature",
    "Everything is there that the verifier insists on.",
);

/// All of them, in the order in which a submission is looked at.
pub const ALL: [&Rule; 6] = [&DEFINITION, &KNOWN, &ONCE, &FORMAT, &FIELDS, &REQUIREMENTS];
