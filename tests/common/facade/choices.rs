//! A stream of choices, read from bytes: those of a seed in a test, or those that a fuzzer mutates.

/// The choices that are left. When the bytes are used up every choice is 0.
#[derive(Debug)]
pub struct Choices<'a>(&'a [u8]);

impl<'a> Choices<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Choices(bytes)
    }

    /// A number below `n`; the smallest is the simplest.
    pub fn below(&mut self, n: usize) -> usize {
        let Some((&first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(first) % n
    }

    /// One of two objects.
    pub fn object(&mut self) -> usize {
        self.below(2)
    }

    /// A small value other than 0.
    pub fn value(&mut self) -> u8 {
        self.below(2) as u8 + 1
    }
}
