//! `credenza wallet`.

mod accept;
mod callback;
mod consent;
mod contexts;
mod home;
mod present;
mod provider;
mod renew;
mod serve;
mod transactions;
mod verifiers;

use std::path::PathBuf;

use clap::Subcommand;
use credenza::core::{AddressPolicy, Clock as _, SystemClock};
use credenza::server::demo_wallet::{Accepted, Waiting, WalletRefusal};
use credenza::vp::Profile;
use credenza::wallet::card;
use serde_json::json;

use super::{Usage, Verdict, output, thing};
use accept::Accept;
use home::Home;

/// Keys and credentials lie encrypted in a folder (--home), one key for each copy of a credential.
///
/// The key of that encryption is in the folder too, readable by you alone; it is protected by a passphrase when
/// CREDENZA_WALLET_PASSPHRASE is set, or with --passphrase, when the wallet is made.
///
/// Links are followed to https addresses in the public network. A link that itself names this machine (localhost,
/// 127.0.0.1, [::1]) is followed there, over http too: that is how the demo works.
#[derive(clap::Args)]
pub(super) struct Arguments {
    /// The wallet's folder.
    #[arg(long, value_name = "DIR", env = "CREDENZA_WALLET_HOME", default_value_os_t = home::default())]
    home: PathBuf,

    /// Protect a new wallet with a passphrase, which is asked for.
    #[arg(long)]
    passphrase: bool,

    /// Keep to HAIP 1.0: issuers and verifiers that nobody you trust vouches for are refused, and what they offer has to
    /// be as the profile says.
    #[arg(long)]
    haip: bool,

    /// Also answer requests of OpenID4VP before 1.0 (drafts 18, 20, 23 and 24), each in its own way.
    #[arg(long, conflicts_with = "haip", env = "CREDENZA_WALLET_EARLIER_DRAFTS")]
    earlier_drafts: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Accept a credential offer: a link, or the text of a QR code.
    Accept {
        /// openid-credential-offer://…, or with --origin what a website has given to navigator.credentials.create.
        offer: String,
        /// The origin of the website that has made the offer through the Digital Credentials API.
        #[arg(long, value_name = "URL")]
        origin: Option<String>,
        /// The transaction code that the issuer has told you in another way.
        #[arg(long, value_name = "CODE")]
        tx_code: Option<String>,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// How many copies to ask for, each with a key of its own, where the issuer allows it.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
        copies: u32,
        /// When you have to sign in: only print the URL, do not open a browser.
        #[arg(long)]
        no_browser: bool,
    },
    /// Ask an issuer for credentials that it did not offer: you sign in with it in your browser.
    Ask {
        /// The issuer's identifier: https://issuer.example
        issuer: String,
        /// What it issues, by the names in its metadata: pid
        #[arg(required = true)]
        credentials: Vec<String>,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
        /// How many copies to ask for, each with a key of its own, where the issuer allows it.
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
        copies: u32,
        /// Only print the URL, do not open a browser.
        #[arg(long)]
        no_browser: bool,
    },
    /// Ask again for credentials that issuers have promised for later.
    Poll {
        /// From `list`; without it, all whose time has come.
        id: Option<String>,
    },
    /// Fetch a credential anew, where its issuer allows that without you: for more copies, or before it ends.
    Renew {
        /// From `list`; without it, all that are used up or have ended.
        id: Option<String>,
    },
    /// List the credentials, and those that are pending.
    List,
    /// Show a credential with its claims.
    Show {
        /// From `list`.
        id: String,
    },
    Present(present::Arguments),
    Serve(serve::Arguments),
    /// Remove a credential with all its copies and keys.
    Remove {
        /// From `list`.
        id: String,
        /// Do not ask.
        #[arg(long)]
        yes: bool,
    },
    /// By whom you know issuers and verifiers: root certificates, DIDs, attesters, federations, names.
    Trust {
        #[command(subcommand)]
        command: TrustCommand,
    },
    /// Somebody who vouches for this wallet and its keys, where issuers want that.
    Provider {
        #[command(subcommand)]
        command: provider::Command,
    },
    /// The types of transactions that you can be shown and authorise by presenting.
    Transaction {
        #[command(subcommand)]
        command: transactions::Command,
    },
    /// JSON-LD contexts beside those of the specifications, for credentials with embedded proofs.
    Context {
        #[command(subcommand)]
        command: contexts::Command,
    },
}

#[derive(Subcommand)]
enum TrustCommand {
    /// Trust the root certificates in a PEM file, or a DID, for issuers and verifiers alike.
    Add {
        /// The file, or did:…
        #[arg(value_name = "PEM|DID")]
        what: String,
    },
    #[command(flatten)]
    Verifiers(verifiers::Add),
    /// List them.
    List,
    /// Trust one no more.
    Remove {
        /// From `trust list`.
        name: String,
    },
}

