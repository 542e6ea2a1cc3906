//! Checking a model: engine and settings in, [`Report`] out. The one loop that all engines share.

use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::config::{Environment, Settings};
use crate::engine::bytes::Bytes;
use crate::engine::dfs::Dfs;
use crate::engine::dpor::Dpor;
use crate::engine::probe::{POINTS, Probe, TURNS};
use crate::engine::replay::{Replay, portable};
use crate::engine::shuttle::Sampling;
use crate::engine::{Kind, loom, native, shuttle};
use crate::error::Error;
use crate::minimize::{FEW_PREEMPTIONS, Laboratory};
use crate::op::ThreadId;
use crate::rt::execution::{Cut, Execution, Failure, Scheduler};
use crate::rt::history::History;
use crate::rt::host::{Coroutines, Judge};
use crate::rt::quiet::Quiet;
use crate::rt::session::Session;
use crate::schedule::{Choice, Token, model_hash};
use crate::turning;
use crate::verdict::{Counterexample, Reason, Report, Stats, Verdict, assumptions};

/// A model as all engines take it.
pub(crate) type Model = Arc<dyn Fn() + Send + Sync>;

/// Checks a model with the exhaustive engine, or with loom under `--cfg loom`, and panics with the
/// rendered counterexample unless it is verified. Made for `#[test]`.
///
/// `RADDLE_ENGINE`, `RADDLE_SEED`, `RADDLE_MAX_EXECUTIONS`, `RADDLE_TIME_LIMIT` and `RADDLE_WORKERS`
/// override what it does; `RADDLE_REPLAY=<token>` shows one failure again.
///
/// # Panics
/// If the model is refuted, if the check is inconclusive, or if an environment variable is not valid.
///
/// # Examples
/// ```
/// use raddle::sync::atomic::{AtomicUsize, Ordering};
/// use raddle::{sync::Arc, thread};
///
/// raddle::check(|| {
///     let n = Arc::new(AtomicUsize::new(0));
///     let other = Arc::clone(&n);
///     let child = thread::spawn(move || other.fetch_add(1, Ordering::Relaxed));
///     n.fetch_add(1, Ordering::Relaxed);
///     child.join().unwrap();
///     assert_eq!(n.load(Ordering::Relaxed), 2);
/// });
/// ```
#[track_caller]
pub fn check<M: Fn() + Send + Sync + 'static>(model: M) {
    let environment = match Environment::read() {
        Ok(environment) => environment,
        Err(error) => panic!("raddle: {error}"),
    };
    let checker = match &environment.replay {
        Some(token) => match Checker::replay(token) {
            Ok(checker) => checker,
            Err(error) => panic!("raddle: RADDLE_REPLAY: {error}"),
        },
        None => {
            Checker::of(environment.engine.unwrap_or(if cfg!(loom) { Kind::Loom } else { Kind::Exhaustive }))
        }
    };
    let mut checker = checker;
    environment.apply(&mut checker.settings);
    let report = checker.check(model);
    if let Some(dir) = &environment.report_dir
        && !matches!(report.verdict, Verdict::Verified)
        && let Err(error) = crate::report::save(&report, dir)
    {
        panic!("raddle: RADDLE_REPORT_DIR={}: {error}\n{report}", dir.display());
    }
    let concludes = environment.engine.is_none_or(|kind| kind.engine().concludes);
    if matches!(report.verdict, Verdict::Inconclusive(_)) && (environment.replay.is_some() || !concludes) {
        // Somebody asked for a sample, or to see one failure, and there was none to see.
        return;
    }
    assert!(matches!(report.verdict, Verdict::Verified), "{report}");
}

/// Takes one of `n` alternatives, `0..n`; the engine tries them all, or samples one.
///
/// Under loom, and outside of any check, it is 0.
///
/// # Panics
/// If `n` is 0.
///
/// # Examples
/// ```
/// let report = raddle::Checker::dfs().check(|| assert!(raddle::choose(3) < 3));
/// assert_eq!(report.stats.executions, 3);
/// ```
#[track_caller]
pub fn choose(n: usize) -> usize {
    assert!(n > 0, "there is nothing to choose from");
    match crate::rt::context::arm() {
        crate::rt::context::Arm::Model => {
            let n = u32::try_from(n).unwrap_or(u32::MAX);
            let what = crate::rt::thread::Choosing::Model;
            let site = Location::caller();
            crate::rt::context::session(|session| session.choose(n, what, site) as usize)
        }
        _ => 0,
    }
}

