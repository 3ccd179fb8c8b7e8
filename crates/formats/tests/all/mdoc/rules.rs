//! The list of checks.

use std::collections::HashSet;

use credenza_formats::mdoc::rules;

#[test]
fn each_check_has_a_name_of_its_own_and_says_what_it_means() {
    let names: HashSet<_> = rules::ALL.iter().map(|rule| rule.id).collect();
    assert_eq!(names.len(), rules::ALL.len());
    for rule in rules::ALL {
        assert!(rule.id.starts_with("mdoc.") && rule.meaning.ends_with('.'), "{}", rule.id);
        assert!(
            rule.section.starts_with("ISO/IEC 18013-5 §") || rule.section.starts_with("HAIP"),
            "{}",
            rule.id
        );
    }
}
