//! The local state of a running thread: its live stack and its registers, as one value to be compared.
//!
//! Between two arrivals of one thread at one call site, a loop that only waits leaves the same words on the
//! stack and in the callee-saved registers; a loop that counts, or that keeps a deadline or a backoff there,
//! does not. State in the heap or in statics is not observed.
//!
//! Dead words that differ make two equal states look different. That is safe: the thread then goes on as if
//! it had not been there before. Raddle's own frames are not part of the state.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use std::arch::asm;

/// A hash of a thread's live stack and registers. With 128 bits, a collision is too improbable to occur in
/// any check.
pub(crate) type LocalState = u128;

/// The position of a call into the facade: the end of the caller's live stack, and the callee-saved registers
/// with the program counter. Every value that the caller needs after the call is in one of them; the rounds
/// of a loop that the compiler has unrolled differ by the program counter alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Here {
    top: usize,
    registers: [u64; REGISTERS],
}

#[cfg(target_arch = "x86_64")]
const REGISTERS: usize = 7;
#[cfg(target_arch = "aarch64")]
const REGISTERS: usize = 20;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const REGISTERS: usize = 0;

/// Records the end of the live stack of the caller's frame, and the callee-saved registers there.
///
/// It is inlined, and so must be the functions of the facade that call it: none of raddle's own frames, whose
/// dead words hold older values, is then part of the state.
#[cfg(target_arch = "x86_64")]
#[expect(clippy::inline_always, reason = "the caller's own frame is to be noted")]
#[inline(always)]
pub(crate) fn here() -> Here {
    let mut here = Here { top: 0, registers: [0; REGISTERS] };
    // SAFETY: the instructions copy registers to the array to which the operand points, which is as long as
    // they need. The registers that a call may change are declared as clobbered, so that no value that is
    // needed later is in another register.
    unsafe {
        asm!(
            "mov [rax], rbx", "mov [rax + 8], rbp", "mov [rax + 16], r12",
            "mov [rax + 24], r13", "mov [rax + 32], r14", "mov [rax + 40], r15",
            "lea rcx, [rip]", "mov [rax + 48], rcx",
            "mov rax, rsp",
            inlateout("rax") here.registers.as_mut_ptr() => here.top,
            clobber_abi("C"), options(nostack, preserves_flags),
        );
    }
    here
}

/// Records the end of the live stack of the caller's frame, and the callee-saved registers there.
///
/// It is inlined, and so must be the functions of the facade that call it: none of raddle's own frames, whose
/// dead words hold older values, is then part of the state.
#[cfg(target_arch = "aarch64")]
#[expect(clippy::inline_always, reason = "the caller's own frame is to be noted")]
#[inline(always)]
pub(crate) fn here() -> Here {
    let mut here = Here { top: 0, registers: [0; REGISTERS] };
    // SAFETY: as above.
    unsafe {
        asm!(
            "stp x19, x20, [x0]", "stp x21, x22, [x0, #16]", "stp x23, x24, [x0, #32]",
            "stp x25, x26, [x0, #48]", "stp x27, x28, [x0, #64]", "str x29, [x0, #80]",
            "stp d8, d9, [x0, #88]", "stp d10, d11, [x0, #104]",
            "stp d12, d13, [x0, #120]", "stp d14, d15, [x0, #136]",
            "adr x1, .", "str x1, [x0, #152]",
            "mov x0, sp",
            inlateout("x0") here.registers.as_mut_ptr() => here.top,
            clobber_abi("C"), options(nostack, preserves_flags),
        );
    }
    here
}

/// As if every call were made with the same local state: on processors whose stack layout raddle does not
/// support, a loop that counts its yields is treated as one that waits.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(crate) fn here() -> Here {
    Here { top: usize::MAX, registers: [] }
}

/// Whether local states are observed on this processor. If not, all are equal.
pub(crate) const SEEN: bool = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));

/// How many words below the caller's frame are cleared: more than the frames of an operation use.
const CLEARED: usize = if cfg!(debug_assertions) { 512 } else { 128 };

/// Overwrites the stack below the caller's frame, so that the frames pushed there begin with the same words
/// at every arrival.
#[inline(never)]
pub(crate) fn clear_below() {
    let words = [0u64; CLEARED];
    std::hint::black_box(&words);
}

/// How many words are cleared before a thread begins: more than most threads use.
const BEGINNING: usize = if cfg!(debug_assertions) { 8192 } else { 2048 };

/// Overwrites the stack on which a thread is about to begin, so that the contents that earlier executions
/// left there do not make its local states differ from theirs.
#[inline(never)]
#[allow(clippy::large_stack_arrays)] // Clearing the stack is its purpose.
pub(crate) fn clear_stack() {
    let words = [0u64; BEGINNING];
    std::hint::black_box(&words);
}

/// The local state at a call from which the running thread has not returned; its stack begins at `base`.
pub(crate) fn observe(here: &Here, base: usize) -> LocalState {
    let mut hash = Hash { low: 0x9e37_79b9_7f4a_7c15, high: 0xc2b2_ae3d_27d4_eb4f };
    for &word in &here.registers {
        hash.feed(word);
    }
    let mut at = here.top;
    while at < base {
        // SAFETY: `top` was the stack pointer in a frame that is still alive and `base` is where the stack of
        // the running coroutine begins, so the word is in frames that are alive. It is read by the processor
        // and not by Rust, so it need not be initialised, and no reference to it is made.
        hash.feed(unsafe { word(at) });
        at += size_of::<u64>();
    }
    u128::from(hash.low) | u128::from(hash.high) << 64
}

/// Two independent lanes of multiplication and rotation.
struct Hash {
    low: u64,
    high: u64,
}

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

/// On processors where the end of the stack is not known there is no word to be read.
///
/// # Safety
/// None is needed.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
unsafe fn word(_: usize) -> u64 {
    0
}

#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64")))]
mod tests {
    use super::*;

    /// The states at `n` arrivals of a loop whose body is `round`.
    #[inline(never)]
    fn arrivals(n: usize, mut round: impl FnMut(usize) -> u64) -> Vec<LocalState> {
        let base = std::ptr::from_ref(&n).addr() + 4096;
        let base = base & !15;
        let mut seen = Vec::with_capacity(n);
        let mut local = std::hint::black_box(0);
        for i in 0..n {
            std::hint::black_box(&mut local);
            seen.push(observe(&here(), base));
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