/// How to explore.
#[derive(Clone, Debug)]
enum Plan {
    /// Exhaustive, dfs, loom.
    Whole(Kind),
    /// Random, urw, native.
    Sample(Kind, u64),
    /// Pct, with its depth.
    Pct(u64, usize),
    /// A schedule made by a fuzzer.
    Bytes(Arc<[u8]>),
    /// A schedule.
    Replay(Box<Token>),
}

/// An engine and its settings.
///
/// # Examples
/// ```
/// use raddle::{Checker, FailureKind, sync::Mutex};
///
/// Checker::dfs()
///     .check(|| {
///         let lock = Mutex::new(());
///         let _once = lock.lock().unwrap();
///         let _twice = lock.lock().unwrap();
///     })
///     .expect_failure(FailureKind::Deadlock);
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Checker {
    plan: Plan,
    settings: Settings,
}

impl Checker {
    fn with(plan: Plan) -> Self {
        Checker { plan, settings: Settings::default() }
    }

    /// The engine of this kind with as many executions as the command line gives it.
    pub(crate) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Exhaustive | Kind::Dfs | Kind::Loom => Self::with(Plan::Whole(kind)),
            Kind::Random | Kind::Urw => Self::with(Plan::Sample(kind, 10_000)),
            Kind::Pct => Self::pct(10_000, 3),
            Kind::Native => Self::native(200),
        }
    }

    /// One execution of every trace, by optimal partial-order reduction, under sequential
    /// consistency. See the module documentation of the engine for the papers.
    ///
    /// With a [`preemption_bound`](Self::preemption_bound) it runs every schedule within the bound
    /// instead, smallest bound first.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::exhaustive().check(|| {}).expect_verified();
    /// ```
    pub fn exhaustive() -> Self {
        Self::of(Kind::Exhaustive)
    }

    /// Every schedule, without reduction: the oracle for small models.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::dfs().check(|| {}).expect_verified();
    /// ```
    pub fn dfs() -> Self {
        Self::of(Kind::Dfs)
    }

    /// Shuttle's random scheduler, for so many executions.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::random(100).seed(7).check(|| {}).expect_no_failure();
    /// ```
    pub fn random(executions: u64) -> Self {
        Self::with(Plan::Sample(Kind::Random, executions))
    }

    /// Shuttle's probabilistic concurrency testing, for so many executions with `depth` - 1 changes
    /// of priority each (Burckhardt et al., ASPLOS 2010).
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::pct(100, 3).check(|| {}).expect_no_failure();
    /// ```
    pub fn pct(executions: u64, depth: usize) -> Self {
        Self::with(Plan::Pct(executions, depth))
    }

    /// Shuttle's uniform random walk, for so many executions.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::urw(100).check(|| {}).expect_no_failure();
    /// ```
    pub fn urw(executions: u64) -> Self {
        Self::with(Plan::Sample(Kind::Urw, executions))
    }

    /// Loom: the C11 memory model with stale reads, for models of at most five threads.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::loom().check(|| {}).expect_verified();
    /// ```
    pub fn loom() -> Self {
        Self::of(Kind::Loom)
    }

    /// Threads of the operating system, for so many executions.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::native(10).check(|| {}).expect_no_failure();
    /// ```
    pub fn native(executions: u64) -> Self {
        Self::with(Plan::Sample(Kind::Native, executions))
    }

    /// The one execution that a token describes. The budgets are the token's.
    ///
    /// # Errors
    /// If the token is not whole.
    ///
    /// # Examples
    /// ```
    /// use raddle::{Checker, FailureKind, Verdict};
    /// let model = || assert_ne!(raddle::choose(3), 2);
    /// let found = Checker::dfs().check(model);
    /// let token = found.expect_failure(FailureKind::Panic).token().to_owned();
    /// let again = Checker::replay(&token)?.check(model);
    /// again.expect_failure(FailureKind::Panic);
    /// # Ok::<(), raddle::Error>(())
    /// ```
    pub fn replay(token: &str) -> Result<Self, Error> {
        let token = Token::decode(token)?;
        let budgets = token.budgets;
        let mut checker = Self::with(Plan::Replay(Box::new(token)));
        checker.settings.budgets = budgets;
        Ok(checker)
    }

    /// One execution, whose choices the bytes make: for fuzzers. It is reported as a random one.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::bytes(&[0, 1, 2]).check(|| {}).expect_no_failure();
    /// ```
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::with(Plan::Bytes(bytes.into()))
    }

    /// Where the sampling engines begin. The default is the same everywhere.
    ///
    /// # Examples
    /// ```
    /// let sample = raddle::Checker::random(10).seed(42);
    /// # sample.check(|| {}).expect_no_failure();
    /// ```
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// The most visible operations in one execution; by default 10,000. An execution that reaches
    /// it makes the check inconclusive.
    ///
    /// # Examples
    /// ```
    /// use raddle::{Checker, Reason, Verdict, sync::atomic::{AtomicBool, Ordering}};
    /// let report = Checker::dfs().max_steps(50).check(|| {
    ///     let flag = AtomicBool::new(false);
    ///     while !flag.load(Ordering::Relaxed) {}
    /// });
    /// assert!(matches!(report.verdict, Verdict::Inconclusive(Reason::MaxSteps { bound: 50, .. })));
    /// ```
    pub fn max_steps(mut self, steps: usize) -> Self {
        self.settings.max_steps = steps;
        self
    }

    /// The most switches away from a thread that could have gone on. What it leaves out makes the
    /// check inconclusive.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::exhaustive().preemption_bound(2).check(|| {}).expect_verified();
    /// ```
    pub fn preemption_bound(mut self, preemptions: usize) -> Self {
        self.settings.preemption_bound = Some(preemptions);
        self
    }

    /// The most time for the check, looked at between executions.
    ///
    /// # Examples
    /// ```
    /// use std::time::Duration;
    /// raddle::Checker::dfs().time_limit(Duration::from_secs(60)).check(|| {}).expect_verified();
    /// ```
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.settings.time_limit = Some(limit);
        self
    }

    /// The most executions.
    ///
    /// # Examples
    /// ```
    /// use raddle::{Checker, Reason, Verdict};
    /// let report = Checker::dfs().max_executions(2).check(|| { raddle::choose(3); });
    /// assert!(matches!(report.verdict, Verdict::Inconclusive(Reason::MaxExecutions { bound: 2 })));
    /// ```
    pub fn max_executions(mut self, executions: u64) -> Self {
        self.settings.max_executions = Some(executions);
        self
    }

    /// How many threads of the operating system may explore. The answer does not depend on it.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::exhaustive().workers(2).check(|| {}).expect_verified();
    /// ```
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = workers.max(1);
        self
    }

    /// Whether the first failure ends the check, as it does by default. Otherwise failures are
    /// counted, and one counterexample of each is kept.
    ///
    /// # Examples
    /// ```
    /// let model = || assert_eq!(raddle::choose(3), 0);
    /// let report = raddle::Checker::dfs().stop_on_failure(false).check(model);
    /// assert_eq!((report.stats.executions, report.stats.failures), (3, 2));
    /// ```
    pub fn stop_on_failure(mut self, stop: bool) -> Self {
        self.settings.stop_on_failure = stop;
        self
    }

    /// How many waits of a thread may wake up though nobody notified them; by default 1.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::dfs().spurious_wakeups(0).check(|| {}).expect_verified();
    /// ```
    pub fn spurious_wakeups(mut self, budget: usize) -> Self {
        self.settings.budgets.spurious_wakeups = budget;
        self
    }

    /// How many weak compare-exchanges of a thread may fail though they need not; by default 1.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::dfs().weak_failures(0).check(|| {}).expect_verified();
    /// ```
    pub fn weak_failures(mut self, budget: usize) -> Self {
        self.settings.budgets.weak_failures = budget;
        self
    }

    /// How many timed waits of a thread may time out though others can still move; by default 1.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::dfs().timeouts(0).check(|| {}).expect_verified();
    /// ```
    pub fn timeouts(mut self, budget: usize) -> Self {
        self.settings.budgets.timeouts = budget;
        self
    }

    /// How many yields of a thread at one line may return though nothing has changed; by default 1.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::dfs().fruitless_yields(0).check(|| {}).expect_verified();
    /// ```
    pub fn fruitless_yields(mut self, budget: usize) -> Self {
        self.settings.budgets.fruitless_yields = budget;
        self
    }

    /// The model's name in reports and tokens; by default the type's, which holds the test's path.
    ///
    /// # Examples
    /// ```
    /// assert_eq!(raddle::Checker::dfs().name("empty").check(|| {}).model, "empty");
    /// ```
    pub fn name(mut self, name: &str) -> Self {
        self.settings.name = Some(name.to_owned());
        self
    }

    /// Whether to count different traces, for [`Stats::traces`]. It costs memory for each.
    ///
    /// # Examples
    /// ```
    /// let report = raddle::Checker::dfs().count_traces(true).check(|| {});
    /// assert_eq!(report.stats.traces, Some(1));
    /// ```
    pub fn count_traces(mut self, count: bool) -> Self {
        self.settings.count_traces = count;
        self
    }

    /// The engine's name.
    pub(crate) fn engine(&self) -> Kind {
        match &self.plan {
            Plan::Whole(kind) | Plan::Sample(kind, _) => *kind,
            Plan::Pct(..) => Kind::Pct,
            Plan::Bytes(_) => Kind::Random,
            Plan::Replay(token) => crate::engine::REGISTRY[usize::from(token.engine)].kind,
        }
    }

    /// Checks a model. It runs on a thread of its own, and never panics for the model's sake.
    ///
    /// # Examples
    /// ```
    /// let report = raddle::Checker::dfs().check(|| panic!("only the report says so"));
    /// assert_eq!(report.verdict.word(), "refuted");
    /// ```
    pub fn check<M: Fn() + Send + Sync + 'static>(&self, model: M) -> Report {
        let name = self.settings.name.clone().unwrap_or_else(|| std::any::type_name::<M>().to_owned());
        self.check_named(Arc::new(model), &name)
    }

    /// Checks a model of this name.
    pub(crate) fn check_named(&self, model: Model, name: &str) -> Report {
        let began = now();
        let pulse = Arc::new(Pulse::default());
        let (send, receive) = channel();
        let run = Run {
            plan: self.plan.clone(),
            kind: self.engine(),
            settings: self.settings.clone(),
            model,
            name: name.to_owned(),
            asked_by: running_test(),
            began,
            pulse: Arc::clone(&pulse),
        };
        // The explorer has a thread to itself, so that a model that hangs can be left behind.
        #[allow(clippy::disallowed_methods)]
        let explorer = std::thread::spawn(move || {
            let report = run.explore();
            // A receiver that is gone has given up on a hanging model, and this report is late.
            let _ = send.send(report);
        });
        let (mut seen, mut quiet) = (0, Duration::ZERO);
        let watched = !matches!(self.engine(), Kind::Loom | Kind::Native);
        let mut report = loop {
            match receive.recv_timeout(GLANCE) {
                Ok(report) => break report,
                Err(RecvTimeoutError::Timeout) => {
                    let beats = pulse.beats.load(Ordering::Relaxed);
                    quiet = if beats == seen { quiet + GLANCE } else { Duration::ZERO };
                    if watched && quiet >= PATIENCE {
                        let executions = pulse.executions.load(Ordering::Relaxed);
                        let stats = Stats { executions, ..Stats::default() };
                        let reason = Reason::NoProgress { place: pulse.place() };
                        break self.report(name, Verdict::Inconclusive(reason), stats, Vec::new());
                    }
                    seen = beats;
                }
                Err(RecvTimeoutError::Disconnected) => match explorer.join() {
                    Err(payload) => {
                        let said = crate::rt::quiet::describe(&*payload).message;
                        panic!("raddle itself failed while it checked {name}: {said}");
                    }
                    Ok(()) => unreachable!("an explorer that returns has sent its report"),
                },
            }
        };
        report.elapsed = now() - began;
        report
    }

    fn report(&self, name: &str, verdict: Verdict, stats: Stats, failures: Vec<Counterexample>) -> Report {
        report(self.engine(), &self.settings, name, verdict, stats, failures)
    }
}

