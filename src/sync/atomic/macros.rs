//! The common part of the atomic types. Their methods are std's; the backend that performs them differs.

/// The methods of all atomics: `$value` inside `$name`.
macro_rules! common {
    ($name:ident $(<$t:ident>)?, $value:ty) => {
        impl $(<$t>)? Native for native::$name $(<$t>)? {
            type Value = $value;
            type Loom = loomed::$name $(<$t>)?;

            fn new(value: $value) -> Self {
                native::$name::new(value)
            }

            fn loom(value: $value) -> Self::Loom {
                loomed::$name::new(value)
            }

            fn of_loom(atomic: &Self::Loom) -> $value {
                // SAFETY: the caller has exclusive access to the atomic.
                unsafe { atomic.unsync_load() }
            }

            fn get(&self) -> $value {
                self.load(Ordering::Relaxed)
            }

            fn get_mut(&mut self) -> &mut $value {
                self.get_mut()
            }
        }

        impl $(<$t>)? $name $(<$t>)? {
            /// Makes an atomic in the backend of the calling thread. Unlike std's it is not `const`: an
            /// atomic belongs to the execution that makes it. A static is declared in
            /// [`statics!`](crate::statics).
            ///
            /// # Examples
            /// ```
            /// use raddle::sync::atomic::{AtomicUsize, Ordering};
            /// let n = AtomicUsize::new(1);
            /// assert_eq!(n.into_inner(), 1);
            /// ```
            #[track_caller]
            #[must_use]
            pub fn new(value: $value) -> Self {
                Self(Atomic::new(stringify!($name), value, Location::caller()))
            }

            /// The value.
            ///
            /// # Examples
            /// ```
            /// use raddle::sync::atomic::{AtomicUsize, Ordering};
            /// let n = AtomicUsize::new(1);
            /// assert_eq!(n.load(Ordering::Acquire), 1);
            /// ```
            #[track_caller]
            pub fn load(&self, order: Ordering) -> $value {
                let site = Location::caller();
                self.0.perform(
                    site,
                    |a| a.load(order),
                    |a, w| {
                        let value = a.load(order);
                        w.did(Table::<$value>::LOAD, [0; 2], value.to_word(), of_load(order), site);
                        value
                    },
                    |o| Word::from_word(o.perform(Table::<$value>::LOAD, [0; 2], of_load(order), site)),
                )
            }

            /// Sets the value.
            ///
            /// # Examples
            /// ```
            /// use raddle::sync::atomic::{AtomicUsize, Ordering};
            /// let n = AtomicUsize::new(1);
            /// n.store(2, Ordering::Release);
            /// assert_eq!(n.into_inner(), 2);
            /// ```
            #[track_caller]
            pub fn store(&self, value: $value, order: Ordering) {
                let site = Location::caller();
                let args = [value.to_word(), 0];
                self.0.perform(
                    site,
                    |a| a.store(value, order),
                    |a, w| {
                        a.store(value, order);
                        w.did(Table::<$value>::STORE, args, 0, of_store(order), site);
                    },
                    |o| _ = o.perform(Table::<$value>::STORE, args, of_store(order), site),
                );
            }

            /// Sets the value and returns the one before.
            ///
            /// # Examples
            /// ```
            /// use raddle::sync::atomic::{AtomicUsize, Ordering};
            /// let n = AtomicUsize::new(1);
            /// assert_eq!((n.swap(2, Ordering::AcqRel), n.into_inner()), (1, 2));
            /// ```
            #[track_caller]
            pub fn swap(&self, value: $value, order: Ordering) -> $value {
                update!(self, swap, Table::<$value>::SWAP, value, order)
            }

            /// Sets the value to `new` if it is `current`, and returns the one before.
            ///
            /// # Errors
            /// With the value, if it is not `current`.
            ///
            /// # Examples
            /// ```
            /// use raddle::sync::atomic::{AtomicUsize, Ordering};
            /// let n = AtomicUsize::new(1);
            /// assert_eq!(n.compare_exchange(1, 2, Ordering::SeqCst, Ordering::SeqCst), Ok(1));
            /// assert_eq!(n.compare_exchange(1, 3, Ordering::SeqCst, Ordering::SeqCst), Err(2));
            /// ```
            #[track_caller]
            pub fn compare_exchange(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let site = Location::caller();
                let exchange = || CompareExchange {
                    strong: Table::<$value>::COMPARE_EXCHANGE,
                    spurious: None,
                    current: current.to_word(),
                    new: new.to_word(),
                    success: of_update(success),
                    failure: of_load(failure),
                };
                self.0.perform(
                    site,
                    |a| a.compare_exchange(current, new, success, failure),
                    |a, w| {
                        let result = a.compare_exchange(current, new, success, failure);
                        exchange().was_performed(result.map(Word::to_word).map_err(Word::to_word), w, site);
                        result
                    },
                    |o| exchange().perform(o, site).map(Word::from_word).map_err(Word::from_word),
                )
            }

            /// Like [`compare_exchange`](Self::compare_exchange), but may fail spuriously.
            ///
            /// # Errors
            /// With the value.
            ///
            /// # Examples
            /// ```
            /// use raddle::sync::atomic::{AtomicUsize, Ordering};
            /// let n = AtomicUsize::new(1);
            /// while n.compare_exchange_weak(1, 2, Ordering::SeqCst, Ordering::SeqCst).is_err() {}
            /// assert_eq!(n.into_inner(), 2);
            /// ```
            #[track_caller]
            pub fn compare_exchange_weak(
                &self,
                current: $value,
                new: $value,
                success: Ordering,
                failure: Ordering,
            ) -> Result<$value, $value> {
                let site = Location::caller();
                let exchange = || CompareExchange {
                    strong: Table::<$value>::COMPARE_EXCHANGE_WEAK,
                    spurious: Some(Table::<$value>::FAIL_SPURIOUSLY),
                    current: current.to_word(),
                    new: new.to_word(),
                    success: of_update(success),
                    failure: of_load(failure),
                };
                self.0.perform(
                    site,
                    |a| a.compare_exchange_weak(current, new, success, failure),
                    |a, w| {
                        let result = a.compare_exchange_weak(current, new, success, failure);
                        exchange().was_performed(result.map(Word::to_word).map_err(Word::to_word), w, site);
                        result
                    },
                    |o| exchange().perform(o, site).map(Word::from_word).map_err(Word::from_word),
                )
            }

            /// Sets the value to the result of `f`, trying again if another thread changed it meanwhile;
            /// returns the one before.
            ///
            /// # Errors
            /// With the value, if `f` returns `None`.
            ///
            /// # Examples
            /// ```
            /// use raddle::sync::atomic::{AtomicUsize, Ordering};
            /// let n = AtomicUsize::new(1);
            /// assert_eq!(n.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)), Ok(1));
            /// assert_eq!(n.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)), Err(0));
            /// ```
            #[track_caller]
            pub fn fetch_update<F: FnMut($value) -> Option<$value>>(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: F,
            ) -> Result<$value, $value> {
                let mut previous = self.load(fetch_order);
                while let Some(next) = f(previous) {
                    match self.compare_exchange_weak(previous, next, set_order, fetch_order) {
                        Ok(before) => return Ok(before),
                        Err(now) => previous = now,
                    }
                }
                Err(previous)
            }

            /// Sets the value to the result of `f`, trying again if another thread changed it meanwhile;
            /// returns the one before. As [`fetch_update`](Self::fetch_update), under its newer name.
            ///
            /// # Errors
            /// With the value, if `f` returns `None`.
            ///
            /// # Examples
            /// ```
            /// use raddle::sync::atomic::{AtomicUsize, Ordering};
            /// let n = AtomicUsize::new(1);
            /// assert_eq!(n.try_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)), Ok(1));
            /// assert_eq!(n.try_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)), Err(0));
            /// ```
            #[track_caller]
            pub fn try_update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                f: impl FnMut($value) -> Option<$value>,
            ) -> Result<$value, $value> {
                self.fetch_update(set_order, fetch_order, f)
            }

            /// Sets the value to the result of `f`, trying again if another thread changed it meanwhile;
            /// returns the one before.
            ///
            /// # Examples
            /// ```
            /// use raddle::sync::atomic::{AtomicUsize, Ordering};
            /// let n = AtomicUsize::new(1);
            /// assert_eq!((n.update(Ordering::SeqCst, Ordering::SeqCst, |n| n + 1), n.into_inner()), (1, 2));
            /// ```
            #[track_caller]
            pub fn update(
                &self,
                set_order: Ordering,
                fetch_order: Ordering,
                mut f: impl FnMut($value) -> $value,
            ) -> $value {
                let (Ok(before) | Err(before)) =
                    self.fetch_update(set_order, fetch_order, |value| Some(f(value)));
                before
            }

            /// Sets the value to `new` if it is `current`, and returns the one before.
            ///
            /// # Examples
            /// ```
            /// # #![allow(deprecated)]
            /// use raddle::sync::atomic::{AtomicUsize, Ordering};
            /// let n = AtomicUsize::new(1);
            /// assert_eq!((n.compare_and_swap(1, 2, Ordering::SeqCst), n.compare_and_swap(1, 3, Ordering::SeqCst)), (1, 2));
            /// ```
            #[deprecated(note = "use `compare_exchange` or `compare_exchange_weak`, as with std's")]
            #[track_caller]
            pub fn compare_and_swap(&self, current: $value, new: $value, order: Ordering) -> $value {
                let failure = match order {
                    Ordering::Release => Ordering::Relaxed,
                    Ordering::AcqRel => Ordering::Acquire,
                    other => other,
                };
                let (Ok(before) | Err(before)) = self.compare_exchange(current, new, order, failure);
                before
            }

            /// The value, by exclusive borrow.
            ///
            /// # Examples
            /// ```
            /// let mut n = raddle::sync::atomic::AtomicUsize::new(1);
            /// *n.get_mut() += 1;
            /// assert_eq!(n.into_inner(), 2);
            /// ```
            pub fn get_mut(&mut self) -> &mut $value {
                self.0.get_mut()
            }

            /// A pointer to the value.
            ///
            /// # Panics
            /// In a model, where the value is stored in the execution and has no address.
            ///
            /// # Examples
            /// ```
            /// let n = raddle::sync::atomic::AtomicUsize::new(1);
            /// assert_eq!(unsafe { *n.as_ptr() }, 1);
            /// ```
            #[track_caller]
            pub fn as_ptr(&self) -> *mut $value {
                self.0.native(Location::caller()).as_ptr()
            }

            /// The value; takes the atomic by value.
            ///
            /// # Examples
            /// ```
            /// assert_eq!(raddle::sync::atomic::AtomicUsize::new(1).into_inner(), 1);
            /// ```
            #[must_use]
            pub fn into_inner(self) -> $value {
                self.0.into_inner()
            }
        }

        impl $(<$t>)? RefUnwindSafe for $name $(<$t>)? {}

        impl $(<$t>)? fmt::Debug for $name $(<$t>)? {
            // Reading the value would be a visible operation.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl $(<$t>)? From<$value> for $name $(<$t>)? {
            #[track_caller]
            fn from(value: $value) -> Self {
                Self::new(value)
            }
        }
    };
}

