//! The classic programs of the partial-order-reduction literature, over the facade. Those that the
//! benchmarks compare with other libraries are in `sized.rs`.
#![allow(dead_code)]

#[path = "sized.rs"]
mod sized;

use raddle::sync::atomic::Ordering::SeqCst;
use raddle::sync::{Arc, Condvar, Mutex};
use raddle::thread;

sized::programs_over!(over_raddle, raddle);
pub use over_raddle::*;

/// Each of `n` threads inserts four keys into a table of 128 by linear probing.
pub fn indexer(n: usize) {
    let table = atomics(128);
    spawn_each(n, move |tid| {
        for m in 0..4 {
            let w = m * 11 + tid;
            let mut h = (7 * w) % 128;
            while table[h].compare_exchange(0, w + 1, SeqCst, SeqCst).is_err() {
                h = (h + 1) % 128;
            }
        }
    });
}

/// Inodes and blocks with a lock each (Flanagan and Godefroid, POPL 2005).
pub fn filesystem(n: usize) {
    const INODES: usize = 32;
    const BLOCKS: usize = 26;
    let locki: Arc<Vec<_>> = Arc::new((0..INODES).map(|_| Mutex::new(0usize)).collect());
    let lockb: Arc<Vec<_>> = Arc::new((0..BLOCKS).map(|_| Mutex::new(false)).collect());
    spawn_each(n, move |tid| {
        let i = tid % INODES;
        let mut inode = locki[i].lock().unwrap();
        if *inode == 0 {
            let mut b = (i * 2) % BLOCKS;
            loop {
                let mut busy = lockb[b].lock().unwrap();
                if !*busy {
                    *busy = true;
                    *inode = b + 1;
                    break;
                }
                drop(busy);
                b = (b + 1) % BLOCKS;
            }
        }
    });
}

/// `n` threads try to be the first to replace 0.
pub fn cas(n: usize) {
    let x = atomics(1);
    spawn_each(n, move |i| {
        let _ = x[0].compare_exchange(0, i + 1, SeqCst, SeqCst);
    });
}

/// `x = 2` beside `n` threads that replace 2 by 3.
pub fn wcas(n: usize) {
    let x = atomics(1);
    spawn_each(n + 1, move |i| {
        if i == 0 {
            x[0].store(2, SeqCst);
        } else {
            let _ = x[0].compare_exchange(2, 3, SeqCst, SeqCst);
        }
    });
}

/// `n` threads and `n` locks in a ring, each taking its own and then the next: the philosophers.
pub fn ring(n: usize) {
    let locks: Arc<Vec<_>> = Arc::new((0..n).map(|_| Mutex::new(())).collect());
    spawn_each(n, move |i| {
        let _own = locks[i].lock().unwrap();
        let _next = locks[(i + 1) % n].lock().unwrap();
    });
}

/// `n` threads check a flag and then wait, without checking it again under the lock.
pub fn lost_wakeup(n: usize) {
    let flag = atomics(1);
    let shared = Arc::new((Mutex::new(()), Condvar::new()));
    spawn_each(n + 1, move |i| {
        if i == 0 {
            flag[0].store(1, SeqCst);
            shared.1.notify_all();
        } else {
            if flag[0].load(SeqCst) == 0 {
                let guard = shared.0.lock().unwrap();
                drop(shared.1.wait(guard).unwrap());
            }
        }
    });
}

/// Each thread writes its own of `n` variables and reads the next one.
pub fn store_buffering(n: usize) {
    let x = atomics(n);
    spawn_each(n, move |i| {
        x[i].store(1, SeqCst);
        x[(i + 1) % n].load(SeqCst);
    });
}

/// Data, then a flag; the flag, then the data.
pub fn message_passing() {
    let x = atomics(2);
    spawn_each(2, move |i| {
        if i == 0 {
            x[0].store(1, SeqCst);
            x[1].store(1, SeqCst);
        } else {
            x[1].load(SeqCst);
            x[0].load(SeqCst);
        }
    });
}

/// Each thread reads one of two variables and writes the other.
pub fn load_buffering() {
    let x = atomics(2);
    spawn_each(2, move |i| {
        x[i].load(SeqCst);
        x[1 - i].store(1, SeqCst);
    });
}

/// Two threads write two variables in opposite orders.
pub fn two_plus_two_writes() {
    let x = atomics(2);
    spawn_each(2, move |i| {
        x[i].store(1, SeqCst);
        x[1 - i].store(2, SeqCst);
    });
}

/// Two writers of two variables, two readers of both in opposite orders.
pub fn iriw() {
    let x = atomics(2);
    spawn_each(4, move |i| {
        if i < 2 {
            x[i].store(1, SeqCst);
        } else {
            x[i - 2].load(SeqCst);
            x[3 - i].load(SeqCst);
        }
    });
}

/// Peterson's lock for two threads, waiting with a yield.
pub fn peterson() {
    let flag = atomics(2);
    let turn = atomics(1);
    spawn_each(2, move |i| {
        flag[i].store(1, SeqCst);
        turn[0].store(1 - i, SeqCst);
        while flag[1 - i].load(SeqCst) == 1 && turn[0].load(SeqCst) == 1 - i {
            thread::yield_now();
        }
        flag[i].store(0, SeqCst);
    });
}