fn report(
    kind: Kind,
    settings: &Settings,
    name: &str,
    verdict: Verdict,
    stats: Stats,
    failures: Vec<Counterexample>,
) -> Report {
    let mut bounds = Vec::new();
    if let Some(bound) = settings.preemption_bound {
        bounds.push(format!("at most {}", preemptions(bound)));
    }
    Report {
        verdict,
        stats,
        engine: kind.name(),
        bounds,
        assumptions: assumptions(kind, &settings.budgets),
        failures,
        model: name.to_owned(),
        elapsed: Duration::ZERO,
    }
}

fn preemptions(n: usize) -> String {
    if n == 1 { "1 preemption".to_owned() } else { format!("{n} preemptions") }
}

/// How long an execution may go without a visible operation before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often that is looked at.
const GLANCE: Duration = Duration::from_secs(1);

/// The wall clock, read here only: for limits and for the time that a check took.
#[allow(clippy::disallowed_methods)]
fn now() -> Instant {
    Instant::now()
}

/// What the explorer shows of itself to whoever waits for it.
#[derive(Debug, Default)]
struct Pulse {
    beats: AtomicU64,
    executions: AtomicU64,
    thread: AtomicU64,
    site: AtomicPtr<Location<'static>>,
}

impl Pulse {
    fn place(&self) -> String {
        // SAFETY: only pointers from `&'static Location` are ever stored, or null.
        let site = unsafe { self.site.load(Ordering::Relaxed).as_ref() };
        let site = site.map_or("before its first visible operation".to_owned(), |s| {
            format!("after {}:{}", s.file(), s.line())
        });
        let thread = match self.thread.load(Ordering::Relaxed) {
            0 => "main".to_owned(),
            n => format!("thread {n}"),
        };
        format!(
            "no visible operation for {} s: {thread} hangs {site}, in a std lock, real I/O or an endless \
             loop of its own; its thread was left behind",
            PATIENCE.as_secs()
        )
    }
}

