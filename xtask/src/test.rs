//! `cargo xtask test`: formatting, lints, layering, licences, unit and end-to-end tests, docs, and the demo.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{cargo, execute, execute_and_read, root};
use crate::steps::{Count, Done, Steps, count_tests};
use crate::{api, checklist, clauses, layering, licences, rules, tools, vectors};

/// Runs the steps that are named, or all.
pub(crate) fn run(wanted: &[String]) -> Result<(), String> {
    let mut steps = Steps::new(wanted);
    steps.step("fmt", || ran(execute(cargo(["fmt", "--all", "--check"]))));
    steps.step("clippy", || {
        ran(execute(cargo(["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"])))
    });
    steps.step("layering", || ran(layering::check_workspace().map(|seen| println!("{seen}"))));
    steps.step("clauses", || ran(clauses::check().map(|sum| println!("{sum}"))));
    steps.step("checklist", || ran(checklist::check().map(|sum| println!("{sum}"))));
    steps.step("rules", || ran(rules::check_workspace().map(|seen| println!("{seen}"))));
    steps.step("vectors", || ran(vectors::check_workspace().map(|seen| println!("{seen}"))));
    steps.step("licences", || ran(licences::check_workspace().map(|seen| println!("{seen}"))));
    steps.step("advisories", advisories);
    steps.step("build", || ran(execute(cargo(["build", "--locked", "--workspace", "--all-targets"]))));
    steps.step("unit", unit);
    steps.step("pkcs11", pkcs11);
    steps.step("fuzz", || ran(fuzz(&[])));
    steps.step("docs", || {
        let mut docs = cargo(["doc", "--locked", "--workspace", "--no-deps", "--quiet"]);
        docs.env("RUSTDOCFLAGS", "-D warnings");
        ran(execute(docs))
    });
    steps.step("interop", interop);
    steps.step("api", || api::test(&target()));
    steps.step("demo", demo);
    steps.finish()
}

fn ran(done: Result<(), String>) -> Result<Done, String> {
    done.map(|()| Done::Ran(Count::ONE))
}

/// Unit, property, vector, two-process and browser tests: everything that `cargo test` knows.
fn unit() -> Result<Done, String> {
    // A missing browser would silently skip the page test; here it must not.
    tools::ensure(&["chromium", "chromedriver"], &["chromium", "chromium-driver"])?;
    if !Path::new("/usr/lib/postgresql").is_dir() {
        tools::ensure(&["pg_ctlcluster"], &["postgresql"])?;
    }
    // Either will do.
    if tools::find("valkey-server").is_none() {
        tools::ensure(&["redis-server"], &["redis-server"])?;
    }
    let mut tests = cargo(["test", "--locked", "--workspace", "--no-fail-fast"]);
    tests.env("CREDENZA_TEST_BROWSER", "required");
    tests.env("CREDENZA_TEST_POSTGRES", "required").env("CREDENZA_TEST_REDIS", "required");
    let (output, success) = execute_and_read(tests)?;
    let count = count_tests(&output);
    if !success && count.failed == 0 {
        return Err("the tests did not run to their end".to_owned());
    }
    Ok(Done::Ran(count))
}

/// Keys on a token, for which SoftHSM stands in.
fn pkcs11() -> Result<Done, String> {
    tools::ensure(&["softhsm2-util"], &["softhsm2"])?;
    let mut all = Count::default();
    // The signer by itself, and a service that has its key on a token.
    for package in ["credenza-crypto", "credenza"] {
        let feature = ["test", "--locked", "--package", package, "--features", "pkcs11"];
        let mut tests = cargo(feature);
        tests.args(["--test", "all", "pkcs11"]);
        let (output, success) = execute_and_read(tests)?;
        let count = count_tests(&output);
        if !success && count.failed == 0 {
            return Err("the tests did not run to their end".to_owned());
        }
        all = Count { passed: all.passed + count.passed, failed: all.failed + count.failed };
    }
    Ok(Done::Ran(all))
}

/// Changed inputs against every parser: the same ones each time, unless a time is given.
pub(crate) fn fuzz(arguments: &[String]) -> Result<(), String> {
    let mut fuzz = cargo(["run", "--locked", "--quiet", "--package", "credenza-fuzz", "--"]);
    fuzz.args(arguments);
    execute(fuzz)
}

/// Known vulnerabilities, where cargo-audit and a copy of its database are at hand: nothing is downloaded here.
fn advisories() -> Result<Done, String> {
    if tools::find("cargo-audit").is_none() {
        return Ok(Done::Skipped("cargo-audit is not installed".to_owned()));
    }
    let database = std::env::var_os("ADVISORY_DB").map(PathBuf::from).or_else(|| {
        std::env::var_os("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
            .map(|home| home.join("advisory-db"))
    });
    let Some(database) = database.filter(|database| database.is_dir()) else {
        return Ok(Done::Skipped("no copy of the advisory database (ADVISORY_DB)".to_owned()));
    };
    let database = database.to_string_lossy().into_owned();
    ran(execute(cargo(["audit", "--no-fetch", "--stale", "--db", &database])))
}

/// Published wallets of others against our service (see interop/): Node and its packages are fetched where they are
/// missing, and are all that this step takes from the network.
fn interop() -> Result<Done, String> {
    tools::ensure(&["node", "npm"], &["nodejs", "npm"])?;
    let folder = root().join("interop");
    if !installed(&folder) {
        let mut install = Command::new("npm");
        install.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1"]);
        let output = install.current_dir(&folder).output().map_err(|error| format!("npm ci: {error}"))?;
        let errors = String::from_utf8_lossy(&output.stderr);
        // Whatever else is wrong with the packages is a failure.
        let unreachable = |code: &&&str| errors.contains(**code);
        if let Some(code) = ["ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT"].iter().find(unreachable) {
            return Ok(Done::Skipped(format!("the npm registry can't be reached ({code})")));
        }
        if !output.status.success() {
            return Err(format!("npm ci: {}", errors.trim()));
        }
    }
    execute(cargo(["build", "--locked", "--package", "credenza"]))?;
    let mut wallets = Command::new("node");
    wallets.arg("run.mjs").current_dir(&folder).env("CREDENZA", target().join("debug").join("credenza"));
    let (output, success) = execute_and_read(wallets)?;
    let count = count_tests(&output);
    if !success && count.failed == 0 {
        return Err("the published wallets did not run to their end".to_owned());
    }
    Ok(Done::Ran(count))
}

/// Whether the packages are there, and since the list of them was changed last.
fn installed(folder: &Path) -> bool {
    let changed = |file: &str| folder.join(file).metadata().and_then(|it| it.modified()).ok();
    let there = changed("node_modules/.package-lock.json");
    there.is_some() && there >= changed("package-lock.json")
}

fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// What a newcomer types first, as a newcomer builds it.
fn demo() -> Result<Done, String> {
    execute(cargo(["build", "--locked", "--release", "--package", "credenza"]))?;
    let mut demo = Command::new(target().join("release").join("credenza"));
    demo.args(["demo", "--once"]).current_dir(root());
    ran(execute(demo))
}
