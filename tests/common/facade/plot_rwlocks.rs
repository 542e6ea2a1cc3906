//! `parking_lot`'s reader-writer lock: recursive and upgradable reads, timeouts, downgrades.

use raddle::parking_lot::{RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};

use super::condvars::SOON;
use super::{Block, Choices, Context, Me, around, instructions};

instructions! {
    Read(Block),
    Write(Block),
    TryRead(Block),
    TryWrite(Block),
    ReadRecursive(Block),
    TryReadFor,
    TryWriteFor,
    Upgradable(Block),
    /// Reads, and becomes the writer for the block.
    Upgrade(Block),
    TryUpgrade,
    TryUpgradeFor,
    Downgrade(Block),
    DowngradeToUpgradable(Block),
    DowngradeUpgradable(Block),
    IsLocked,
}

pub struct World {
    lock: RwLock<u8>,
}

impl World {
    pub fn new() -> Self {
        World { lock: RwLock::new(0) }
    }
}

impl Instr {
    pub fn decode(choices: &mut Choices<'_>, context: &Context<'_>) -> Self {
        let kind = choices.below(18);
        let block = context.block(choices);
        match kind {
            0 | 1 => Instr::Read(block),
            2 | 3 => Instr::Write(block),
            4 => Instr::TryRead(block),
            5 => Instr::TryWrite(block),
            6 => Instr::ReadRecursive(block),
            7 => Instr::TryReadFor,
            8 => Instr::TryWriteFor,
            9 => Instr::Upgradable(block),
            10 => Instr::Upgrade(block),
            11 => Instr::TryUpgrade,
            12 => Instr::TryUpgradeFor,
            13 => Instr::Downgrade(block),
            14 => Instr::DowngradeToUpgradable(block),
            15 | 16 => Instr::DowngradeUpgradable(block),
            _ => Instr::IsLocked,
        }
    }

    pub fn cost(&self) -> usize {
        match self {
            Instr::IsLocked => 1,
            Instr::Read(block)
            | Instr::Write(block)
            | Instr::TryRead(block)
            | Instr::TryWrite(block)
            | Instr::ReadRecursive(block)
            | Instr::Upgradable(block) => around(block, 2),
            Instr::Upgrade(block)
            | Instr::Downgrade(block)
            | Instr::DowngradeToUpgradable(block)
            | Instr::DowngradeUpgradable(block) => around(block, 3),
            _ => 3,
        }
    }

    pub fn run(&self, me: &mut Me, world: &World) -> bool {
        let lock = &world.lock;
        match self {
            Instr::Read(block) => {
                let held = lock.read();
                me.saw(*held);
                me.block(block);
            }
            Instr::Write(block) => {
                let mut held = lock.write();
                *held += 1;
                me.block(block);
            }
            Instr::TryRead(block) => {
                let held = lock.try_read();
                me.saw(held.as_ref().map_or(0xfe, |held| **held));
                if held.is_some() {
                    me.block(block);
                }
            }
            Instr::TryWrite(block) => {
                let held = lock.try_write();
                me.saw(held.is_some());
                if let Some(mut held) = held {
                    *held += 1;
                    me.block(block);
                }
            }
            Instr::ReadRecursive(block) => {
                let held = lock.read_recursive();
                me.saw(*held);
                me.block(block);
            }
            Instr::TryReadFor => me.saw(lock.try_read_for(SOON).map_or(0xfe, |held| *held)),
            Instr::TryWriteFor => me.saw(lock.try_write_for(SOON).map_or(0xfe, |mut held| {
                *held += 1;
                *held
            })),
            Instr::Upgradable(block) => {
                let held = lock.upgradable_read();
                me.saw(*held);
                me.block(block);
            }
            Instr::Upgrade(block) => {
                let mut held = RwLockUpgradableReadGuard::upgrade(lock.upgradable_read());
                *held += 1;
                me.block(block);
            }
            Instr::TryUpgrade => {
                let upgraded = RwLockUpgradableReadGuard::try_upgrade(lock.upgradable_read());
                me.saw(upgraded.is_ok());
                if let Ok(mut held) = upgraded {
                    *held += 1;
                }
            }
            Instr::TryUpgradeFor => {
                let upgraded = RwLockUpgradableReadGuard::try_upgrade_for(lock.upgradable_read(), SOON);
                me.saw(upgraded.is_ok());
                if let Ok(mut held) = upgraded {
                    *held += 1;
                }
            }
            Instr::Downgrade(block) => {
                let mut held = lock.write();
                *held += 1;
                let held = RwLockWriteGuard::downgrade(held);
                me.block(block);
                me.saw(*held);
            }
            Instr::DowngradeToUpgradable(block) => {
                let mut held = lock.write();
                *held += 1;
                let held = RwLockWriteGuard::downgrade_to_upgradable(held);
                me.block(block);
                me.saw(*held);
            }
            Instr::DowngradeUpgradable(block) => {
                let held = RwLockUpgradableReadGuard::downgrade(lock.upgradable_read());
                me.block(block);
                me.saw(*held);
            }
            Instr::IsLocked => {
                me.saw(lock.is_locked());
            }
        }
        true
    }
}