/// One exploration.
struct Run {
    plan: Plan,
    kind: Kind,
    settings: Settings,
    model: Model,
    name: String,
    /// The test that asked, if the asking thread is one's.
    asked_by: Option<String>,
    began: Instant,
    pulse: Arc<Pulse>,
}

impl Run {
    fn explore(mut self) -> Report {
        let _quiet = Quiet::begin();
        if let Plan::Replay(token) = &self.plan
            && token.model != model_hash(&self.name)
        {
            let error = Error::TokenOfAnotherModel { model: self.name.clone() };
            let reason = Reason::Diverged { step: 0, why: error.to_string() };
            return self.finish(Verdict::Inconclusive(reason), Stats::default(), Vec::new());
        }
        match (self.kind, &self.plan) {
            (_, Plan::Replay(token)) => {
                let mut replay = Replay::new(token.schedule.clone(), token.repeat);
                self.settings.stop_on_failure = true;
                let tally = self.model_arm(&mut replay);
                self.conclude(tally, true)
            }
            (_, Plan::Bytes(bytes)) => {
                let tally = self.model_arm(&mut Bytes::new(Arc::clone(bytes)));
                self.conclude(tally, true)
            }
            (Kind::Loom, _) => self.loom(),
            (Kind::Native, Plan::Sample(_, executions)) => {
                let executions = *executions;
                self.native(executions)
            }
            (Kind::Exhaustive, _) if self.settings.preemption_bound.is_none() => {
                let mut dpor = Dpor::new();
                let mut tally = self.model_arm(&mut dpor);
                tally.stats.redundant = dpor.redundant;
                self.conclude(tally, false)
            }
            (Kind::Exhaustive | Kind::Dfs, _) => self.bounded(),
            (kind, plan) => {
                let (executions, depth) = match plan {
                    Plan::Pct(executions, depth) => (*executions, *depth),
                    Plan::Sample(_, executions) => (*executions, 1),
                    _ => (0, 1),
                };
                let executions = usize::try_from(executions).unwrap_or(usize::MAX);
                let sampling = Sampling { kind, seed: self.settings.seed, executions, depth };
                let run = Rc::new(self);
                let tally = run.sample(sampling);
                run.conclude(tally, true)
            }
        }
    }

