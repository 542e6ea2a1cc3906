//! The public builder: an engine and its settings.

use std::sync::Arc;
use std::time::Duration;

use crate::check::config::{MOST_WORKERS, Settings};
use crate::counterexample::token::Token;
use crate::engine::Kind;
use crate::error::Error;
use crate::verdict::Report;

/// How to explore.
#[derive(Clone, Debug)]
pub(super) enum Method {
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
    pub(super) plan: Method,
    pub(super) settings: Settings,
}

impl Checker {
    fn with(plan: Method) -> Self {
        Checker { plan, settings: Settings::default() }
    }

    /// The engine of this kind with as many executions as the command line uses.
    pub(crate) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Exhaustive | Kind::Dfs | Kind::Loom => Self::with(Method::Whole(kind)),
            Kind::Random | Kind::Urw => Self::with(Method::Sample(kind, 10_000)),
            // The smallest depth that finds every bug of the catalogue; some take two changes of priority.
            Kind::Pct => Self::with(Method::Pct(10_000, 3)),
            Kind::Native => Self::native(200),
        }
    }

    /// Exactly one execution of every trace, by optimal partial-order reduction, under sequential
    /// consistency. After Abdulla, Aronis, Jonsson and Sagonas, JACM 64(4), 2017.
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

    /// Shuttle's random scheduler, for that many executions.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::random(100).seed(7).check(|| {}).expect_no_failure();
    /// ```
    #[cfg(feature = "shuttle")]
    #[cfg_attr(docsrs, doc(cfg(feature = "shuttle")))]
    pub fn random(executions: u64) -> Self {
        Self::with(Method::Sample(Kind::Random, executions))
    }

    /// Shuttle's probabilistic concurrency testing, for that many executions with `depth` - 1 changes of
    /// priority each (Burckhardt et al., ASPLOS 2010).
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::pct(100, 3).check(|| {}).expect_no_failure();
    /// ```
    #[cfg(feature = "shuttle")]
    #[cfg_attr(docsrs, doc(cfg(feature = "shuttle")))]
    pub fn pct(executions: u64, depth: usize) -> Self {
        Self::with(Method::Pct(executions, depth))
    }

    /// Shuttle's uniform random walk, for that many executions.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::urw(100).check(|| {}).expect_no_failure();
    /// ```
    #[cfg(feature = "shuttle")]
    #[cfg_attr(docsrs, doc(cfg(feature = "shuttle")))]
    pub fn urw(executions: u64) -> Self {
        Self::with(Method::Sample(Kind::Urw, executions))
    }

    /// Loom: the C11 memory model with stale reads, for models of at most five threads.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::loom().check(|| {}).expect_verified();
    /// ```
    #[cfg(feature = "loom")]
    #[cfg_attr(docsrs, doc(cfg(feature = "loom")))]
    pub fn loom() -> Self {
        Self::of(Kind::Loom)
    }

    /// Threads of the operating system, for that many executions.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::native(10).check(|| {}).expect_no_failure();
    /// ```
    pub fn native(executions: u64) -> Self {
        Self::with(Method::Sample(Kind::Native, executions))
    }

    /// The one execution that a token describes. The budgets are the token's. The model runs exactly once; if
    /// it does not fail, the check is inconclusive, by [`Reason::Replayed`](crate::Reason::Replayed).
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
        Token::decode(token).map(Self::follow)
    }

    /// The one execution of a token.
    pub(super) fn follow(token: Token) -> Self {
        let (budgets, asked) = (token.budgets, token.asked);
        let mut checker = Self::with(Method::Replay(Box::new(token)));
        checker.settings.limits.budgets = budgets;
        checker.settings.asked = asked;
        checker
    }

    /// One execution, whose choices the bytes make: for fuzzers. It is reported as a random one.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::bytes(&[0, 1, 2]).check(|| {}).expect_no_failure();
    /// ```
    pub fn bytes(bytes: &[u8]) -> Self {
        Self::with(Method::Bytes(bytes.into()))
    }

    /// The seed of the sampling engines. The default is the same everywhere.
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

    /// The bound on visible operations in one execution; by default 100,000. An execution that reaches it
    /// makes the check inconclusive.
    ///
    /// # Examples
    /// ```
    /// use raddle::{Checker, Reason, Verdict, sync::atomic::{AtomicUsize, Ordering}};
    /// let report = Checker::dfs().max_steps(50).check(|| {
    ///     let n = AtomicUsize::new(0);
    ///     while n.fetch_add(1, Ordering::Relaxed) < 1_000 {}
    /// });
    /// assert!(matches!(report.verdict, Verdict::Inconclusive(Reason::MaxSteps { bound: 50, .. })));
    /// ```
    pub fn max_steps(mut self, steps: usize) -> Self {
        self.settings.limits.max_steps = steps;
        self
    }

    /// The bound on preemptions (switches away from a thread that could have gone on). If it leaves
    /// executions out, the check is inconclusive.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::exhaustive().preemption_bound(2).check(|| {}).expect_verified();
    /// ```
    pub fn preemption_bound(mut self, preemptions: usize) -> Self {
        self.settings.preemption_bound = Some(preemptions);
        self
    }

    /// The time limit of the check, which is looked at between executions.
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

    /// The bound on executions.
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

    /// The number of executions: the size of a sample, or the bound for an engine that concludes.
    pub(crate) fn executions(mut self, executions: u64) -> Self {
        match &mut self.plan {
            Method::Sample(_, size) | Method::Pct(size, _) => *size = executions,
            _ => self.settings.max_executions = Some(executions),
        }
        self
    }

    /// How many threads of the operating system explore, from 1 to 1,024 (other values are clamped), for the
    /// [exhaustive](Self::exhaustive) engine without a bound on preemptions or executions; by default 1. The
    /// other engines explore one model on one thread, and `raddle verify` checks that many models at once.
    ///
    /// The answer does not depend on it: when one of several workers finds a failure, a single worker then
    /// searches for the first.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::exhaustive().workers(2).check(|| {}).expect_verified();
    /// ```
    pub fn workers(mut self, workers: usize) -> Self {
        self.settings.workers = workers.clamp(1, MOST_WORKERS);
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
        self.settings.limits.stop_on_failure = stop;
        self
    }

    /// The budget of spurious wakeups for each thread; by default 1.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::dfs().spurious_wakeups(0).check(|| {}).expect_verified();
    /// ```
    pub fn spurious_wakeups(mut self, budget: usize) -> Self {
        self.settings.limits.budgets.spurious_wakeups = budget;
        self
    }

    /// The budget of spurious failures of weak compare-exchanges for each thread; by default 1.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::dfs().weak_failures(0).check(|| {}).expect_verified();
    /// ```
    pub fn weak_failures(mut self, budget: usize) -> Self {
        self.settings.limits.budgets.weak_failures = budget;
        self
    }

    /// The budget of early timeouts for each thread: timed waits that time out though others can still move;
    /// by default 1.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::dfs().timeouts(0).check(|| {}).expect_verified();
    /// ```
    pub fn timeouts(mut self, budget: usize) -> Self {
        self.settings.limits.budgets.timeouts = budget;
        self
    }

    /// How many yields of a thread at one call site and with one local state return at once; by default 1.
    /// Further ones wait until an object that the thread has read changes. The local state is the contents of
    /// the thread's stack and registers, so each round of a loop that counts there is a new one.
    ///
    /// # Examples
    /// ```
    /// raddle::Checker::dfs().fruitless_yields(0).check(|| {}).expect_verified();
    /// ```
    pub fn fruitless_yields(mut self, budget: usize) -> Self {
        self.settings.limits.budgets.fruitless_yields = budget;
        self
    }

    /// Whether the exhaustive engine treats a waiting loop as one step, which is enabled when the loop would
    /// end; by default it does. A round of such a loop, which only reads and leaves the thread's stack and
    /// registers as they were, is then no part of an execution, and the loop needs no yield and no hint.
    /// Without it every round is, and executions that differ in the number of rounds are explored separately,
    /// as the other engines do. With a bound on preemptions it has no effect.
    ///
    /// Local states are compared as the compiler laid them out: in a build without optimisation fewer rounds
    /// look alike, and more executions are explored. Changes that a round makes in the heap are not observed,
    /// which the report names as an assumption where it mattered. Executions that were begun to find out what
    /// a loop does count as redundant. A model with waiting loops is explored by one worker.
    ///
    /// `GenMC` calls this spin-assume; after Kokologiannakis, Ren, Vafeiadis: "Dynamic Partial Order
    /// Reductions for Spinloops" (FMCAD 2021).
    ///
    /// # Examples
    /// ```
    /// use raddle::sync::{Arc, atomic::{AtomicBool, Ordering}};
    ///
    /// let model = || {
    ///     let flag = Arc::new(AtomicBool::new(false));
    ///     let other = Arc::clone(&flag);
    ///     let child = raddle::thread::spawn(move || other.store(true, Ordering::Release));
    ///     while !flag.load(Ordering::Acquire) {}
    ///     child.join().unwrap();
    /// };
    /// let checker = raddle::Checker::exhaustive().max_steps(1_000);
    /// checker.clone().check(model).expect_verified();
    /// let rounds = checker.spin_assume(false).check(model);
    /// assert!(matches!(rounds.verdict, raddle::Verdict::Inconclusive(_)));
    /// ```
    pub fn spin_assume(mut self, assume: bool) -> Self {
        self.settings.spin_assume = assume;
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

    /// Whether to count different traces, for [`Stats::traces`](crate::Stats::traces). It uses memory for
    /// each.
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
            Method::Whole(kind) | Method::Sample(kind, _) => *kind,
            Method::Pct(..) => Kind::Pct,
            Method::Bytes(_) => Kind::Random,
            Method::Replay(token) => crate::engine::REGISTRY[usize::from(token.engine)].kind,
        }
    }

    /// Checks a model. It runs on a thread of its own, and a failure of the model does not make it panic.
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
}
