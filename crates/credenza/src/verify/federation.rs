//! Statements of OpenID Federation: by themselves, and as a chain up to a trust anchor.

use credenza_core::{Report, json};
use credenza_trust::federation::{Federation, FederationError, GivenStatement, ResolvedEntity};

use super::{Demand, Particulars, rules};

/// The chain in a JSON text: a list of statements, alone or as `trust_chain`, as resolvers answer (§8.3.2).
pub(super) fn chain_in(text: &str) -> Option<Vec<String>> {
    let value = json::parse(text.as_bytes()).ok()?;
    let chain = value.get("trust_chain").unwrap_or(&value).as_array()?;
    let texts: Option<Vec<String>> = chain.iter().map(|one| one.as_str().map(str::to_owned)).collect();
    texts.filter(|texts| !texts.is_empty())
}

/// Verifies a chain that is at hand; nothing is fetched.
pub(super) fn chain(statements: &[String], demand: Demand<'_>, particulars: Particulars<'_>) -> Report {
    let mut report = Report::new("trust chain");
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let Some(federation) = anchored(particulars, &mut report) else { return report };
    resolved(federation.resolve_given(&statements, demand.now), &mut report);
    report
}

/// Verifies one statement: by its own keys where it is about its issuer, and then up to an anchor; by an anchor's where
/// an anchor made it.
pub(super) async fn statement(text: &str, demand: Demand<'_>, particulars: Particulars<'_>) -> Report {
    let mut report = Report::new("entity statement");
    let statement = match GivenStatement::parse(text, demand.now) {
        Ok(statement) => statement,
        Err(error) => {
            refused(&error, &mut report);
            return report;
        }
    };
    report.pass(&rules::STATEMENT);
    report.pass(&rules::STATEMENT_TIMES);
    let anchor = particulars.federation.and_then(|federation| federation.keys_of(statement.issuer()));
    if let Some(keys) = anchor {
        let signed = statement.verify_by(keys);
        report.check(&rules::STATEMENT_SIGNATURE, signed.is_ok(), || why(signed.as_ref().err()));
        report.pass_with(&rules::CHAIN, "it is a trust anchor's own word");
        return report;
    }
    if statement.is_own() {
        let signed = statement.verify_by(statement.keys());
        report.check(&rules::STATEMENT_SIGNATURE, signed.is_ok(), || why(signed.as_ref().err()));
    } else {
        report.skip(&rules::STATEMENT_SIGNATURE, "its issuer's keys are known to its superiors alone");
    }
    if let Some(federation) = anchored(particulars, &mut report) {
        if particulars.offline {
            report.fail(&rules::CHAIN, "its superiors have to be asked, and --offline says not to");
        } else {
            let about = if statement.is_own() { statement.subject() } else { statement.issuer() };
            resolved(federation.resolve(about, demand.now).await, &mut report);
        }
    }
    report
}

fn anchored<'a>(particulars: Particulars<'a>, report: &mut Report) -> Option<&'a Federation> {
    if particulars.federation.is_none() {
        report.fail(&rules::CHAIN, "no trust anchor is given");
    }
    particulars.federation
}

fn resolved(outcome: Result<ResolvedEntity, FederationError>, report: &mut Report) {
    match outcome {
        Ok(entity) => {
            report.pass_with(
                &rules::CHAIN,
                format!("{} under {}, until {}", entity.entity, entity.trust_anchor, entity.expires_at),
            );
            report.pass(&rules::POLICY);
        }
        Err(error) => refused(&error, report),
    }
}

fn refused(error: &FederationError, report: &mut Report) {
    let rule = match error {
        FederationError::Statement(_) | FederationError::Identifier => &rules::STATEMENT,
        FederationError::Time => &rules::STATEMENT_TIMES,
        FederationError::Jws(_) => &rules::STATEMENT_SIGNATURE,
        FederationError::Constraint(_) | FederationError::Policy(_) => &rules::POLICY,
        _ => &rules::CHAIN,
    };
    report.fail(rule, error.to_string());
}

fn why(error: Option<&FederationError>) -> String {
    error.map(ToString::to_string).unwrap_or_default()
}
