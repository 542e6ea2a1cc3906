//! Tokens, which carry schedules.
//!
//! A token is pasted to replay a failure: `RADDLE_REPLAY=<token> cargo test name`. It carries the model's
//! name, the engine, the budgets under which choices arise, the schedule, and a checksum. Threads are
//! numbered by the order of their creation in that execution, which the schedule itself determines. The
//! schedule stops at the failure, so edits that leave the operations before it alone do not invalidate the
//! token.
//!
//! Layout, before base-64 (URL alphabet, no padding): version, engine, the four budgets, how many of the last
//! choices repeat, the model's hash (4 bytes), in versions 2 and 4 the hash of the check that made it (4
//! bytes), the schedule, and a CRC-32 of all of that (4 bytes). The schedule is a list of runs, `thread |
//! choice flag` and either a length or an alternative, as LEB128 numbers. In versions 3 and 4 some waiting
//! loops are one step each; their names come before the schedule, a number and 4 bytes each.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crc32fast::hash as crc32;

use crate::error::Error;
use crate::op::ThreadId;
use crate::schedule::{Budgets, Choice};

/// The contents of a token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Token {
    /// The engine that found the failure, as an index into [`crate::engine::NAMES`].
    pub(crate) engine: u8,
    /// A hash of the model's name.
    pub(crate) model: u32,
    /// A hash of the identity of the check that `raddle::check` ran, if the token has it; see
    /// [`crate::check`].
    pub(crate) asked: Option<u32>,
    pub(crate) budgets: Budgets,
    /// The waiting loops that are one step each in the schedule: see [`crate::runtime::spinloop`].
    pub(crate) awaits: Vec<u32>,
    /// The schedule; thread ids are indices in the order of creation.
    pub(crate) schedule: Vec<Choice>,
    /// How many of its last choices repeat for ever, for a livelock; else 0.
    pub(crate) repeat: usize,
}

/// The version of the layout without the identity of the check, and with every round of a loop in the
/// schedule.
const PLAIN: u8 = 1;
/// Added to the version if the token has the identity of the check.
const ASKED: u8 = 1;
/// Added to the version if some waiting loops are one step.
const AWAITS: u8 = 2;
/// No genuine schedule is longer; a forged length must not cause an allocation.
const LONGEST: usize = 16 << 20;

/// The hash of a model's name that tokens carry.
pub(crate) fn model_hash(name: &str) -> u32 {
    crc32(name.as_bytes())
}

impl Token {
    /// Whether it was made by the model of this name in this check, as far as it records that.
    pub(crate) fn is_of(&self, model: &str, asked: Option<u32>) -> bool {
        let by_this_check = match (self.asked, asked) {
            (Some(then), Some(now)) => then == now,
            _ => true,
        };
        self.model == model_hash(model) && by_this_check
    }

    /// The token as text.
    pub(crate) fn encode(&self) -> String {
        let asked = if self.asked.is_some() { ASKED } else { 0 };
        let awaits = if self.awaits.is_empty() { 0 } else { AWAITS };
        let mut bytes = vec![PLAIN + asked + awaits, self.engine];
        let Budgets { spurious_wakeups, weak_failures, timeouts, fruitless_yields } = self.budgets;
        for budget in [spurious_wakeups, weak_failures, timeouts, fruitless_yields] {
            number(&mut bytes, budget as u64);
        }
        number(&mut bytes, self.repeat as u64);
        bytes.extend(self.model.to_le_bytes());
        bytes.extend(self.asked.iter().flat_map(|asked| asked.to_le_bytes()));
        if !self.awaits.is_empty() {
            number(&mut bytes, self.awaits.len() as u64);
            bytes.extend(self.awaits.iter().flat_map(|name| name.to_le_bytes()));
        }
        let mut rest = self.schedule.as_slice();
        while let Some((first, _)) = rest.split_first() {
            let thread = u64::from(first.thread.0);
            if first.alternative == 0 {
                let run = rest.iter().take_while(|choice| *choice == first).count();
                number(&mut bytes, thread << 1);
                number(&mut bytes, run as u64);
                rest = &rest[run..];
            } else {
                number(&mut bytes, thread << 1 | 1);
                number(&mut bytes, u64::from(first.alternative));
                rest = &rest[1..];
            }
        }
        bytes.extend(crc32(&bytes).to_le_bytes());
        URL_SAFE_NO_PAD.encode(&bytes)
    }

