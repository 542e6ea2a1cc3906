//! Counterexamples, rows and pages made from bytes, for the property tests and the fuzz target `report`.
//!
//! They need not make sense, but their indices are valid: the renderers rely on that.

use std::time::Duration;

use arbitrary::{Result, Unstructured};

use crate::catalogue::{Expected, HAZARDS};
use crate::counterexample::Counterexample;
use crate::counterexample::explain::{RaceReversal, Step};
use crate::counterexample::minimize::{Minimised, Size};
use crate::engine::REGISTRY;
use crate::failure::{FailureKind, Reason};
use crate::op::Access;
use crate::runtime::cast::{Named, SourceLine};
use crate::runtime::lasso::Lasso;
use crate::runtime::log::Stale;
use crate::trace::{Awaits, Ending, Event, EventKind, Panic, Racing, Touch, Trace};
use crate::verdict::{Report, Stats, Verdict};
use crate::verification::row::Row;

/// The data to be rendered, and the width.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) counterexample: Counterexample,
    /// A name chosen by the user.
    pub(crate) name: String,
    /// From 1 to 200.
    pub(crate) columns: usize,
    pub(crate) rows: Vec<Row>,
}

/// The sample that the bytes encode; when they are used up, the simplest values are taken.
pub(crate) fn sample(bytes: &[u8]) -> Result<Sample> {
    let mut of = Of(Unstructured::new(bytes));
    Ok(Sample {
        columns: of.0.int_in_range(1..=200)?,
        name: of.words()?,
        counterexample: of.counterexample()?,
        rows: of.many(0..=4, Of::row)?,
    })
}

/// Characters that are difficult for terminals, for XML or for counting columns.
const UNKIND: &[&str] = &[
    "<script>alert('&')</script>]]>\u{0}\u{1b}[31m\u{202e}",
    "漢字🦀e\u{301}\n\t",
    "\u{200b}\u{feff}\u{ad}\u{fffe}",
    "a-word-that-is-longer-than-any-page-and-has-no-place-at-which-it-could-be-broken-into-two-without-harm",
    "        far in\n    and less so",
    "\r\n\u{85}\u{2028}",
];

struct Of<'a>(Unstructured<'a>);

