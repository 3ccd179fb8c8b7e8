//! The section `[authorization.automatic]`: nobody signs in and nobody is asked, for certification and tests.

use credenza_server::AutomaticLogin;
use serde::Deserialize;
use toml::Spanned;

use super::read::Reader;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Section {
    user: Spanned<String>,
    #[serde(default)]
    deny: Vec<Spanned<String>>,
    #[serde(default)]
    ask: Vec<Spanned<String>>,
}

/// What the section says; the outer `None` says that it is wrong.
pub(super) fn automatic(
    section: Option<&Section>,
    users: &[&str],
    reader: &mut Reader<'_>,
) -> Option<Option<AutomaticLogin>> {
    let Some(Section { user, deny, ask }) = section else { return Some(None) };
    let mut good = true;
    if !users.contains(&user.get_ref().trim()) {
        good = false;
        let remedy = "name somebody of [[authorization.users]]";
        let problem = format!("there is no user \"{}\"", user.get_ref());
        reader.problem("authorization.automatic.user", user, problem, remedy);
    }
    for client in ask.iter().filter(|client| deny.iter().any(|other| other.get_ref() == client.get_ref())) {
        good = false;
        let problem = format!("\"{}\" is among those that are denied, too", client.get_ref());
        reader.problem("authorization.automatic.ask", client, problem, "leave it in one of the two lists");
    }
    let names = |list: &[Spanned<String>]| list.iter().map(|name| name.get_ref().clone()).collect();
    good.then(|| {
        let subject = user.get_ref().trim().to_owned();
        Some(AutomaticLogin { subject, deny: names(deny), ask: names(ask) })
    })
}
