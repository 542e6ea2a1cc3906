//! std's channels: unbounded, bounded, without room; ends that are dropped.

use raddle::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError, TrySendError};

use super::condvars::SOON;
use super::{Choices, Context, Me, instructions};

instructions! {
    Send(u8),
    TrySend(u8),
    CloneSender,
    DropSender,
    Recv,
    TryRecv,
    RecvTimeout,
    /// Takes two items at most by the blocking iterator.
    Iter,
    TryIter,
    DropReceiver,
}

/// What channel a program has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Unbounded,
    Bounded(usize),
}

impl Kind {
    pub fn decode(choices: &mut Choices<'_>) -> Self {
        match choices.below(4) {
            0 => Kind::Unbounded,
            n => Kind::Bounded(n - 1),
        }
    }
}

enum Tx {
    Unbounded(Sender<u8>),
    Bounded(SyncSender<u8>),
}

/// A thread's ends of the channel.
#[derive(Default)]
pub struct Ends {
    tx: Option<Tx>,
    rx: Option<Receiver<u8>>,
}

impl Ends {
    /// A channel: the receiver for one of the threads, and a sender for each of the others.
    pub fn of(kind: Kind, threads: usize, receiver: usize) -> Vec<Ends> {
        let mut txs: Vec<Tx> = Vec::new();
        let rx = match kind {
            Kind::Unbounded => {
                let (tx, rx) = mpsc::channel();
                txs.extend((2..threads).map(|_| Tx::Unbounded(tx.clone())));
                txs.push(Tx::Unbounded(tx));
                rx
            }
            Kind::Bounded(bound) => {
                let (tx, rx) = mpsc::sync_channel(bound);
                txs.extend((2..threads).map(|_| Tx::Bounded(tx.clone())));
                txs.push(Tx::Bounded(tx));
                rx
            }
        };
        let mut ends: Vec<Ends> = (0..threads).map(|_| Ends::default()).collect();
        ends[receiver].rx = Some(rx);
        for end in ends.iter_mut().filter(|end| end.rx.is_none()) {
            end.tx = txs.pop();
        }
        ends
    }
}

/// The ends belong to the threads.
pub struct World;

impl World {
    pub fn new() -> Self {
        World
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, context: &Context<'_>) -> Self {
        if context.thread == context.receiver {
            match choices.below(9) {
                0 | 1 => Instr::Recv,
                2 | 3 => Instr::TryRecv,
                4 | 5 => Instr::RecvTimeout,
                6 => Instr::Iter,
                7 => Instr::TryIter,
                _ => Instr::DropReceiver,
            }
        } else {
            match choices.below(8) {
                0..3 => Instr::Send(choices.value()),
                3..5 => Instr::TrySend(choices.value()),
                5 => Instr::CloneSender,
                _ => Instr::DropSender,
            }
        }
    }

    pub fn cost(&self) -> usize {
        match self {
            Instr::TryRecv | Instr::TrySend(_) | Instr::DropSender | Instr::DropReceiver => 1,
            Instr::Iter => 3,
            _ => 2,
        }
    }

    pub fn run(&self, me: &mut Me, _: &World) -> bool {
        const EMPTY: u8 = 0xfe;
        const GONE: u8 = 0xfd;
        let seen = match (self, &me.ends) {
            (Instr::Send(n), Ends { tx: Some(tx), .. }) => {
                let sent = match tx {
                    Tx::Unbounded(tx) => tx.send(*n),
                    Tx::Bounded(tx) => tx.send(*n),
                };
                vec![if sent.is_ok() { 1 } else { GONE }]
            }
            (Instr::TrySend(n), Ends { tx: Some(tx), .. }) => {
                let sent = match tx {
                    Tx::Unbounded(tx) => tx.send(*n).map_err(|error| TrySendError::Disconnected(error.0)),
                    Tx::Bounded(tx) => tx.try_send(*n),
                };
                vec![match sent {
                    Ok(()) => 1,
                    Err(TrySendError::Full(_)) => EMPTY,
                    Err(TrySendError::Disconnected(_)) => GONE,
                }]
            }
            (Instr::CloneSender, Ends { tx: Some(tx), .. }) => {
                match tx {
                    Tx::Unbounded(tx) => drop(tx.clone()),
                    Tx::Bounded(tx) => drop(tx.clone()),
                }
                vec![]
            }
            (Instr::Recv, Ends { rx: Some(rx), .. }) => vec![rx.recv().unwrap_or(GONE)],
            (Instr::TryRecv, Ends { rx: Some(rx), .. }) => vec![match rx.try_recv() {
                Ok(n) => n,
                Err(TryRecvError::Empty) => EMPTY,
                Err(TryRecvError::Disconnected) => GONE,
            }],
            (Instr::RecvTimeout, Ends { rx: Some(rx), .. }) => vec![match rx.recv_timeout(SOON) {
                Ok(n) => n,
                Err(RecvTimeoutError::Timeout) => EMPTY,
                Err(RecvTimeoutError::Disconnected) => GONE,
            }],
            (Instr::Iter, Ends { rx: Some(rx), .. }) => rx.iter().take(2).collect(),
            (Instr::TryIter, Ends { rx: Some(rx), .. }) => rx.try_iter().take(2).collect(),
            (Instr::DropSender, Ends { tx: Some(_), .. }) => {
                me.ends.tx = None;
                vec![]
            }
            (Instr::DropReceiver, Ends { rx: Some(_), .. }) => {
                me.ends.rx = None;
                vec![]
            }
            _ => return false,
        };
        me.seen.extend(seen);
        me.saw(0xf0);
        true
    }
}