    fn finish(&self, verdict: Verdict, stats: Stats, failures: Vec<Counterexample>) -> Report {
        report(self.kind, &self.settings, &self.name, verdict, stats, failures)
    }

    /// Every schedule, or those within a preemption bound, the smallest bound first.
    fn bounded(&mut self) -> Report {
        let Some(bound) = self.settings.preemption_bound else {
            let tally = self.model_arm(&mut Dfs::new(None));
            return self.conclude(tally, false);
        };
        for within in 0..=bound {
            let mut dfs = Dfs::new(Some(within));
            let mut tally = self.model_arm(&mut dfs);
            if tally.cut.is_none() && dfs.left_out {
                if tally.failures.is_empty() && within < bound {
                    continue;
                }
                tally.cut = Some(Reason::PreemptionBound { bound: within });
            }
            let failed = !tally.failures.is_empty();
            let mut report = self.conclude(tally, false);
            if failed {
                report.bounds = vec![format!("{}, the fewest that show the failure", preemptions(within))];
            }
            return report;
        }
        unreachable!("the last bound is concluded upon")
    }

    fn tally(&self) -> Tally {
        Tally {
            stats: Stats::default(),
            settings: self.settings.clone(),
            began: self.began,
            pulse: Arc::clone(&self.pulse),
            failures: Vec::new(),
            cut: None,
            unwound: false,
            spinning: None,
            traces: self.settings.count_traces.then(Default::default),
        }
    }

