//! `std::thread::Builder`.

use std::io;

use super::{JoinHandle, Scope, ScopedJoinHandle};

/// Configures a thread before it is spawned; see [`std::thread::Builder`].
///
/// # Examples
/// ```
/// let child = raddle::thread::Builder::new().name("worker".into()).spawn(|| 7).unwrap();
/// assert_eq!(child.join().unwrap(), 7);
/// ```
#[derive(Debug, Default)]
#[must_use = "must eventually spawn the thread"]
pub struct Builder {
    pub(super) name: Option<String>,
    pub(super) stack_size: Option<usize>,
}

impl Builder {
    /// A thread without a name.
    ///
    /// # Examples
    /// ```
    /// use raddle::thread::Builder;
    /// assert!(Builder::new().spawn(|| ()).unwrap().thread().name().is_none());
    /// ```
    pub fn new() -> Self {
        Builder::default()
    }

    /// Names the thread; reports use the name.
    ///
    /// # Examples
    /// ```
    /// use raddle::thread::Builder;
    /// let child = Builder::new().name("worker".into()).spawn(|| ()).unwrap();
    /// assert_eq!(child.thread().name(), Some("worker"));
    /// ```
    pub fn name(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }

    /// Sets the size of the thread's stack. Threads of a model have 8 MiB, or more if requested.
    ///
    /// # Examples
    /// ```
    /// use raddle::thread::Builder;
    /// Builder::new().stack_size(1 << 20).spawn(|| ()).unwrap().join().unwrap();
    /// ```
    pub fn stack_size(mut self, size: usize) -> Self {
        self.stack_size = Some(size);
        self
    }

    /// Spawns the thread in a scope; see [`std::thread::Builder::spawn_scoped`].
    ///
    /// # Errors
    /// If the operating system cannot.
    ///
    /// # Examples
    /// ```
    /// use raddle::thread;
    /// let n = 7;
    /// thread::scope(|scope| {
    ///     let named = thread::Builder::new().name("worker".into());
    ///     assert_eq!(named.spawn_scoped(scope, || n).unwrap().join().unwrap(), 7);
    /// });
    /// ```
    #[track_caller]
    pub fn spawn_scoped<'scope, F, T>(
        self,
        scope: &'scope Scope<'scope, '_>,
        f: F,
    ) -> io::Result<ScopedJoinHandle<'scope, T>>
    where
        F: FnOnce() -> T + Send + 'scope,
        T: Send + 'scope,
    {
        scope.spawn_as(f, self)
    }

    /// Spawns the thread.
    ///
    /// # Errors
    /// If the operating system cannot.
    ///
    /// # Examples
    /// ```
    /// use raddle::thread::Builder;
    /// assert_eq!(Builder::new().spawn(|| 7).unwrap().join().unwrap(), 7);
    /// ```
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        JoinHandle::spawn(f, self)
    }

    /// Spawns a thread that may borrow; see [`std::thread::Builder::spawn_unchecked`].
    ///
    /// # Safety
    /// What the thread borrows outlives it: its handle is joined first.
    ///
    /// # Errors
    /// If the operating system cannot.
    ///
    /// # Panics
    /// Under loom, for the same reason as [`scope`](super::scope).
    ///
    /// # Examples
    /// ```
    /// let n = 7;
    /// // SAFETY: the thread is joined while `n` is there.
    /// let child = unsafe { raddle::thread::Builder::new().spawn_unchecked(|| n + 1) }.unwrap();
    /// assert_eq!(child.join().unwrap(), 8);
    /// ```
    #[track_caller]
    pub unsafe fn spawn_unchecked<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + Send,
        T: Send,
    {
        // SAFETY: as the caller promises.
        unsafe { JoinHandle::spawn_borrowing(f, self) }
    }
}
