//! A program: how it is decoded and how it runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicUsize as StdAtomicUsize, Ordering::SeqCst as STD};

use raddle::sync::Arc;
use raddle::sync::atomic::{AtomicU8, Ordering, Ordering::SeqCst};
use raddle::thread;

use super::channels::{Ends, Kind};
use super::{Block, Choices, Group, Instr, Worlds};

/// What a thread has seen.
pub type Seen = Vec<u8>;
/// What the threads have seen, in the order of their creation, and the final values.
pub type Outcome = (Vec<Seen>, Vec<u8>);

/// How often an instruction had an effect, by group and name.
pub type Effects = BTreeMap<(Group, &'static str), u64>;

/// Where a program records its outcomes.
#[derive(Default)]
pub struct Recorder {
    pub outcomes: StdMutex<BTreeSet<Outcome>>,
    pub effects: StdMutex<Effects>,
    /// Threads that have not ended; for runs on real threads.
    pub live: StdAtomicUsize,
}

/// Counts a thread for as long as it runs.
struct Alive(Arc<All>);

impl Alive {
    fn begin(all: &Arc<All>) -> Self {
        all.recorder.live.fetch_add(1, STD);
        Alive(Arc::clone(all))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.recorder.live.fetch_sub(1, STD);
    }
}

/// What a program runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// An engine controls the schedule.
    Model,
    /// Native threads, with small delays that this number seeds. Atomics are sequentially consistent.
    Native(u64),
}

/// All objects of one run.
pub struct All {
    pub vars: [AtomicU8; 2],
    /// The sum of what detached threads have seen at their ends.
    pub detached: AtomicU8,
    pub worlds: Worlds,
    pub pace: Pace,
    pub recorder: std::sync::Arc<Recorder>,
}

/// A thread of a running program.
pub struct Me {
    pub all: Arc<All>,
    pub seen: Seen,
    /// This thread's ends of the channel.
    pub ends: Ends,
    /// Handles of threads that began before this one, main's first; for main, all the others.
    pub known: Vec<thread::Thread>,
    delays: u64,
}

impl Me {
    fn new(all: &Arc<All>, number: u64) -> Self {
        let delays = match all.pace {
            Pace::Model => 0,
            Pace::Native(seed) => (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (number + 1) << 32,
        };
        Me { all: Arc::clone(all), seen: Seen::new(), ends: Ends::default(), known: Vec::new(), delays }
    }

    pub fn saw(&mut self, value: impl Into<u8>) {
        self.seen.push(value.into());
    }

    pub fn block(&mut self, block: &[Instr]) {
        for instr in block {
            self.delay();
            if instr.run(self) && self.all.pace == Pace::Model {
                let mut effects = self.all.recorder.effects.lock().unwrap();
                *effects.entry((instr.group(), instr.kind())).or_default() += 1;
            }
        }
    }

    /// The ordering that the program has; on native threads always the strongest.
    pub fn order(&self, order: Ordering) -> Ordering {
        if self.all.pace == Pace::Model { order } else { SeqCst }
    }

    /// The body of a thread that runs the block; its result is what it has seen.
    pub fn child(&self, block: &Block) -> impl FnOnce() -> Seen + Send + 'static {
        let (all, block, known) = (Arc::clone(&self.all), block.clone(), self.known.clone());
        let number = self.delays >> 32 ^ self.seen.len() as u64;
        move || {
            let alive = Alive::begin(&all);
            let mut me = Me { known, ..Me::new(&all, number) };
            me.block(&block);
            drop(alive);
            me.seen
        }
    }

    /// Records a child's result.
    pub fn joined(&mut self, result: thread::Result<Seen>) {
        self.saw(0xff);
        self.seen.extend(result.unwrap_or_else(|_| vec![0xee]));
    }

    /// On native threads: nothing, a yield, a pause, or a short sleep.
    #[allow(clippy::disallowed_methods)]
    fn delay(&mut self) {
        if self.all.pace == Pace::Model {
            return;
        }
        self.delays ^= self.delays << 13;
        self.delays ^= self.delays >> 7;
        self.delays ^= self.delays << 17;
        match self.delays % 8 {
            0..3 => {}
            3 | 4 => std::thread::yield_now(),
            5 | 6 => (0..self.delays >> 8 & 0x3ff).for_each(|_| std::hint::spin_loop()),
            _ => std::thread::sleep(std::time::Duration::from_micros(self.delays >> 8 & 0x7f)),
        }
    }
}

/// What instructions may be decoded.
#[derive(Debug)]
pub struct Context<'a> {
    /// The groups of the program.
    pub groups: &'a [Group],
    /// How deep the block is.
    pub depth: usize,
    /// The thread that the block belongs to; the thread `receiver` has the receiving end.
    pub thread: usize,
    pub receiver: usize,
    /// The kind of the program's channel.
    pub channel: Kind,
}

impl Context<'_> {
    /// A block inside an instruction.
    pub fn block(&self, choices: &mut Choices<'_>) -> Block {
        if self.depth == 0 {
            return Block::new();
        }
        let inside = Context { depth: self.depth - 1, ..*self };
        (0..[0, 1, 1, 2][choices.below(4)]).map(|_| inside.instr(choices)).collect()
    }

    /// The block of another thread: it has no ends of the channel.
    pub fn child(&self, choices: &mut Choices<'_>) -> Block {
        self.without(Group::Channels, choices)
    }

    /// A block without instructions of one group.
    pub fn without(&self, group: Group, choices: &mut Choices<'_>) -> Block {
        let groups: Vec<Group> = self.groups.iter().copied().filter(|other| *other != group).collect();
        if groups.is_empty() {
            return Block::new();
        }
        Context { groups: &groups, ..*self }.block(choices)
    }

    pub fn instr(&self, choices: &mut Choices<'_>) -> Instr {
        self.groups[choices.below(self.groups.len())].decode(choices, self)
    }
}