    fn execution(&self) -> Execution {
        let mut execution = Execution::new(self.settings.clone());
        let exhaustive = self.kind == Kind::Exhaustive && matches!(self.plan, Plan::Whole(_));
        if exhaustive && self.settings.preemption_bound.is_none() || self.settings.count_traces {
            execution.history = Some(History::new());
        }
        execution
    }

    fn body(&self) -> Rc<dyn Fn()> {
        let model = Arc::clone(&self.model);
        Rc::new(move || model())
    }

    /// Explores on coroutines of our own.
    fn model_arm(&self, scheduler: &mut dyn Scheduler) -> Tally {
        let mut tally = self.tally();
        let host = Coroutines::new();
        let session = Session::new(self.execution(), host.clone());
        host.explore(&session, scheduler, &self.body(), &mut tally);
        self.probe(&host, &session, &mut tally);
        tally
    }

    /// Tries fair continuations of a schedule that did not end.
    fn probe(&self, host: &Coroutines, session: &Session, tally: &mut Tally) {
        let Some(spinning) = tally.spinning.take() else { return };
        let first = spinning.len().saturating_sub(POINTS);
        for (point, turn) in (first..=spinning.len()).flat_map(|point| TURNS.map(move |turn| (point, turn))) {
            let mut seen = self.tally();
            let mut probe = Probe::new(spinning[..point].to_vec(), turn);
            host.explore(session, &mut probe, &self.body(), &mut seen);
            tally.stats.steps += seen.stats.steps;
            if !seen.failures.is_empty() {
                tally.stats.executions += 1;
                tally.stats.failures += 1;
                tally.failures.append(&mut seen.failures);
                return;
            }
        }
    }

    /// Explores by one of shuttle's schedulers.
    fn sample(self: &Rc<Self>, sampling: Sampling) -> Tally {
        let result: Rc<RefCell<Option<Tally>>> = Rc::default();
        let (run, into) = (Rc::clone(self), Rc::clone(&result));
        shuttle::with_scheduler(sampling, move |scheduler| {
            *into.borrow_mut() = Some(run.model_arm(scheduler));
        });
        let tally = result.borrow_mut().take();
        tally.unwrap_or_else(|| self.tally())
    }

    fn native(&self, executions: u64) -> Report {
        let mut stats = Stats::default();
        let mut failures: Vec<Counterexample> = Vec::new();
        let mut tally = self.tally();
        while stats.executions < executions && tally.wants_another() {
            stats.executions += 1;
            tally.stats.executions += 1;
            match native::run_once(&self.model) {
                native::Ending::Passed => {}
                native::Ending::Failed(failure) => {
                    stats.failures += 1;
                    if failures.iter().all(|known| known.kind != failure.kind) {
                        failures.push(self.show_foreign(failure));
                    }
                    if self.settings.stop_on_failure {
                        break;
                    }
                }
                native::Ending::Lost => {
                    let place = "an execution did not end for 10 s, though not every thread waits for \
                                 an object of raddle's; its threads were left behind";
                    let reason = Reason::NoProgress { place: place.to_owned() };
                    tally.cut = Some(reason);
                    break;
                }
            }
        }
        let verdict = match (failures.first(), tally.cut) {
            (Some(first), _) => Verdict::Refuted(Box::new(first.clone())),
            (None, Some(reason)) => Verdict::Inconclusive(reason),
            (None, None) => Verdict::Inconclusive(Reason::Sampled { executions: stats.executions }),
        };
        self.finish(verdict, stats, failures)
    }

