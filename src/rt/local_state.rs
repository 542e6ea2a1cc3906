//! The local state of a running thread: its live stack and its registers, as one value to be compared.
//!
//! Between two arrivals of one thread at one call site, a loop that only waits leaves the same words on
//! the stack and in the callee-saved registers; a loop that counts, or that keeps a deadline or a backoff
//! there, does not. What a thread keeps in the heap or in statics is not seen.
//!
//! Words that are dead, but differ, make two equal states look different. That is safe: the thread then goes
//! on as if it had not been there before. Those of raddle's own frames below the observation are cleared.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use std::arch::asm;

/// A hash of a thread's live stack and registers. Two that differ in 128 bits are equal by accident only
/// with a probability that no check lives to see.
pub(crate) type LocalState = u128;

/// How many words below the caller's frame are cleared: more than the frames between an operation's entry
/// and the observation take in an unoptimised build.
const CLEARED: usize = 512;

/// Overwrites the stack below the caller's frame, so that the frames that come to lie there begin with the
/// same words at every arrival.
#[inline(never)]
pub(crate) fn clear_below() {
    let words = [0u64; CLEARED];
    std::hint::black_box(&words);
}

/// The local state of the running thread, whose stack begins at `base`.
///
/// Always the same on processors for which raddle does not know where it lies: a loop that counts its yields
/// is taken there for one that waits.
#[inline(never)]
pub(crate) fn observe(base: usize) -> LocalState {
    clear_below();
    observe_from_here(base)
}

/// Notes where the live stack ends, with the callee-saved registers on it.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
fn observe_from_here(base: usize) -> LocalState {
    let (top, rbx, rbp): (usize, u64, u64);
    // SAFETY: the instructions copy registers, and touch neither memory nor flags. That `r12` to `r15` are
    // said to be overwritten makes the compiler save them in this frame, which is part of what is read.
    unsafe {
        asm!(
            "mov {top}, rsp", "mov {rbx}, rbx", "mov {rbp}, rbp",
            top = out(reg) top, rbx = out(reg) rbx, rbp = out(reg) rbp,
            out("r12") _, out("r13") _, out("r14") _, out("r15") _,
            options(nomem, nostack, preserves_flags),
        );
    }
    digest(top, base, [rbx, rbp])
}

/// Notes where the live stack ends, with the callee-saved registers on it.
#[cfg(target_arch = "aarch64")]
#[inline(never)]
fn observe_from_here(base: usize) -> LocalState {
    let (top, x19, x29): (usize, u64, u64);
    // SAFETY: as above; `x19` and `x29` are reserved and are copied instead.
    unsafe {
        asm!(
            "mov {top}, sp", "mov {x19}, x19", "mov {x29}, x29",
            top = out(reg) top, x19 = out(reg) x19, x29 = out(reg) x29,
            out("x20") _, out("x21") _, out("x22") _, out("x23") _, out("x24") _, out("x25") _,
            out("x26") _, out("x27") _, out("x28") _,
            out("v8") _, out("v9") _, out("v10") _, out("v11") _,
            out("v12") _, out("v13") _, out("v14") _, out("v15") _,
            options(nomem, nostack, preserves_flags),
        );
    }
    digest(top, base, [x19, x29])
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn observe_from_here(_: usize) -> LocalState {
    0
}

/// A hash of the words from `top` up to `base`, and of some more.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(never)]
fn digest(top: usize, base: usize, more: [u64; 2]) -> LocalState {
    let mut hash = Hash { low: 0x9e37_79b9_7f4a_7c15, high: 0xc2b2_ae3d_27d4_eb4f };
    for word in more {
        hash.feed(word);
    }
    let mut at = top;
    while at < base {
        // SAFETY: `top` was the stack pointer of this function's caller and `base` is where the stack of the
        // running coroutine begins, so the word lies in frames that are alive. It is read by the processor
        // and not by Rust, so it need not be initialised, and no reference to it is made.
        hash.feed(unsafe { word(at) });
        at += size_of::<u64>();
    }
    u128::from(hash.low) | u128::from(hash.high) << 64
}

/// Two independent lanes of multiplication and rotation.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
struct Hash {
    low: u64,
    high: u64,
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
impl Hash {
    #[inline]
    fn feed(&mut self, word: u64) {
        self.low = (self.low ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(31);
        self.high = (self.high.rotate_left(27) ^ word).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        self.high ^= self.high >> 29;
    }
}

/// The word at an address.
///
/// # Safety
/// The address must be that of eight bytes that are mapped.
#[cfg(target_arch = "x86_64")]
#[inline]
unsafe fn word(at: usize) -> u64 {
    let word;
    // SAFETY: as the caller promises; the instruction reads only.
    unsafe {
        asm!("mov {word}, [{at}]", at = in(reg) at, word = out(reg) word, options(nostack, readonly, preserves_flags));
    };
    word
}

/// The word at an address.
///
/// # Safety
/// The address must be that of eight bytes that are mapped.
#[cfg(target_arch = "aarch64")]
#[inline]
unsafe fn word(at: usize) -> u64 {
    let word;
    // SAFETY: as the caller promises; the instruction reads only.
    unsafe {
        asm!("ldr {word}, [{at}]", at = in(reg) at, word = out(reg) word, options(nostack, readonly, preserves_flags));
    };
    word
}

#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tests {
    use super::*;

    /// The states at `n` arrivals of a loop that does something to its local state each time.
    #[inline(never)]
    fn arrivals(n: usize, mut round: impl FnMut(usize) -> u64) -> Vec<LocalState> {
        let base = std::ptr::from_ref(&n).addr() + 4096;
        let base = base & !15;
        let mut seen = Vec::with_capacity(n);
        let mut local = std::hint::black_box(0);
        for i in 0..n {
            std::hint::black_box(&mut local);
            seen.push(observe(base));
            local = round(i);
        }
        seen
    }

    #[test]
    fn a_counter_on_the_stack_is_seen() {
        let seen = arrivals(8, |i| i as u64);
        assert!(seen.windows(2).all(|pair| pair[0] != pair[1]), "{seen:?}");
    }
}