/// What each thread does. The first block is main's own part, after it has spawned the others and before it
/// joins them.
#[derive(Clone, PartialEq, Eq)]
pub struct Program {
    pub groups: Vec<Group>,
    pub channel: Kind,
    pub receiver: usize,
    pub threads: Vec<Block>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.groups.contains(&Group::Channels) {
            writeln!(f, "channel {:?}, thread {} receives", self.channel, self.receiver)?;
        }
        for (number, block) in self.threads.iter().enumerate() {
            writeln!(f, "thread {number}: {block:?}")?;
        }
        Ok(())
    }
}

impl Program {
    /// Reads a program of at most `size` steps, about, over some of these groups.
    pub fn decode(choices: &mut Choices<'_>, groups: &[Group], size: usize) -> Self {
        let mut chosen: Vec<Group> =
            (0..1 + choices.below(3)).map(|_| groups[choices.below(groups.len())]).collect();
        chosen.sort_unstable();
        chosen.dedup();
        let count = [2, 3, 3, 2, 3, 4][choices.below(6)];
        let (channel, receiver) = (Kind::decode(choices), choices.below(count));
        let mut threads: Vec<Block> = Vec::new();
        for thread in 0..count {
            // Threads with the same code interact where others do not: two readers, two waiters.
            let same = choices.below(4) == 3 && thread > 0 && thread != receiver && thread - 1 != receiver;
            let context = Context { groups: &chosen, depth: 2, thread, receiver, channel };
            threads.push(if same {
                threads[thread - 1].clone()
            } else {
                (0..choices.below(4) + 1).map(|_| context.instr(choices)).collect()
            });
        }
        let mut program = Program { groups: chosen, channel, receiver, threads };
        // Trimmed rather than rejected: a search without reduction must complete.
        while program.cost() > size {
            let longest = program.threads.iter_mut().max_by_key(|block| super::around(block, 0));
            if longest.and_then(Vec::pop).is_none() {
                break;
            }
        }
        program
    }

    /// About how many steps it takes.
    pub fn cost(&self) -> usize {
        self.threads.iter().map(|block| super::around(block, 0)).sum()
    }

    /// Runs the program once and records its outcome, if it ends well.
    pub fn run(&self, pace: Pace, recorder: &std::sync::Arc<Recorder>) {
        let all = Arc::new(All {
            vars: [AtomicU8::new(0), AtomicU8::new(0)],
            detached: AtomicU8::new(0),
            worlds: Worlds::new(&self.groups),
            pace,
            recorder: std::sync::Arc::clone(recorder),
        });
        let mut main = Me::new(&all, 0);
        main.known.push(thread::current());
        let mut ends = if self.groups.contains(&Group::Channels) {
            Ends::of(self.channel, self.threads.len(), self.receiver)
        } else {
            self.threads.iter().map(|_| Ends::default()).collect()
        };
        let mut handles = Vec::new();
        for (number, block) in self.threads.iter().enumerate().skip(1) {
            let mut me = Me::new(&all, number as u64);
            me.ends = std::mem::take(&mut ends[number]);
            me.known = main.known.clone();
            let (block, alive) = (block.clone(), Alive::begin(&all));
            let handle = thread::spawn(move || {
                me.block(&block);
                drop(alive);
                me.seen.clone()
            });
            main.known.push(handle.thread().clone());
            handles.push(handle);
        }
        main.ends = std::mem::take(&mut ends[0]);
        main.block(&self.threads[0]);
        main.ends = Ends::default();
        let results: Vec<_> = handles.into_iter().map(thread::JoinHandle::join).collect();
        let mut seen = vec![std::mem::take(&mut main.seen)];
        seen.extend(results.into_iter().map(|result| result.unwrap_or_else(|_| vec![0xee])));
        let mut finals: Vec<u8> = all.vars.iter().map(|v| v.load(SeqCst)).collect();
        finals.push(all.detached.load(SeqCst));
        recorder.outcomes.lock().unwrap().insert((seen, finals));
    }

    /// The program as a model. On native threads each run has other delays.
    pub fn model(
        &self,
        pace: Pace,
        recorder: &std::sync::Arc<Recorder>,
    ) -> impl Fn() + Send + Sync + 'static {
        let (program, recorder) = (self.clone(), std::sync::Arc::clone(recorder));
        let runs = StdAtomicUsize::new(0);
        move || {
            let pace = match pace {
                Pace::Model => Pace::Model,
                Pace::Native(seed) => Pace::Native(seed + runs.fetch_add(1, STD) as u64),
            };
            program.run(pace, &recorder);
        }
    }

    /// Whether it asks if threads have ended.
    pub fn asks_for_ends(&self) -> bool {
        format!("{self:?}").contains("IsFinished")
    }

    /// The size of its encoding, for shrinking.
    pub fn weight(&self) -> usize {
        format!("{self:?}").len()
    }
}
