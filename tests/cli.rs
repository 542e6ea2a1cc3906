//! The command line, by running it: what it prints, where, and with which exit code.
#![cfg(feature = "cli")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The file that `raddle new` writes, whose tests are run here as well.
#[path = "../src/cli/new/template.rs"]
mod what_new_writes;

/// A command in an environment that says nothing about raddle or colours.
fn raddle(arguments: &[&str]) -> Command {
    program(env!("CARGO_BIN_EXE_raddle"), arguments)
}

fn program(path: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(path);
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy().into_owned();
        if name.starts_with("RADDLE_") || name.starts_with("CLICOLOR") || name == "NO_COLOR" {
            command.env_remove(variable);
        }
    }
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    raddle(arguments).output().expect("the binary runs")
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("output is text")
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("problems are text")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("one JSON document")
}

/// Bad input: one line on standard error with these words, nothing else, and exit code 2.
#[track_caller]
fn refused(output: &Output, words: &[&str]) {
    let told = stderr(output);
    assert_eq!(code(output), Some(2), "{told}");
    assert_eq!(stdout(output), "");
    assert!(told.ends_with('\n') && told.lines().count() == 1, "not one line: {told}");
    assert!(told.starts_with("raddle: "), "{told}");
    assert!(!told.contains('\u{1b}'), "coloured: {told}");
    for word in words {
        assert!(told.contains(word), "{told} does not say {word}");
    }
}

/// `verify` with these options, of the whole catalogue if the build is optimised.
fn verify(options: &[&'static str]) -> Output {
    let few: &[&str] = if cfg!(debug_assertions) { &["lost-update", "lock-order"] } else { &[] };
    run(&[&["verify"], few, options].concat())
}

/// A directory for one test.
fn scratch(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    // Left by an earlier run, if there was one.
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).expect("there is room for tests");
    dir
}

// ---- verify ----