/// One read-modify-write of one operand.
macro_rules! update {
    ($self:ident, $method:ident, $command:expr, $operand:ident, $order:ident) => {{
        let site = Location::caller();
        let args = [$operand.to_word(), 0];
        $self.0.perform(
            site,
            |a| a.$method($operand, $order),
            |a, w| {
                let before = a.$method($operand, $order);
                w.did($command, args, before.to_word(), of_update($order), site);
                before
            },
            |o| Word::from_word(o.perform($command, args, of_update($order), site)),
        )
    }};
}

macro_rules! updates {
    ($name:ident, $value:ty, $example:literal, $($(#[$doc:meta])* $method:ident = $command:ident),* $(,)?) => {
        impl $name { $(
            $(#[$doc])*
            ///
            /// # Examples
            /// ```
            #[doc = concat!("use raddle::sync::atomic::{", stringify!($name), ", Ordering};")]
            #[doc = concat!("let n = ", stringify!($name), "::new(", $example, ");")]
            #[doc = concat!("assert_eq!(n.", stringify!($method), "(", $example, ", Ordering::SeqCst), ", $example,
                ");")]
            /// ```
            #[track_caller]
            pub fn $method(&self, value: $value, order: Ordering) -> $value {
                update!(self, $method, Table::<$value>::$command, value, order)
            }
        )* }
    };
}

pub(super) use {common, update, updates};
