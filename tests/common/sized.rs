//! Programs as functions of a size, over raddle's facade, shuttle's types or loom's: the tests count
//! executions of the first, and the benchmarks compare all three.
//!
//! Threads are spawned by main, which accesses no shared state.

/// Declares the module `$over` of the programs over the library `$lib`.
macro_rules! programs_over {
    ($over:ident, $lib:ident) => {
        #[allow(dead_code, clippy::unwrap_used)]
        /// The programs over one library.
        pub mod $over {
            use std::sync::Arc;

            use $lib::sync::Mutex;
            use $lib::sync::atomic::{AtomicUsize, Ordering::SeqCst};
            use $lib::thread;

            /// Spawns `f` with each number below `n`, and joins them all.
            pub fn spawn_each(n: usize, f: impl Fn(usize) + Send + Sync + 'static) {
                let f = Arc::new(f);
                let handles: Vec<_> = (0..n)
                    .map(|i| {
                        let f = Arc::clone(&f);
                        thread::spawn(move || f(i))
                    })
                    .collect();
                for handle in handles {
                    handle.join().unwrap();
                }
            }

            /// `n` atomic zeroes.
            pub fn atomics(n: usize) -> Arc<Vec<AtomicUsize>> {
                Arc::new((0..n).map(|_| AtomicUsize::new(0)).collect())
            }

            /// `n` threads lock, add, unlock.
            pub fn lockinc(n: usize) {
                let x = Arc::new(Mutex::new(0));
                spawn_each(n, move |_| *x.lock().unwrap() += 1);
            }

            /// `n` threads read x and write x.
            pub fn inc(n: usize) {
                let x = atomics(1);
                spawn_each(n, move |_| {
                    let before = x[0].load(SeqCst);
                    x[0].store(before + 1, SeqCst);
                });
            }

            /// `n` threads push a node of their own onto a stack and pop one (Treiber, IBM 1986).
            pub fn treiber(n: usize) {
                let head = atomics(1);
                let next = atomics(n);
                spawn_each(n, move |i| {
                    loop {
                        let top = head[0].load(SeqCst);
                        next[i].store(top, SeqCst);
                        if head[0].compare_exchange(top, i + 1, SeqCst, SeqCst).is_ok() {
                            break;
                        }
                    }
                    loop {
                        let top = head[0].load(SeqCst);
                        let below = next[top - 1].load(SeqCst);
                        if head[0].compare_exchange(top, below, SeqCst, SeqCst).is_ok() {
                            break;
                        }
                    }
                });
            }

            /// One thread writes x, `n` threads read it.
            pub fn readers(n: usize) {
                let x = atomics(1);
                spawn_each(n + 1, move |i| {
                    if i == 0 {
                        x[0].store(1, SeqCst);
                    } else {
                        x[0].load(SeqCst);
                    }
                });
            }

            /// `i = n; while a[i] != 0 { i -= 1 }` beside `n` threads `a[j] = a[j - 1] + 1`.
            pub fn lastzero(n: usize) {
                let a = atomics(n + 1);
                spawn_each(n + 1, move |j| {
                    if j == 0 {
                        let mut i = n;
                        while a[i].load(SeqCst) != 0 {
                            i -= 1;
                        }
                    } else {
                        let before = a[j - 1].load(SeqCst);
                        a[j].store(before + 1, SeqCst);
                    }
                });
            }

            /// `n` philosophers, the last of them left-handed: no deadlock.
            pub fn dining(n: usize) {
                let forks: Arc<Vec<_>> = Arc::new((0..n).map(|_| Mutex::new(())).collect());
                spawn_each(n, move |i| {
                    let next = (i + 1) % n;
                    let _first = forks[i.min(next)].lock().unwrap();
                    let _second = forks[i.max(next)].lock().unwrap();
                });
            }

            /// `n` threads of a hundred atomic additions each: a measure of steps alone.
            pub fn adds(n: usize) {
                let x = atomics(1);
                spawn_each(n, move |_| {
                    for _ in 0..100 {
                        x[0].fetch_add(1, SeqCst);
                    }
                });
            }
        }
    };
}

pub(crate) use programs_over;