    /// Decodes a token.
    ///
    /// # Errors
    /// If the text is not a whole, unaltered token.
    pub(crate) fn decode(text: &str) -> Result<Token, Error> {
        let bad = |why: &'static str| Error::MalformedToken { why };
        let bytes = URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| bad("it is not what raddle prints"))?;
        let Some((body, check)) = bytes.split_last_chunk::<4>() else {
            return Err(bad("it is too short"));
        };
        if crc32(body).to_le_bytes() != *check {
            return Err(bad("its check does not match: a part is missing or altered"));
        }
        let [version, engine, rest @ ..] = body else { return Err(bad("it is too short")) };
        let kind = version.wrapping_sub(PLAIN);
        if kind > ASKED + AWAITS {
            return Err(bad("it is of another version of raddle"));
        }
        if usize::from(*engine) >= crate::engine::NAMES.len() {
            return Err(bad("it names no engine of this version"));
        }
        let mut rest = rest;
        let short = || bad("it is too short");
        let mut budget = || take(&mut rest).map(|n| n as usize).ok_or_else(short);
        let budgets = Budgets {
            spurious_wakeups: budget()?,
            weak_failures: budget()?,
            timeouts: budget()?,
            fruitless_yields: budget()?,
        };
        let repeat = take(&mut rest).and_then(|n| usize::try_from(n).ok()).ok_or_else(short)?;
        let (model, mut rest) = rest.split_first_chunk::<4>().ok_or_else(short)?;
        let mut asked = None;
        if kind & ASKED != 0 {
            let (hash, after) = rest.split_first_chunk::<4>().ok_or_else(short)?;
            asked = Some(u32::from_le_bytes(*hash));
            rest = after;
        }
        let mut awaits = Vec::new();
        if kind & AWAITS != 0 {
            for _ in 0..take(&mut rest).ok_or_else(short)? {
                let (name, after) = rest.split_first_chunk::<4>().ok_or_else(short)?;
                awaits.push(u32::from_le_bytes(*name));
                rest = after;
            }
        }
        let mut schedule = Vec::new();
        while !rest.is_empty() {
            let head = take(&mut rest).ok_or_else(short)?;
            let value = take(&mut rest).ok_or_else(short)?;
            let thread = u32::try_from(head >> 1)
                .ok()
                .filter(|&t| (t as usize) < crate::op::MAX_THREADS)
                .map(ThreadId)
                .ok_or(bad("it names a thread that cannot be"))?;
            if head & 1 == 1 {
                let alternative = u32::try_from(value).map_err(|_| bad("it names no alternative"))?;
                schedule.push(Choice { thread, alternative });
            } else {
                let run = usize::try_from(value).ok().filter(|&n| n > 0 && n <= LONGEST - schedule.len());
                let run = run.ok_or(bad("its schedule is too long"))?;
                schedule.resize(schedule.len() + run, Choice { thread, alternative: 0 });
            }
        }
        if repeat > schedule.len() {
            return Err(bad("it repeats more than there is"));
        }
        let (engine, model) = (*engine, u32::from_le_bytes(*model));
        Ok(Token { engine, model, asked, budgets, awaits, schedule, repeat })
    }
}

/// Appends a number in LEB128.
fn number(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// Takes a LEB128 number off the front.
fn take(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for shift in (0..63).step_by(7) {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(schedule: Vec<Choice>) -> Token {
        Token {
            engine: 1,
            model: model_hash("a/b"),
            asked: None,
            budgets: Budgets::DEFAULT,
            awaits: Vec::new(),
            repeat: schedule.len() / 2,
            schedule,
        }
    }

    fn choice(thread: u32, alternative: u32) -> Choice {
        Choice { thread: ThreadId(thread), alternative }
    }

    #[test]
    fn a_token_says_what_went_in() {
        for schedule in
            [vec![], vec![choice(0, 0)], vec![choice(1, 0), choice(1, 0), choice(2, 7), choice(63, 0)]]
        {
            for asked in [None, Some(0), Some(u32::MAX)] {
                for awaits in [vec![], vec![7, u32::MAX]] {
                    let token = Token { asked, awaits, ..token(schedule.clone()) };
                    assert_eq!(Token::decode(&token.encode()).expect("it is whole"), token);
                }
            }
        }
    }

    #[test]
    fn a_run_of_one_thread_is_short() {
        let long = token(vec![choice(1, 0); 10_000]);
        assert!(long.encode().len() < 32);
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_noticed() {
        let schedule = vec![choice(1, 0), choice(2, 1), choice(1, 0)];
        let text = Token { asked: Some(7), ..token(schedule) }.encode();
        for end in 0..text.len() {
            assert!(Token::decode(&text[..end]).is_err(), "cut at {end}");
        }
        for at in 0..text.len() {
            for bit in 0..7 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let Ok(altered) = String::from_utf8(bytes) else { continue };
                assert!(Token::decode(&altered).is_err(), "{altered}");
            }
        }
    }
}