#[test]
fn json_has_the_fields_of_the_schema_in_their_order() {
    let output = run(&["verify", "lost-update", "lock-order", "--format", "json"]);
    assert_eq!((code(&output), stderr(&output)), (Some(0), ""));
    let document = json(&output);
    assert_eq!(document["schema"], 1);
    let fields = [
        "hazard",
        "variant",
        "engine",
        "expected",
        "verdict",
        "failure",
        "executions",
        "redundant",
        "steps",
        "seconds",
        "agrees",
        "token",
        "as_run",
        "reason",
    ];
    let text = stdout(&output);
    let rows = document["results"].as_array().expect("an array");
    for row in rows {
        let row = row.as_object().expect("an object");
        assert_eq!(row.len(), fields.len());
        assert!(fields.iter().all(|field| row.contains_key(*field)), "{row:?}");
    }
    // A parsed object loses the order of its fields, the text does not.
    for line in text.lines().filter(|line| line.trim_start().starts_with("{\"hazard\"")) {
        let places: Vec<_> = fields.iter().map(|field| line.find(&format!("\"{field}\":"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{line}");
    }
}

#[test]
fn json_says_of_each_row_what_the_engine_said() {
    let output = verify(&["--format", "json"]);
    let document = json(&output);
    let engines = ["exhaustive", "dfs", "random", "pct", "urw", "loom", "native"];
    let rows = document["results"].as_array().expect("an array");
    assert_eq!(rows.len() % engines.len(), 0);
    for (at, row) in rows.iter().enumerate() {
        assert_eq!(row["engine"], engines[at % engines.len()], "rows stand in the order of the engines");
        assert_eq!(row["agrees"], true, "{row}");
        let verdict = row["verdict"].as_str().expect("a word");
        assert_eq!(row["failure"].is_string(), verdict == "refuted", "{row}");
        assert_eq!(row["reason"].is_string(), ["inconclusive", "skipped"].contains(&verdict), "{row}");
        assert_eq!(row["executions"] == 0, verdict == "skipped", "{row}");
        // A failure that loom finds has a token only if sequential consistency shows it too.
        let of_the_model_arm = row["engine"] != "loom" && row["engine"] != "native";
        if verdict == "refuted" && of_the_model_arm {
            assert!(row["token"].is_string(), "{row}");
        }
        assert!(row["token"].is_null() || verdict == "refuted", "{row}");
        if row["expected"] == "refuted" {
            assert_eq!(verdict, "refuted", "{row}");
        }
        if row["expected"] == "verified"
            && ["exhaustive", "dfs", "loom"].map(Value::from).contains(&row["engine"])
        {
            assert_eq!(verdict, "verified", "{row}");
        }
    }
    let named = |hazard: &str, variant: &str, engine: &str| {
        rows.iter().find(|r| r["hazard"] == hazard && r["variant"] == variant && r["engine"] == engine)
    };
    assert_eq!(named("lock-order", "buggy", "loom").expect("a row")["failure"], "deadlock");
    let skipped = named("lock-order", "back-off", "loom").expect("a row");
    assert_eq!((&skipped["verdict"], &skipped["expected"]), (&"skipped".into(), &"skipped".into()));
    assert!(skipped["reason"].as_str().expect("a reason").contains("loom#376"));
}

#[test]
fn two_runs_differ_by_their_times_only() {
    let rows = || {
        let mut document = json(&verify(&["--format", "json"]));
        for row in document["results"].as_array_mut().expect("an array") {
            assert!(row["seconds"].take().is_number());
        }
        document
    };
    assert_eq!(rows(), rows());
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let rows = |workers: &str| {
        let arguments = ["verify", "lost-update", "--engine", "exhaustive,random,loom", "--format", "json"];
        let output = raddle(&arguments).env("RADDLE_WORKERS", workers).output().expect("the binary runs");
        let mut document = json(&output);
        for row in document["results"].as_array_mut().expect("an array") {
            row["seconds"].take();
        }
        document
    };
    assert_eq!(rows("1"), rows("4"));
}

#[test]
fn a_seed_leads_the_samplers_elsewhere() {
    let executions = |seed: &str| {
        let arguments = ["verify", "lost-update/buggy", "--engine", "random,urw,pct", "--format", "json"];
        let output = raddle(&arguments).env("RADDLE_SEED", seed).output().expect("the binary runs");
        assert_eq!(code(&output), Some(0));
        let document = json(&output);
        (0..3).map(|at| document["results"][at]["executions"].clone()).collect::<Vec<_>>()
    };
    let seen: Vec<_> = (0..8).map(|seed| executions(&seed.to_string())).collect();
    assert!(seen.iter().any(|other| *other != seen[0]), "eight seeds, one and the same search: {seen:?}");
}

#[test]
fn a_part_of_the_catalogue_can_be_named() {
    let hazard = json(&run(&["verify", "lock-order", "--engine", "dfs", "--format", "json"]));
    let rows = hazard["results"].as_array().expect("an array");
    assert!(rows.len() > 1 && rows.iter().all(|r| r["hazard"] == "lock-order" && r["engine"] == "dfs"));
    let variant = json(&run(&["verify", "lock-order/ordered", "--engine", "dfs", "urw", "--format", "json"]));
    let rows = variant["results"].as_array().expect("an array");
    let engines: Vec<_> = rows.iter().map(|row| row["engine"].as_str()).collect();
    assert_eq!(engines, [Some("dfs"), Some("urw")]);
    // The command's name may be left out.
    let same = json(&run(&["lock-order/ordered", "--engine", "dfs", "urw", "--format", "json"]));
    assert_eq!(same["results"].as_array().map(Vec::len), Some(2));
}

#[test]
fn the_table_fits_eighty_columns_and_a_pipe_gets_no_colour() {
    let output = verify(&[]);
    let text = stdout(&output);
    assert_eq!((code(&output), stderr(&output)), (Some(0), ""));
    assert!(!text.contains('\u{1b}') && !text.contains('\r'));
    for line in text.lines() {
        assert!(line.chars().count() <= 80 && line.trim_end() == line, "{line:?}");
    }
    assert!(text.lines().any(|line| line.starts_with("lost-update") && line.contains(" executions in ")));
    let buggy = text.lines().find(|line| line.contains("buggy")).expect("a buggy variant");
    assert!(buggy.contains("panic") && buggy.matches('✗').count() >= 6, "{buggy}");
    let summary = text.lines().last().expect("a last line");
    assert!(
        summary.contains(" hazards, ") && summary.contains(" rows") && summary.contains(": all agree in ")
    );
    assert!(text.contains("loom#376"), "a skip is shown with its reason");
}

#[test]
fn an_inconclusive_row_where_a_conclusion_is_expected_is_exit_code_3() {
    let arguments = ["verify", "lost-update/lock", "--engine", "exhaustive"];
    let output = raddle(&arguments).env("RADDLE_MAX_EXECUTIONS", "1").output().expect("the binary runs");
    assert_eq!(code(&output), Some(3));
    assert!(
        stdout(&output).contains("expected verified, but:\ninconclusive by exhaustive"),
        "{}",
        stdout(&output)
    );
    let json = ["verify", "lost-update/lock", "--engine", "exhaustive", "--format", "json"];
    let output = raddle(&json).env("RADDLE_MAX_EXECUTIONS", "1").output().expect("the binary runs");
    assert_eq!(code(&output), Some(3));
    let document = self::json(&output);
    let row = &document["results"][0];
    assert_eq!((&row["verdict"], &row["agrees"]), (&"inconclusive".into(), &false.into()));
}

#[test]
fn junit_has_a_case_for_each_row() {
    let output = run(&["verify", "lock-order", "--engine", "dfs", "loom", "--format", "junit"]);
    let text = stdout(&output);
    assert_eq!(code(&output), Some(0));
    assert!(text.starts_with("<?xml"), "{text}");
    assert!(text.contains("tests=\"10\" skipped=\"1\" failures=\"0\" errors=\"0\""), "{text}");
    assert_eq!(text.matches("<testcase ").count(), 10);
    assert!(text.contains("name=\"back-off under loom\"") && text.contains("loom#376"), "{text}");
}

#[test]
fn a_page_is_written_beside_the_table() {
    let path = scratch("page").join("raddle.html");
    let file = path.to_str().expect("a plain path");
    let output = run(&["verify", "lock-order", "--engine", "exhaustive", "loom", "--html", file]);
    assert_eq!((code(&output), stderr(&output)), (Some(0), ""));
    assert!(stdout(&output).contains(": all agree in "));
    let page = std::fs::read_to_string(&path).expect("it was written");
    for words in ["Coffman", "<svg", "deadlock", "loom#376", "1 hazard, 10 rows: all as expected"] {
        assert!(page.contains(words), "{words} is missing");
    }
    // A shorter page overwrites a longer one completely.
    let shorter = run(&["verify", "lost-update/lock", "--engine", "dfs", "--html", file]);
    assert_eq!(code(&shorter), Some(0));
    let shorter = std::fs::read_to_string(&path).expect("it was written");
    assert!(shorter.len() < page.len() && shorter.trim_end().ends_with("</html>"));
}

#[test]
#[cfg(unix)]
fn a_reader_that_has_seen_enough_is_no_error() {
    use std::process::Stdio;
    let mut child = raddle(&["list"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!((code(&output), stderr(&output)), (Some(0), ""));
}

// ---- bad input ----

#[test]
fn an_unknown_hazard_is_refused_with_the_nearest_names() {
    for command in [&["verify"][..], &["explain"], &[]] {
        let arguments: Vec<&str> = command.iter().copied().chain(["lost-updat"]).collect();
        refused(&run(&arguments), &["hazard \"lost-updat\"", "did you mean lost-update", "raddle list"]);
    }
    refused(&run(&["lits"]), &["unknown command or hazard \"lits\"", "did you mean list"]);
    refused(&run(&["verify", "dfs"]), &["unknown hazard \"dfs\"", "--engine dfs"]);
    refused(&run(&["verify", "lost-update", "nonsense"]), &["\"nonsense\""]);
    refused(&run(&["verify", ""]), &["unknown hazard \"\""]);
    refused(&run(&["verify", "two\nlines"]), &["two"]);
}

#[test]
fn an_unknown_variant_is_refused_with_those_that_there_are() {
    refused(&run(&["verify", "lost-update/bugy"]), &["\"bugy\"", "lost-update", "buggy, lock, atomic"]);
    refused(&run(&["explain", "lost-update/"]), &["unknown variant \"\""]);
}

#[test]
fn an_unknown_engine_is_refused_with_those_that_there_are() {
    refused(&run(&["verify", "--engine", "lloom"]), &["\"lloom\"", "exhaustive", "native"]);
    refused(&run(&["verify", "--engine", "dfs,"]), &["unknown engine \"\""]);
}

#[test]
fn an_unknown_format_is_refused_with_those_that_there_are() {
    refused(&run(&["verify", "--format", "xml"]), &["'xml'", "text, json, junit"]);
    refused(&run(&["list", "--format", "junit"]), &["'junit'", "text, json, markdown"]);
    refused(&run(&["measure", "--format", "csv"]), &["'csv'", "text, json"]);
}

#[test]
fn a_page_that_cannot_be_written_is_refused_before_anything_runs() {
    let nowhere = scratch("nowhere").join("no/such/directory/raddle.html");
    let nowhere = nowhere.to_str().expect("a plain path");
    for arguments in [&["verify", "--html", nowhere][..], &["verify", "--format", "json", "--html", nowhere]]
    {
        refused(&run(arguments), &["cannot write", "no/such/directory/raddle.html"]);
    }
    let directory = scratch("directory");
    refused(&run(&["verify", "--html", directory.to_str().expect("a plain path")]), &["cannot write"]);
    refused(&run(&["verify", "--html"]), &["--html"]);
    let path = scratch("untouched").join("raddle.html");
    refused(&run(&["verify", "nonsense", "--html", path.to_str().expect("a plain path")]), &["nonsense"]);
    assert!(!path.exists(), "nothing is written for bad input");
}

#[test]
fn words_that_make_no_sense_are_refused() {
    refused(&run(&["verify", "--fromat", "json"]), &["--fromat", "--help"]);
    refused(&run(&["verify", "--engine"]), &["--engine", "--help"]);
    refused(&run(&["replay"]), &["TOKEN"]);
    refused(&run(&["list", "everything"]), &["everything"]);
}

#[test]
fn a_bad_environment_variable_is_refused() {
    for (variable, value) in [
        ("RADDLE_SEED", "-1"),
        ("RADDLE_MAX_EXECUTIONS", "none"),
        ("RADDLE_TIME_LIMIT", "0"),
        ("RADDLE_WORKERS", "1.5"),
        ("RADDLE_ENGINE", "lloom"),
    ] {
        for command in [&["verify"][..], &["explain", "lost-update"]] {
            let output = raddle(command).env(variable, value).output().expect("the binary runs");
            refused(&output, &[value, "must be"]);
        }
    }
}

/// A token of a catalogue's model, as `verify` prints it.
fn token_of(model: &str) -> String {
    let document = json(&run(&["verify", model, "--engine", "exhaustive", "--format", "json"]));
    document["results"][0]["token"].as_str().expect("a token").to_owned()
}

/// The token with other bytes in its body, and a matching checksum.
fn altered(token: &str, alter: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(token).expect("a token");
    bytes.truncate(bytes.len() - 4);
    alter(&mut bytes);
    let check = crc32fast::hash(&bytes);
    bytes.extend(check.to_le_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Where a token's body names its model; the engine and the budgets are before it, the schedule
/// is after it.
fn model_in(bytes: &[u8], model: &str) -> std::ops::Range<usize> {
    let hash = crc32fast::hash(model.as_bytes()).to_le_bytes();
    let at = bytes.windows(4).position(|window| window == hash).expect("a token names its model");
    at..at + 4
}

#[test]
fn a_malformed_token_is_refused() {
    let token = token_of("lost-update/buggy");
    for bad in ["", "nonsense", "%%%", &token[..token.len() - 1], &token[1..], &token.to_lowercase()] {
        refused(&run(&["replay", bad]), &["malformed replay token"]);
    }
    refused(&run(&["replay", &altered(&token, |bytes| bytes[0] = 99)]), &["another version"]);
}

#[test]
fn a_token_of_no_model_of_the_catalogue_is_refused() {
    let foreign = altered(&token_of("lost-update/buggy"), |bytes| {
        let model = model_in(bytes, "lost-update/buggy");
        bytes[model].copy_from_slice(&[1, 2, 3, 4]);
    });
    refused(&run(&["replay", &foreign]), &["another model", "RADDLE_REPLAY"]);
}

// ---- the other commands ----

#[test]
fn a_token_replays_the_failure_from_which_it_came() {
    for (model, failure) in [("lost-update/buggy", "panic"), ("lock-order/buggy", "deadlock")] {
        let token = token_of(model);
        let output = run(&["replay", &token]);
        let text = stdout(&output);
        assert_eq!((code(&output), stderr(&output)), (Some(0), ""), "{text}");
        assert!(text.starts_with(&format!("✗ {model}: {failure}, as exhaustive found it")), "{text}");
        assert!(text.contains(".rs:") && text.contains("replay"), "{text}");
        assert!(!text.contains('\u{1b}'));
        // A whole line is accepted as well.
        assert_eq!(code(&run(&["replay", &format!("RADDLE_REPLAY={token}")])), Some(0));
    }
}

#[test]
fn a_schedule_that_passes_is_not_as_expected() {
    let never_preempted = altered(&token_of("lost-update/buggy"), |bytes| {
        bytes.truncate(model_in(bytes, "lost-update/buggy").end);
    });
    let output = run(&["replay", &never_preempted]);
    assert_eq!((code(&output), stderr(&output)), (Some(1), ""));
    assert!(stdout(&output).contains("this schedule passes"), "{}", stdout(&output));
}

#[test]
fn a_schedule_that_does_not_fit_says_where_it_diverged() {
    // The first step of all is by a seventh thread, which does not exist.
    let other = altered(&token_of("lost-update/buggy"), |bytes| {
        bytes.truncate(model_in(bytes, "lost-update/buggy").end);
        bytes.extend([7 << 1, 1]);
    });
    let output = run(&["replay", &other]);
    assert_eq!((code(&output), stderr(&output)), (Some(1), ""));
    assert!(stdout(&output).contains("diverged at step 1"), "{}", stdout(&output));
}

#[test]
fn the_list_names_every_hazard_and_variant() {
    let output = run(&["list"]);
    assert_eq!((code(&output), stderr(&output)), (Some(0), ""));
    let text = stdout(&output);
    let document = json(&run(&["list", "--format", "json"]));
    assert_eq!(document["schema"], 1);
    for hazard in document["hazards"].as_array().expect("an array") {
        let name = hazard["name"].as_str().expect("a name");
        assert!(text.lines().any(|line| line.starts_with(&format!("{name}  "))), "{name}");
        for variant in hazard["variants"].as_array().expect("an array") {
            assert!(text.contains(variant["name"].as_str().expect("a name")));
            assert_eq!(variant["buggy"] == true, variant["failure"].is_string(), "{variant}");
        }
    }
    assert!(text.lines().all(|line| line.chars().count() <= 80));
}

#[test]
fn a_hazard_is_explained_by_its_story_its_bug_and_its_fixes() {
    let output = run(&["explain", "lock-order"]);
    let text = stdout(&output);
    assert_eq!((code(&output), stderr(&output)), (Some(0), ""));
    assert!(text.starts_with("lock-order: two threads take two locks in opposite orders\n"), "{text}");
    for words in ["Coffman", "✗ buggy: deadlock, found by exhaustive", "✓ ordered: verified by exhaustive in"]
    {
        assert!(text.contains(words), "{text} does not say {words}");
    }
    assert!(text.contains("assumes: sequential consistency"), "a verdict comes with its assumptions");
    assert!(!text.contains('\u{1b}') && !text.contains("```"));
    assert!(text.contains("\nengines\n  exhaustive  every order"), "{text}");
    assert!(text.contains("does not run back-off: loom#376"), "{text}");
    let (story, bug) = text.split_once('✗').expect("a bug");
    assert!(bug.contains("lock_order.rs:"), "the timeline names the lines");
    assert!(story.lines().all(|line| line.chars().count() <= 80), "{story}");
}

#[test]
fn the_table_of_hazards_is_what_list_prints() {
    let output = run(&["list", "--format", "markdown"]);
    assert_eq!(stdout(&output), include_str!("../src/catalogue/table.md"));
}

#[test]
fn one_variant_can_be_explained_alone() {
    let text = run(&["explain", "lock-order/ordered"]);
    assert!(stdout(&text).contains("✓ ordered") && !stdout(&text).contains("✓ back-off"));
}

#[test]
fn an_explanation_that_does_not_hold_says_so_by_its_exit_code() {
    let command = ["explain", "lost-update"];
    let output = raddle(&command).env("RADDLE_MAX_EXECUTIONS", "1").output().expect("the binary runs");
    assert_eq!(code(&output), Some(3));
    assert!(stdout(&output).contains("! lock: inconclusive"), "{}", stdout(&output));
}

#[test]
fn a_new_model_is_written_once_and_where_it_belongs() {
    let dir = scratch("new");
    std::fs::create_dir(dir.join("src")).expect("a directory");
    std::fs::write(dir.join("Cargo.toml"), "[package]\nname = \"mine\"\n").expect("a manifest");
    let new = |name: &str, from: &Path| raddle(&["new", name]).current_dir(from).output().expect("it runs");
    let output = new("my_queue", &dir.join("src"));
    let text = stdout(&output);
    assert_eq!((code(&output), stderr(&output)), (Some(0), ""));
    assert!(text.contains("my_queue.rs") && text.contains("cargo test --test my_queue"), "{text}");
    assert!(text.contains("[dev-dependencies]") && text.contains("features = [\"check\"]"), "{text}");
    let written = std::fs::read_to_string(dir.join("tests/my_queue.rs")).expect("it is there");
    assert_eq!(written, include_str!("../src/cli/new/template.rs"));

    std::fs::write(dir.join("tests/my_queue.rs"), "mine").expect("a file");
    refused(&new("my_queue", &dir), &["my_queue.rs", "there already"]);
    assert_eq!(std::fs::read_to_string(dir.join("tests/my_queue.rs")).expect("it is there"), "mine");
    for bad in ["", "../escape", "a/b", "Queue", "9", "a b"] {
        refused(&new(bad, &dir), &["bad name", "lowercase"]);
    }
    assert_eq!(
        std::fs::read_dir(dir.join("tests")).expect("a directory").count(),
        1,
        "nothing else was written"
    );

    std::fs::write(dir.join("Cargo.toml"), "[package]\nname = \"mine\"\n[dependencies]\nraddle = \"0.1\"\n")
        .expect("a manifest");
    assert!(!stdout(&new("other", &dir)).contains("[dev-dependencies]"), "it is there already");
    std::fs::write(dir.join("Cargo.toml"), "[workspace]\nmembers = []\n").expect("a manifest");
    refused(&new("third", &dir), &["[package]", "members"]);
}

#[test]
fn a_new_model_needs_a_crate_around_it() {
    let dir = std::env::temp_dir().join(format!("raddle-cli-{}", std::process::id()));
    std::fs::create_dir_all(&dir).expect("a directory");
    let output = raddle(&["new", "mine"]).current_dir(&dir).output().expect("the binary runs");
    let left = std::fs::read_dir(&dir).expect("a directory").count();
    std::fs::remove_dir_all(&dir).expect("it is ours");
    refused(&output, &["no Cargo.toml", "cargo new"]);
    assert_eq!(left, 0);
}

#[test]
fn costs_are_measured_with_their_spread() {
    let output = run(&["measure", "--format", "json"]);
    assert_eq!((code(&output), stderr(&output)), (Some(0), ""));
    let document = json(&output);
    let rows = document["measurements"].as_array().expect("an array");
    let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().expect("a name")).collect();
    assert_eq!(
        names,
        [
            "turns-one-thread",
            "turns-two-threads",
            "jobs-one-thread",
            "jobs-new-threads",
            "jobs-pool",
            "jobs-new-threads-at-once",
            "jobs-pool-at-once",
        ]
    );
    for row in rows {
        let order = ["lowest", "lower_quartile", "median", "upper_quartile", "highest"];
        let values: Vec<f64> = order.iter().map(|field| row[field].as_f64().expect("a number")).collect();
        assert!(values.is_sorted() && values[0] > 0.0, "{row}");
    }
    let text = run(&["measure"]);
    assert!(stdout(&text).lines().all(|line| line.chars().count() <= 80), "{}", stdout(&text));
}

#[test]
fn cargo_finds_it_under_its_name() {
    let path = env!("CARGO_BIN_EXE_cargo-raddle");
    let by_cargo = program(path, &["raddle", "list"]).output().expect("the binary runs");
    let directly = program(path, &["list"]).output().expect("the binary runs");
    assert_eq!((code(&by_cargo), stderr(&by_cargo)), (Some(0), ""));
    assert_eq!(stdout(&by_cargo), stdout(&run(&["list"])));
    assert_eq!(stdout(&directly), stdout(&by_cargo));
}

#[test]
fn help_and_the_version_are_no_errors() {
    let help = run(&["--help"]);
    assert_eq!((code(&help), stderr(&help)), (Some(0), ""));
    for command in ["verify", "list", "explain", "replay", "new", "measure", "Exit codes"] {
        assert!(stdout(&help).contains(command), "{command}");
    }
    assert!(stdout(&help).lines().all(|line| line.chars().count() <= 80));
    assert_eq!(stdout(&run(&["--version"])).trim(), concat!("raddle ", env!("CARGO_PKG_VERSION")));
}