    fn loom(&self) -> Report {
        let (settings, began, pulse) = (self.settings.clone(), self.began, Arc::clone(&self.pulse));
        let limit = Arc::new(std::sync::Mutex::new(None));
        let reached = Arc::clone(&limit);
        let wants_another = move || {
            let executions = pulse.executions.fetch_add(1, Ordering::Relaxed);
            let reason = limit_reached(&settings, began, executions);
            let more = reason.is_none();
            *reached.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = reason;
            more
        };
        let (outcome, executions) = loom::explore(&self.model, self.settings.preemption_bound, wants_another);
        let mut stats = Stats { executions, ..Stats::default() };
        let reached = limit.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        let mut failures = Vec::new();
        let verdict = match (outcome, reached, self.settings.preemption_bound) {
            (loom::Outcome::Failed(failure), ..) => {
                stats.failures = 1;
                failures.push(self.show_foreign(failure));
                Verdict::Refuted(Box::new(failures[0].clone()))
            }
            (_, Some(reason), _) | (loom::Outcome::LeftOut(reason), ..) => Verdict::Inconclusive(reason),
            (loom::Outcome::Passed, None, Some(bound)) => {
                Verdict::Inconclusive(Reason::PreemptionBound { bound })
            }
            (loom::Outcome::Passed, None, None) => Verdict::Verified,
        };
        self.finish(verdict, stats, failures)
    }

    /// Turns what was seen into a verdict.
    fn conclude(&self, mut tally: Tally, sampled: bool) -> Report {
        tally.stats.traces = tally.traces.as_ref().map(|traces| traces.len() as u64);
        let failures: Vec<Counterexample> = std::mem::take(&mut tally.failures)
            .into_iter()
            .enumerate()
            .map(|(at, found)| self.show(found, at == 0))
            .collect();
        let verdict = match (failures.first(), tally.cut) {
            (Some(first), _) => Verdict::Refuted(Box::new(first.clone())),
            (None, Some(reason)) => Verdict::Inconclusive(reason),
            (None, None) if sampled => {
                Verdict::Inconclusive(Reason::Sampled { executions: tally.stats.executions })
            }
            (None, None) if tally.unwound => Verdict::Inconclusive(Reason::EngineLimit {
                why: "a destructor that ran while its thread unwound did more than give something back; raddle \
                      performs that at once, without the schedules in which others come between"
                    .to_owned(),
            }),
            (None, None) => Verdict::Verified,
        };
        self.finish(verdict, tally.stats, failures)
    }

    /// Makes a failing schedule small, and runs it once more to tell what happens in it.
    fn show(&self, found: Found, first: bool) -> Counterexample {
        let beat = || {
            self.pulse.beats.fetch_add(1, Ordering::Relaxed);
        };
        let Found { mut failure, mut schedule, repeat } = found;
        let mut laboratory = Laboratory::new(&self.settings, self.body(), &beat);
        let mut minimised = None;
        let mut told = None;
        // A token is shown as it is; where all failures are wanted, the first speaks for the rest; and a
        // cycle has no end to be brought nearer.
        if first && repeat == 0 && !matches!(self.plan, Plan::Replay(_)) {
            let every = !self.settings.stop_on_failure;
            if let Some((seen, numbers)) = laboratory.minimise(schedule.clone(), every) {
                told = laboratory.tell(seen.schedule.clone(), 0);
                if let Some((small, _)) = &told {
                    failure = small.clone();
                    schedule = seen.schedule;
                    minimised = Some(numbers);
                }
            }
        }
        let told = told.or_else(|| laboratory.tell(schedule.clone(), repeat));
        let trace = told.map(|(_, trace)| trace);
        let trace_of_first = trace.as_ref().filter(|_| first && repeat == 0);
        let turning = trace_of_first.and_then(|trace| turning::find(&mut laboratory, &schedule, trace));
        // What loom or the operating system's threads found is kept as a schedule of our own.
        let engine =
            if matches!(self.kind, Kind::Loom | Kind::Native) { Kind::Exhaustive } else { self.kind };
        let token = Token {
            engine: engine as u8,
            model: model_hash(&self.name),
            budgets: self.settings.budgets,
            schedule,
            repeat,
        };
        Counterexample { token: token.encode(), trace, minimised, turning, ..self.without_schedule(failure) }
    }

    /// A failure of an engine whose schedules are its own, drawn where the same failure exists under
    /// sequential consistency.
    fn show_foreign(&self, failure: Failure) -> Counterexample {
        let beat = || {
            self.pulse.beats.fetch_add(1, Ordering::Relaxed);
        };
        let found = Laboratory::new(&self.settings, self.body(), &beat).search(&failure);
        let engine = self.kind.name();
        if let Some(seen) = found {
            let said = failure.message.clone();
            let mut shown = self.show(Found { failure, schedule: seen.schedule, repeat: 0 }, true);
            shown.note = Some(format!(
                "{engine} found the failure and said: {said}\nits own schedule cannot be drawn; this is a schedule \
                 of raddle's that fails in the same way under sequential consistency"
            ));
            return shown;
        }
        let mut shown = self.without_schedule(failure);
        shown.note = Some(format!(
            "{engine} found the failure, and raddle found none like it under sequential consistency, with at \
             most {FEW_PREEMPTIONS} preemptions and within its budget; so there is no schedule to draw or replay"
        ));
        shown
    }

