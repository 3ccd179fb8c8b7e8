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

#[cfg(test)]
mod tests {
    use std::fs;

    use credenza_core::{FixedClock, SystemRandom, UnixTime};

    use crate::config::{Settings, init, read};

    const NOW: UnixTime = UnixTime::from_secs(1_750_000_000);

    fn with(sections: &str) -> Result<Settings, String> {
        let folder = tempfile::tempdir().unwrap();
        let url = "https://issuer.example".parse().unwrap();
        let written = init(folder.path(), &url, "127.0.0.1:7777", NOW, &SystemRandom).unwrap();
        let text = fs::read_to_string(&written.file).unwrap();
        let user = "[[authorization.users]]\nname = \"erika\"\npassword_hash = \"$argon2id$v=19$m=8,t=1,p=1$YSBzYWx0IGZvciBkZW1vcw$7kc6E0m9hTB+7EiUmwFZIb/eWnVA/MHGRyZpOhKQatI\"";
        fs::write(&written.file, format!("{text}\n[authorization]\n{sections}\n{user}\n")).unwrap();
        read(&written.file, &FixedClock::at(NOW)).map_err(|problems| problems.to_string())
    }

    #[test]
    fn somebody_known_decides_and_nobody_else() {
        let lists = "deny = [\"no\"]\nask = [\"perhaps\"]";
        let settings = with(&format!("[authorization.automatic]\nuser = \"erika\"\n{lists}")).unwrap();
        let login = settings.authorization.unwrap().automatic.unwrap();
        assert_eq!(
            (login.subject.as_str(), &*login.deny, &*login.ask),
            ("erika", &["no".to_owned()][..], &["perhaps".to_owned()][..])
        );
        assert!(with("").unwrap().authorization.unwrap().automatic.is_none());
        let said = with("[authorization.automatic]\nuser = \"max\"").unwrap_err();
        assert!(said.contains("authorization.automatic.user") && said.contains("max"), "{said}");
        let twice = "deny = [\"a\"]\nask = [\"a\"]";
        let said = with(&format!("[authorization.automatic]\nuser = \"erika\"\n{twice}")).unwrap_err();
        assert!(said.contains("authorization.automatic.ask"), "{said}");
    }

    #[test]
    fn files_that_are_not_there_are_named() {
        let said = with(
            "[tls]\ncertificate = \"no.pem\"\nkey = \"no.key\"\n[http]\ntrusted_roots = [\"no-root.pem\"]",
        );
        let said = said.unwrap_err();
        for setting in ["tls.certificate", "tls.key", "http.trusted_roots"] {
            assert!(said.contains(setting), "{said}");
        }
    }
}
