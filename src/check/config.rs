//! The configuration of a check: bounds, budgets, seed; and the environment variables, which are read here
//! only.

use std::path::PathBuf;
use std::time::Duration;

use crate::engine::Kind;
use crate::error::Error;
use crate::runtime::limits::Limits;

/// The settings of one check, with their defaults.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The seed of the sampling engines.
    pub(crate) seed: u64,
    /// The bounds of each execution.
    pub(crate) limits: Limits,
    /// The bound on preemptions.
    pub(crate) preemption_bound: Option<usize>,
    /// The time limit of the whole check.
    pub(crate) time_limit: Option<Duration>,
    /// The bound on executions.
    pub(crate) max_executions: Option<u64>,
    /// How many threads of the operating system may explore.
    pub(crate) workers: usize,
    /// Whether waiting loops are one step each.
    pub(crate) spin_assume: bool,
    /// Whether equivalent executions are counted as one, for `Stats::traces`.
    pub(crate) count_traces: bool,
    /// The name of the model, for tokens and reports.
    pub(crate) name: Option<String>,
    /// The identity of the check within its test, for tokens.
    pub(crate) asked: Option<u32>,
}

/// A fixed seed: the same model gives the same answer on any machine, unless configured otherwise.
const DEFAULT_SEED: u64 = 0x7261_6464_6c65;

impl Default for Settings {
    fn default() -> Self {
        Settings {
            seed: DEFAULT_SEED,
            limits: Limits::default(),
            preemption_bound: None,
            time_limit: None,
            max_executions: None,
            workers: 1,
            spin_assume: true,
            count_traces: false,
            name: None,
            asked: None,
        }
    }
}

/// No machine benefits from more threads than this; a larger number is a mistake.
pub(crate) const MOST_WORKERS: usize = 1_024;

/// The settings from the environment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// `RADDLE_ENGINE`: which engine `raddle::check` uses.
    pub(crate) engine: Option<Kind>,
    /// `RADDLE_SEED`.
    pub(crate) seed: Option<u64>,
    /// `RADDLE_REPLAY`: a token.
    pub(crate) replay: Option<String>,
    /// `RADDLE_MAX_EXECUTIONS`.
    pub(crate) max_executions: Option<u64>,
    /// `RADDLE_TIME_LIMIT`, in seconds.
    pub(crate) time_limit: Option<Duration>,
    /// `RADDLE_WORKERS`.
    pub(crate) workers: Option<usize>,
    /// `RADDLE_REPORT_DIR`: the directory for the reports of failing checks.
    pub(crate) report_dir: Option<PathBuf>,
}

impl Environment {
    /// Reads every variable.
    ///
    /// # Errors
    /// If one of them has an invalid value, or if a variable with the prefix is unknown.
    pub(crate) fn read() -> Result<Self, Error> {
        // The one place that reads the environment.
        std::env::vars_os().try_for_each(|(name, _)| known(&name.to_string_lossy()))?;
        #[allow(clippy::disallowed_methods)]
        Self::from(|name| std::env::var_os(name))
    }

    fn from(get: impl Fn(&str) -> Option<std::ffi::OsString>) -> Result<Self, Error> {
        let text = |variable: &'static str| {
            get(variable).map(|value| value.to_string_lossy().into_owned()).filter(|value| !value.is_empty())
        };
        let engine = text("RADDLE_ENGINE").map(|name| name.trim().parse()).transpose()?;
        let seed = number("RADDLE_SEED", text("RADDLE_SEED"), "a number from 0 to 2^64-1", |_: &u64| true)?;
        let positive = "a whole number from 1";
        let some_workers = "a whole number from 1 to 1024";
        let max_executions =
            number("RADDLE_MAX_EXECUTIONS", text("RADDLE_MAX_EXECUTIONS"), positive, |&n: &u64| n > 0)?;
        let workers = number("RADDLE_WORKERS", text("RADDLE_WORKERS"), some_workers, |n: &usize| {
            (1..=MOST_WORKERS).contains(n)
        })?;
        let seconds = number(
            "RADDLE_TIME_LIMIT",
            text("RADDLE_TIME_LIMIT"),
            "a positive number of seconds, such as 60 or 0.5",
            |&s: &f64| s > 0.0 && s <= 1e9,
        )?;
        Ok(Environment {
            engine,
            seed,
            replay: text("RADDLE_REPLAY"),
            max_executions,
            time_limit: seconds.map(Duration::from_secs_f64),
            workers,
            report_dir: get("RADDLE_REPORT_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from),
        })
    }

    /// Lets the environment override settings, except the number of executions, which may be the size of a
    /// sample.
    pub(crate) fn apply(&self, settings: &mut Settings) {
        settings.seed = self.seed.unwrap_or(settings.seed);
        settings.time_limit = self.time_limit.or(settings.time_limit);
        settings.workers = self.workers.unwrap_or(settings.workers);
    }
}