impl Of<'_> {
    fn many<T>(
        &mut self,
        range: std::ops::RangeInclusive<usize>,
        mut one: impl FnMut(&mut Self) -> Result<T>,
    ) -> Result<Vec<T>> {
        let length = self.0.int_in_range(range)?;
        (0..length).map(|_| one(self)).collect()
    }

    fn maybe<T>(&mut self, one: impl FnOnce(&mut Self) -> Result<T>) -> Result<Option<T>> {
        if self.0.arbitrary()? { one(self).map(Some) } else { Ok(None) }
    }

    fn below(&mut self, bound: usize) -> Result<usize> {
        self.0.int_in_range(0..=bound.saturating_sub(1))
    }

    fn words(&mut self) -> Result<String> {
        Ok(match self.0.int_in_range(0..=7_u8)? {
            0..=3 => {
                let plain = |of: &mut Self| of.0.choose(b"abcdefghij ABC#.()/:-0123").map(|&b| char::from(b));
                self.many(0..=40, plain)?.into_iter().collect()
            }
            4 => self.0.arbitrary::<&str>()?.to_owned(),
            _ => self.many(1..=4, |of| of.0.choose(UNKIND).copied())?.concat(),
        })
    }

    fn place(&mut self) -> Result<SourceLine> {
        Ok(SourceLine { file: self.words()?, line: self.0.arbitrary()? })
    }

    fn event(&mut self, threads: usize, objects: usize, step: usize) -> Result<Event> {
        let marks = [
            EventKind::Read,
            EventKind::Write,
            EventKind::Sync,
            EventKind::Wait,
            EventKind::Note,
            EventKind::Panic,
            EventKind::End,
        ];
        let [reads, writes, takes, gives, releases, acquires, chosen, looks] = self.0.arbitrary()?;
        let object = self.maybe(|of| of.below(objects))?;
        Ok(Event {
            thread: self.below(threads)?,
            object,
            kind: *self.0.choose(&marks)?,
            text: self.words()?,
            short: self.words()?,
            place: self.maybe(Self::place)?,
            step,
            chosen,
            access: object.map(|_| if looks { Access::READ } else { Access::WRITE }),
            touch: Touch { reads, writes, takes, gives, releases, acquires },
            begins: self.maybe(|of| of.below(threads))?,
            stale: None,
        })
    }

    fn ending(&mut self, threads: usize, objects: usize) -> Result<Ending> {
        let awaits = match self.0.int_in_range(0..=5_u8)? {
            0 => None,
            1 => Some(Awaits::Nothing),
            2 => Some(Awaits::Write),
            3 => Some(Awaits::Object(self.below(objects)?)),
            4 => Some(Awaits::Notification(self.below(objects)?)),
            _ => Some(Awaits::Thread(self.below(threads)?)),
        };
        Ok(Ending {
            thread: self.below(threads)?,
            awaits,
            succeeds: self.0.arbitrary()?,
            op: self.words()?,
            place: self.maybe(Self::place)?,
            holds: self.many(0..=3, |of| Ok((of.below(objects)?, of.place()?)))?,
        })
    }

    fn racing(&mut self, threads: usize, events: usize) -> Result<Racing> {
        let event = self.maybe(|of| of.below(events))?.filter(|_| events > 0);
        Ok(Racing { thread: self.below(threads)?, write: self.0.arbitrary()?, place: self.place()?, event })
    }

    fn trace(&mut self) -> Result<Trace> {
        let threads = self.many(1..=8, Self::words)?;
        let named =
            |of: &mut Self| Ok(Named { name: of.words()?, kind: of.maybe(Self::words)?, made: of.place()? });
        let objects = self.many(1..=5, named)?;
        let (t, o) = (threads.len(), objects.len());
        let mut step = 0;
        let round = self.many(0..=24, |of| {
            step += usize::from(of.0.arbitrary::<bool>()?);
            of.event(t, o, step)
        })?;
        let rounds = self.0.int_in_range(1..=20)?;
        let again = |n: usize| {
            let later = move |event: &Event| Event { step: event.step + n * (step + 1), ..event.clone() };
            round.iter().map(later).collect::<Vec<_>>()
        };
        let mut events: Vec<Event> = (0..rounds).flat_map(again).collect();
        let length = events.len();
        for at in self.many(0..=length.min(3), |of| of.below(length))? {
            if let Some(event) = events.get_mut(at) {
                event.stale =
                    Some(Stale { seen: self.maybe(|of| of.below(length))?, missed: self.below(length)? });
            }
        }
        let panic = |of: &mut Self| {
            Ok(Panic { thread: of.below(t)?, message: of.words()?, place: of.maybe(Self::place)? })
        };
        let lasso = |of: &mut Self| {
            let (before, cycle) = (of.0.int_in_range(0..=60)?, of.0.int_in_range(0..=30)?);
            Ok(Lasso { stem: before, cycle, rounds: of.0.int_in_range(0..=9_999)?, fair: true })
        };
        Ok(Trace {
            endings: self.many(0..=t, |of| of.ending(t, o))?,
            panics: self.many(0..=2, panic)?,
            race: self.maybe(|of| Ok((of.racing(t, length)?, of.racing(t, length)?, of.below(o)?)))?,
            lasso: self.maybe(lasso)?,
            threads,
            objects,
            events,
        })
    }

    fn race_reversal(&mut self) -> Result<RaceReversal> {
        let step = |of: &mut Self| {
            Ok(Step { thread: of.words()?, what: of.words()?, place: of.maybe(Self::place)? })
        };
        Ok(match self.0.int_in_range(0..=2_u8)? {
            0 => RaceReversal::Order { earlier: step(self)?, later: step(self)? },
            1 => RaceReversal::Choice {
                of: step(self)?,
                taken: self.0.arbitrary()?,
                instead: self.0.arbitrary()?,
            },
            _ => RaceReversal::Neither { reversals: self.0.arbitrary()?, all: self.0.arbitrary()? },
        })
    }

    fn counterexample(&mut self) -> Result<Counterexample> {
        let size = |of: &mut Self| {
            Ok(Size { preemptions: of.0.int_in_range(0..=9)?, steps: of.0.int_in_range(0..=9_999)? })
        };
        let minimised = |of: &mut Self| {
            let round = of.maybe(|of| of.0.int_in_range(0..=99))?;
            Ok(Minimised { before: size(of)?, after: size(of)?, round })
        };
        Ok(Counterexample {
            kind: *self.0.choose(FailureKind::ALL)?,
            message: self.words()?,
            token: self.words()?,
            trace: self.maybe(Self::trace)?,
            model: self.words()?,
            asked_by: self.maybe(Self::words)?,
            note: self.maybe(Self::words)?,
            minimised: self.maybe(minimised)?,
            race_reversal: self.maybe(Self::race_reversal)?,
            found_in: self.maybe(|of| of.0.arbitrary())?,
        })
    }

    fn report(&mut self, engine: &'static str) -> Result<Report> {
        let verdict = match self.0.int_in_range(0..=2_u8)? {
            0 => Verdict::Verified,
            1 => Verdict::Inconclusive(Reason::EngineLimit { why: self.words()? }),
            _ => Verdict::Refuted(Box::new(self.counterexample()?)),
        };
        Ok(Report {
            verdict,
            stats: Stats { executions: self.0.arbitrary()?, steps: self.0.arbitrary()?, ..Stats::default() },
            engine,
            bounds: self.many(0..=2, Self::words)?,
            assumptions: self.many(0..=2, Self::words)?,
            failures: Vec::new(),
            model: self.words()?,
            elapsed: Duration::from_millis(self.0.int_in_range(0..=99_999)?),
        })
    }

    fn row(&mut self) -> Result<Row> {
        let hazard = self.0.choose(HAZARDS)?;
        let variant = self.0.choose(hazard.variants)?;
        let engine = self.0.choose(REGISTRY)?;
        let expected = match self.0.int_in_range(0..=3_u8)? {
            0 => Expected::Verified,
            1 => Expected::Refuted(*self.0.choose(FailureKind::ALL)?),
            2 => Expected::Perhaps(*self.0.choose(FailureKind::ALL)?),
            _ => Expected::Skipped("of this reason"),
        };
        Ok(Row {
            expected,
            report: self.maybe(|of| of.report(engine.name))?,
            broken: self.maybe(Self::words)?,
            ..Row::new(hazard, variant, engine.kind)
        })
    }
}
