//! Values of atomics as words of the model backend.

/// A value that fits into a word.
pub(super) trait Word: Copy {
    /// The value as a word.
    fn to_word(self) -> u64;
    /// The value of a word that `to_word` made.
    fn from_word(word: u64) -> Self;
    /// The value as shown in traces.
    fn text(self) -> String;
}

macro_rules! integers {
    ($($integer:ty as $unsigned:ty),*) => { $(
        impl Word for $integer {
            #[allow(clippy::cast_sign_loss, clippy::cast_lossless)]
            fn to_word(self) -> u64 {
                self as $unsigned as u64
            }

            #[allow(clippy::cast_possible_wrap)]
            fn from_word(word: u64) -> Self {
                word as $unsigned as $integer
            }

            fn text(self) -> String {
                self.to_string()
            }
        }
    )* };
}

integers!(i8 as u8, i16 as u16, i32 as u32, i64 as u64, isize as usize);
integers!(u8 as u8, u16 as u16, u32 as u32, u64 as u64, usize as usize);

impl Word for bool {
    fn to_word(self) -> u64 {
        u64::from(self)
    }

    fn from_word(word: u64) -> Self {
        word != 0
    }

    fn text(self) -> String {
        self.to_string()
    }
}

impl<T> Word for *mut T {
    fn to_word(self) -> u64 {
        self.expose_provenance() as u64
    }

    fn from_word(word: u64) -> Self {
        std::ptr::with_exposed_provenance_mut(word as usize)
    }

    fn text(self) -> String {
        crate::runtime::addresses::shown::<T>(self.addr())
    }
}
