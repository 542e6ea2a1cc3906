//! Numbers by which locks identify their owners, for threads of the operating system.

use std::sync::atomic::{AtomicU64, Ordering};

/// The largest number: a reentrant lock has 48 bits for it.
const MOST: u64 = (1 << 48) - 1;

/// The number of the calling thread: never 0, and never that of another thread of the process, dead or alive.
pub(crate) fn number() -> u64 {
    // Nothing depends on its value.
    static LAST: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static NUMBER: u64 = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    }
    let number = NUMBER.with(|number| *number);
    assert!(number <= MOST, "a process has room for {MOST} threads that lock a reentrant lock");
    number
}

#[cfg(test)]
mod tests {
    #[test]
    #[allow(clippy::disallowed_methods)] // It uses the system's threads.
    fn no_two_threads_have_the_same_number_even_if_one_is_gone() {
        let mine = super::number();
        assert_eq!(mine, super::number());
        let others: std::collections::BTreeSet<_> =
            (0..100).filter_map(|_| std::thread::spawn(super::number).join().ok()).collect();
        assert!(others.len() == 100 && !others.contains(&mine) && !others.contains(&0));
    }
}