pub(super) async fn run(arguments: Arguments, json: bool) -> anyhow::Result<Verdict> {
    let profile = if arguments.haip { Profile::Haip } else { Profile::Open };
    let home = Home::new(arguments.home, arguments.passphrase, profile, arguments.earlier_drafts);
    match arguments.command {
        Command::Accept { offer, origin, tx_code, yes, copies, no_browser } => {
            let how = Accept { tx_code, yes, copies, browser: !no_browser };
            accept::offer(&home, &offer, origin.as_deref(), how, json).await
        }
        Command::Ask { issuer, credentials, yes, copies, no_browser } => {
            let how = Accept { tx_code: None, yes, copies, browser: !no_browser };
            accept::ask(&home, &issuer, &credentials, how, json).await
        }
        Command::Present(arguments) => present::run(&home, arguments, json).await,
        Command::Poll { id } => poll(&home, id.as_deref(), json).await,
        Command::Serve(arguments) => serve::run(&home, arguments, json).await,
        Command::Renew { id } => renew::run(&home, id.as_deref(), json).await,
        Command::List => list(&home, json),
        Command::Show { id } => show(&home, &id, json).await,
        Command::Remove { id, yes } => remove(&home, &id, yes, json).await,
        Command::Trust { command } => trust(&home, &command, json),
        Command::Provider { command } => provider::run(&home, &command, json),
        Command::Transaction { command } => transactions::run(home.folder(), &command, json),
        Command::Context { command } => contexts::run(home.folder(), &command, json),
    }
}

/// Lets what was begun come to its end when somebody presses Ctrl-C: a code is good once, and a credential that was
/// issued and not stored is lost. A second time stops at once.
async fn without_interruption<T>(work: impl Future<Output = T>) -> anyhow::Result<T> {
    let mut work = std::pin::pin!(work);
    let mut warned = false;
    loop {
        tokio::select! {
            done = &mut work => return Ok(done),
            _ = tokio::signal::ctrl_c() => {
                anyhow::ensure!(!warned, "stopped in the middle");
                warned = true;
                eprintln!("\nFinishing what was begun; press Ctrl-C again to stop at once.");
            }
        }
    }
}

/// Says what has come, and what will.
fn received(accepted: &Accepted, json: bool) -> anyhow::Result<()> {
    if json {
        return output::json(accepted);
    }
    for card in &accepted.credentials {
        output::line(&format!("Received: {}", consent::card_line(card)))?;
    }
    for waiting in &accepted.pending {
        output::line(&consent::waiting_line(waiting))?;
    }
    Ok(())
}

async fn poll(home: &Home, id: Option<&str>, json: bool) -> anyhow::Result<Verdict> {
    let waiting = home.open(AddressPolicy::Public, 1)?.waiting()?;
    let asked: Vec<_> = waiting.iter().filter(|waiting| id.is_none_or(|id| waiting.id == id)).collect();
    if asked.is_empty() {
        return match id {
            Some(id) => Err(Usage::error(format!("nothing \"{id}\" is pending; see: credenza wallet list"))),
            None if json => output::json(&Accepted::default()).map(|()| Verdict::Good),
            None => output::line("Nothing is pending.").map(|()| Verdict::Good),
        };
    }
    let (mut all, mut first_refusal) = (Accepted::default(), None);
    for waiting in asked {
        if id.is_none() && SystemClock.now() < waiting.not_before {
            all.pending.push(waiting.clone());
            continue;
        }
        // An issuer on this machine is asked on this machine, and nobody else is.
        let holder = home.open(thing::policy_for(&waiting.issuer), 1)?;
        output::progress("asking for what was promised");
        match without_interruption(holder.poll(Some(&waiting.id))).await? {
            Ok(accepted) => {
                all.credentials.extend(accepted.credentials);
                all.pending.extend(accepted.pending);
            }
            Err(refusal) => drop(first_refusal.get_or_insert(refusal)),
        }
    }
    if !all.credentials.is_empty() || !all.pending.is_empty() {
        received(&all, json)?;
    }
    first_refusal.map_or(Ok(Verdict::Good), |refusal| refused(&refusal, json))
}

fn list(home: &Home, json: bool) -> anyhow::Result<Verdict> {
    let holder = home.open(AddressPolicy::Public, 1)?;
    let (entries, waiting) = (holder.credentials().all()?, holder.waiting()?);
    let renewable = holder.renewable()?;
    let renewable = |id: &str| renewable.iter().any(|one| one.entries().iter().any(|entry| entry == id));
    if json {
        let summary = |entry| {
            let card = card(entry);
            json!({"id": card.id, "name": card.name, "issuer": card.issuer, "kind": card.kind,
                   "unused_copies": card.copies, "copies": entry.copies.len(), "expires": card.expires,
                   "renewable": renewable(&card.id)})
        };
        let pending = |waiting: &Waiting| {
            json!({"id": waiting.id, "name": waiting.name, "issuer": waiting.issuer, "pending": true,
                   "not_before": waiting.not_before})
        };
        let all: Vec<_> = entries.iter().map(summary).chain(waiting.iter().map(pending)).collect();
        output::json(&all)?;
    } else if entries.is_empty() && waiting.is_empty() {
        output::line("No credentials yet. Accept an offer: credenza wallet accept LINK")?;
    } else {
        for entry in &entries {
            let card = card(entry);
            output::line(&consent::card_line(&card))?;
            if renewable(&card.id) {
                output::line(&format!("          can be renewed: credenza wallet renew {}", card.id))?;
            }
        }
        for waiting in &waiting {
            output::line(&consent::waiting_line(waiting))?;
        }
    }
    Ok(Verdict::Good)
}