    /// A failure of an engine whose schedules are its own.
    fn without_schedule(&self, failure: Failure) -> Counterexample {
        let Failure { kind, message } = failure;
        let (model, asked_by) = (self.name.clone(), self.asked_by.clone());
        let token = String::new();
        let (trace, note, minimised, turning) = (None, None, None, None);
        Counterexample { kind, message, token, trace, model, asked_by, note, minimised, turning }
    }
}

/// The test that the calling thread runs: libtest names its threads after them.
fn running_test() -> Option<String> {
    let thread = std::thread::current();
    let path = |name: &&str| name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':');
    thread.name().filter(|name| *name != "main").filter(path).map(str::to_owned)
}

fn limit_reached(settings: &Settings, began: Instant, executions: u64) -> Option<Reason> {
    if let Some(bound) = settings.max_executions
        && executions >= bound
    {
        return Some(Reason::MaxExecutions { bound });
    }
    let late = settings.time_limit.is_some_and(|limit| now() - began >= limit);
    late.then_some(Reason::TimeLimit { executions })
}

/// A failure and the schedule that leads to it.
struct Found {
    failure: Failure,
    schedule: Vec<Choice>,
    /// How many of its last choices repeat for ever.
    repeat: usize,
}

/// What was seen so far.
struct Tally {
    stats: Stats,
    settings: Settings,
    began: Instant,
    pulse: Arc<Pulse>,
    failures: Vec<Found>,
    cut: Option<Reason>,
    /// Whether a destructor did more than give something back while its thread unwound.
    unwound: bool,
    /// A schedule up to the end of the first round of a cycle that it does not leave.
    spinning: Option<Vec<Choice>>,
    traces: Option<std::collections::BTreeSet<u128>>,
}

impl Judge for Tally {
    fn wants_another(&mut self) -> bool {
        if self.cut.is_some() || self.settings.stop_on_failure && self.stats.failures > 0 {
            return false;
        }
        self.cut = limit_reached(&self.settings, self.began, self.stats.executions);
        self.cut.is_none()
    }

    fn saw(&mut self, execution: &Execution, problem: Option<Reason>) {
        self.stats.steps += execution.schedule.len() as u64;
        if problem.is_some() {
            self.cut = problem;
            return;
        }
        match &execution.cut {
            Some(Cut::Abandoned) => return,
            Some(Cut::Steps { thread, site, cycle }) => {
                self.spinning = cycle.map(|cycle| execution.schedule[..cycle.start + cycle.period].to_vec());
                let place = site.map_or(String::new(), |s| format!(" at {}:{}", s.file(), s.line()));
                self.cut = Some(Reason::MaxSteps {
                    bound: self.settings.max_steps,
                    place: format!("{}{place}", execution.describe(*thread)),
                });
                return;
            }
            None => {}
        }
        self.stats.executions += 1;
        self.pulse.executions.store(self.stats.executions, Ordering::Relaxed);
        if let (Some(traces), Some(history)) = (&mut self.traces, &execution.history) {
            traces.insert(history.fingerprint());
        }
        self.unwound |= execution.unwound;
        let Some(failure) = &execution.failure else { return };
        self.stats.failures += 1;
        let known = self
            .failures
            .iter()
            .any(|found| found.failure.kind == failure.kind && found.failure.message == failure.message);
        if !known {
            let mut schedule = portable(execution);
            let repeat = execution.cycle.map_or(0, |cycle| {
                schedule.truncate(cycle.start + cycle.period);
                cycle.period
            });
            self.failures.push(Found { failure: failure.clone(), schedule, repeat });
        }
    }

    fn beat(&mut self, session: &Session, thread: ThreadId) {
        let beats = self.pulse.beats.load(Ordering::Relaxed);
        self.pulse.beats.store(beats + 1, Ordering::Relaxed);
        self.pulse.thread.store(u64::from(thread.0), Ordering::Relaxed);
        if let Some(site) = session.execution.borrow().thread(thread).last_site {
            self.pulse.site.store(std::ptr::from_ref(site).cast_mut(), Ordering::Relaxed);
        }
    }
}
