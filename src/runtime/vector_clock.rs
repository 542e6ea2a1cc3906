//! Vector clocks, stored as rows of one growing table.
//!
//! A clock counts, for every thread, how many of its events happened before some point. The rows
//! of a [`Clocks`] table have equal width, so that an execution allocates nothing for its clocks
//! once the table has reached its size.

/// A thread's column in every row of a [`Clocks`] table, assigned by the owner of the table: it is not the
/// thread's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Column(pub(crate) u32);

/// A row of a [`Clocks`] table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct ClockRow(pub(crate) u32);

/// Many vector clocks of equal width.
#[derive(Debug)]
pub(crate) struct Clocks {
    width: usize,
    cells: Vec<u32>,
}

impl Clocks {
    /// An empty table whose rows have room for `width` threads.
    pub(crate) fn new(width: usize) -> Self {
        Clocks { width, cells: Vec::new() }
    }

    /// The number of threads for which the rows have room.
    #[inline]
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// Removes every row and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.cells.clear();
    }

    /// Removes a row and those that were made after it.
    pub(crate) fn truncate(&mut self, from: ClockRow) {
        self.cells.truncate(from.0 as usize * self.width);
    }

    /// Makes the rows wide enough for `threads` threads, keeping what they hold.
    #[cold]
    pub(crate) fn widen(&mut self, threads: usize) {
        let width = threads.next_power_of_two().max(self.width);
        let mut cells = Vec::with_capacity(self.cells.len() / self.width * width);
        for row in self.cells.chunks(self.width) {
            cells.extend_from_slice(row);
            cells.resize(cells.len() + width - self.width, 0);
        }
        self.width = width;
        self.cells = cells;
    }

    /// A new row of zeros.
    #[inline]
    pub(crate) fn zero(&mut self) -> ClockRow {
        let row = ClockRow((self.cells.len() / self.width) as u32);
        self.cells.resize(self.cells.len() + self.width, 0);
        row
    }

    /// A new row equal to `other`.
    #[inline]
    pub(crate) fn copy_of(&mut self, other: ClockRow) -> ClockRow {
        let row = ClockRow((self.cells.len() / self.width) as u32);
        let start = other.0 as usize * self.width;
        self.cells.extend_from_within(start..start + self.width);
        row
    }

    /// The counts of a row.
    #[inline]
    pub(crate) fn row(&self, row: ClockRow) -> &[u32] {
        let start = row.0 as usize * self.width;
        &self.cells[start..start + self.width]
    }

    /// One count.
    #[inline]
    pub(crate) fn get(&self, row: ClockRow, place: Column) -> u32 {
        self.cells[row.0 as usize * self.width + place.0 as usize]
    }

    /// Sets one count.
    #[inline]
    pub(crate) fn set(&mut self, row: ClockRow, place: Column, count: u32) {
        self.cells[row.0 as usize * self.width + place.0 as usize] = count;
    }

    /// Makes `into` at least `from` in every count.
    #[inline]
    pub(crate) fn join(&mut self, into: ClockRow, from: ClockRow) {
        if into == from {
            return;
        }
        let (a, b) = (into.0 as usize * self.width, from.0 as usize * self.width);
        let (low, high) = self.cells.split_at_mut(a.max(b));
        let (into, from) = if a < b {
            (&mut low[a..a + self.width], &high[..self.width])
        } else {
            (&mut high[..self.width], &low[b..b + self.width])
        };
        for (into, from) in into.iter_mut().zip(from) {
            *into = (*into).max(*from);
        }
    }

    /// Makes `into` equal to `from`.
    #[inline]
    pub(crate) fn assign(&mut self, into: ClockRow, from: ClockRow) {
        let start = from.0 as usize * self.width;
        self.cells.copy_within(start..start + self.width, into.0 as usize * self.width);
    }

    /// Sets every count of a row to zero.
    #[inline]
    pub(crate) fn reset(&mut self, row: ClockRow) {
        let start = row.0 as usize * self.width;
        self.cells[start..start + self.width].fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_join_is_the_maximum_in_both_directions() {
        let mut clocks = Clocks::new(2);
        let (a, b) = (clocks.zero(), clocks.zero());
        clocks.set(a, Column(0), 3);
        clocks.set(b, Column(1), 5);
        let c = clocks.copy_of(a);
        clocks.join(c, b);
        assert_eq!(clocks.row(c), [3, 5]);
        clocks.join(a, c);
        assert_eq!(clocks.row(a), [3, 5]);
    }

    #[test]
    fn widening_keeps_what_the_rows_hold() {
        let mut clocks = Clocks::new(2);
        let (a, b) = (clocks.zero(), clocks.zero());
        clocks.set(a, Column(1), 7);
        clocks.set(b, Column(0), 9);
        clocks.widen(3);
        assert_eq!(clocks.width(), 4);
        assert_eq!(clocks.row(a), [0, 7, 0, 0]);
        assert_eq!(clocks.row(b), [9, 0, 0, 0]);
    }
}