async fn show(home: &Home, id: &str, json: bool) -> anyhow::Result<Verdict> {
    let holder = home.open(AddressPolicy::Public, 1)?;
    let Some(entry) = holder.credentials().find(id)? else { return Err(unknown(id)) };
    let vouched = home.who_vouches(&entry, SystemClock.now()).await;
    let card = card(&entry);
    if json {
        let claims = entry.copies.first().map(|copy| &copy.held.claims);
        output::json(&json!({"id": card.id, "name": card.name, "issuer": card.issuer, "kind": card.kind,
            "copies": entry.copies.len(), "unused_copies": card.copies, "expires": card.expires,
            "issuer_known_by": vouched.as_ref().ok(), "claims": claims}))?;
    } else {
        output::line(&consent::whole_card(&card, entry.copies.len(), &vouched))?;
    }
    Ok(Verdict::Good)
}

async fn remove(home: &Home, id: &str, yes: bool, json: bool) -> anyhow::Result<Verdict> {
    let holder = home.open(AddressPolicy::Public, 1)?;
    let Some(entry) = holder.credentials().find(id)? else { return Err(unknown(id)) };
    if !yes {
        eprintln!("{}", consent::card_line(&card(&entry)));
        confirm("Remove it for good?", "remove a credential", json)
            .await?
            .then_some(())
            .ok_or_else(declined)?;
    }
    holder.remove_credential(id)?;
    output::line(&if json { json!({"removed": id}).to_string() } else { format!("Removed {id}.") })?;
    Ok(Verdict::Good)
}

fn trust(home: &Home, command: &TrustCommand, json: bool) -> anyhow::Result<Verdict> {
    match command {
        TrustCommand::Add { what } => {
            for anchor in home.trust_add(what)? {
                let said = format!("Trusted: {} ({})", anchor.subject, anchor.name);
                output::line(&if json { json!(anchor).to_string() } else { said })?;
            }
        }
        TrustCommand::Verifiers(what) => return verifiers::add(home.folder(), what, json),
        TrustCommand::List => {
            let (anchors, verifiers) = (home.trusted()?, verifiers::list(home.folder())?);
            if json {
                let all = (anchors.iter().map(|it| json!(it))).chain(verifiers.iter().map(|it| json!(it)));
                output::json(&all.collect::<Vec<_>>())?;
            } else if anchors.is_empty() && verifiers.is_empty() {
                output::line("Nobody is trusted yet: credenza wallet trust add PEM")?;
            } else {
                for anchor in anchors {
                    output::line(&format!("{}  {}", anchor.name, anchor.subject))?;
                }
                for known in verifiers {
                    output::line(&known.line())?;
                }
            }
        }
        TrustCommand::Remove { name } => {
            if !home.trust_remove(name)? && !verifiers::remove(home.folder(), name)? {
                return Err(Usage::error(format!(
                    "nobody is trusted under the name \"{name}\"; see: trust list"
                )));
            }
            output::line(&if json {
                json!({"removed": name}).to_string()
            } else {
                format!("Removed {name}.")
            })?;
        }
    }
    Ok(Verdict::Good)
}

/// Asks, where somebody can answer; otherwise says how to do without.
async fn confirm(question: &str, what: &str, json: bool) -> anyhow::Result<bool> {
    if json || !output::can_ask() {
        return Err(Usage::error(format!(
            "nobody is there to {what}: say --yes, or run it on a terminal without --json"
        )));
    }
    output::ask(question).await
}

fn declined() -> anyhow::Error {
    anyhow::anyhow!("declined; nothing was sent")
}

fn unknown(id: &str) -> anyhow::Error {
    Usage::error(format!("there is no credential \"{id}\"; see: credenza wallet list"))
}

fn refused(refusal: &WalletRefusal, json: bool) -> anyhow::Result<Verdict> {
    if json {
        output::json(&json!({"error": refusal.message, "code": refusal.code, "report": refusal.report}))?;
    } else {
        eprintln!("credenza: {refusal}");
        if let Some(report) = &refusal.report {
            eprintln!("{report}");
        }
    }
    Ok(Verdict::Bad)
}