/// Every known variable.
const VARIABLES: [&str; 7] = [
    "RADDLE_ENGINE",
    "RADDLE_SEED",
    "RADDLE_REPLAY",
    "RADDLE_MAX_EXECUTIONS",
    "RADDLE_TIME_LIMIT",
    "RADDLE_WORKERS",
    "RADDLE_REPORT_DIR",
];

/// The prefix of all of them.
const PREFIX: &str = "RADDLE_";
/// The prefix of variables of test suites, this crate's and others', which are ignored here.
const OF_TESTS: &str = "RADDLE_TEST_";
/// Names with more differences than this are not a misspelling of one another.
const LIKE: usize = 3;

/// Rejects an unknown variable with the prefix: the setting it was meant to change would silently stay as it
/// is.
fn known(name: &str) -> Result<(), Error> {
    if !name.starts_with(PREFIX) || name.starts_with(OF_TESTS) || VARIABLES.contains(&name) {
        return Ok(());
    }
    let nearest = VARIABLES.into_iter().min_by_key(|variable| differences(name, variable));
    let hint = match nearest.filter(|variable| differences(name, variable) <= LIKE) {
        Some(variable) => format!("did you mean {variable}?"),
        None => format!("it must be one of {}", VARIABLES.join(", ")),
    };
    Err(Error::UnknownVariable { name: name.to_owned(), hint })
}

/// The number of bytes to insert, remove or replace to turn one name into the other (Levenshtein, 1966). The
/// crate `strsim` implements it too, but is a dependency of the command only.
fn differences(one: &str, other: &str) -> usize {
    // For the prefix of `one` so far, the differences to each prefix of the other.
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, byte) in one.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], at + 1);
        for (column, theirs) in other.bytes().enumerate() {
            let replaced = diagonal + usize::from(byte != theirs);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

/// A variable's value as a number, if it is set.
fn number<T: std::str::FromStr>(
    variable: &'static str,
    value: Option<String>,
    expected: &'static str,
    valid: impl Fn(&T) -> bool,
) -> Result<Option<T>, Error> {
    let Some(value) = value else { return Ok(None) };
    match value.trim().parse().ok().filter(valid) {
        Some(number) => Ok(Some(number)),
        None => Err(Error::BadVariable { variable, value, expected }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_means_nothing_is_named_with_the_nearest_that_does() {
        let complaint = |ending: &str| known(&format!("RADDLE{ending}")).expect_err("unknown").to_string();
        assert!(complaint("_WORKER").ends_with("did you mean RADDLE_WORKERS?"));
        assert!(complaint("_MAX_EXECUTION").ends_with("did you mean RADDLE_MAX_EXECUTIONS?"));
        let all = complaint("_COLOUR_OF_THE_WARP");
        assert!(VARIABLES.iter().all(|variable| all.contains(variable)), "{all}");
        for variable in VARIABLES.into_iter().chain(["RADDLE", "PATH", "RADDLE_TEST_PROGRAMS"]) {
            assert_eq!(known(variable), Ok(()));
        }
    }

    #[test]
    fn differences_are_counted() {
        for (one, other, n) in
            [("", "", 0), ("", "ab", 2), ("ab", "", 2), ("seed", "sede", 2), ("ab", "b", 1)]
        {
            assert_eq!(differences(one, other), n, "{one} {other}");
        }
    }

    fn read(variable: &str, value: &str) -> Result<Environment, Error> {
        Environment::from(|name| (name == variable).then(|| value.into()))
    }

    #[test]
    fn good_values_are_understood() {
        assert_eq!(read("RADDLE_SEED", "7").expect("valid").seed, Some(7));
        assert_eq!(read("RADDLE_ENGINE", "pct").expect("valid").engine, Some(Kind::Pct));
        let limit = read("RADDLE_TIME_LIMIT", "0.5").expect("valid").time_limit;
        assert_eq!(limit, Some(Duration::from_millis(500)));
    }

    #[test]
    fn bad_values_name_the_variable_and_what_would_be_right() {
        for (variable, value) in [
            ("RADDLE_SEED", "-1"),
            ("RADDLE_MAX_EXECUTIONS", "0"),
            ("RADDLE_TIME_LIMIT", "NaN"),
            ("RADDLE_TIME_LIMIT", "inf"),
            ("RADDLE_WORKERS", "two"),
            ("RADDLE_WORKERS", "0"),
            ("RADDLE_WORKERS", "1025"),
            ("RADDLE_WORKERS", "99999999999999999999"),
        ] {
            let message = read(variable, value).expect_err("invalid").to_string();
            assert!(message.contains(variable) && message.contains("must be"), "{message}");
        }
        let message = read("RADDLE_ENGINE", "lloom").expect_err("invalid").to_string();
        assert!(message.contains("lloom") && message.contains("exhaustive"), "{message}");
    }
}
