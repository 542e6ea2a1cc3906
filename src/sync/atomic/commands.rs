//! The operations of atomics as commands of the model backend, for each type of value.

use std::marker::PhantomData;

use super::word::Word;
use crate::op::{Access, Args, Command, Role, State, Synchronization, always, reads, unchanged, writes};

/// The commands of atomics that hold a `T`.
pub(super) struct Table<T>(PhantomData<T>);

/// `(operand) → old`.
fn shown<T: Word>(before: State, [operand, _]: Args) -> String {
    format!("({}) → {}", T::from_word(operand).text(), T::from_word(before).text())
}

/// A read-modify-write.
const fn update<T: Word>(name: &'static str, effect: fn(State, Args) -> State) -> Command {
    let (role, synchronization) = (Role::Update, Synchronization::Nothing);
    Command { name, role, guard: always, effect, access: writes, synchronization, show: shown::<T> }
}

const fn compare<T: Word>(name: &'static str) -> Command {
    Command {
        name,
        role: Role::CompareExchange,
        guard: always,
        effect: |state, [current, new]| if state == current { new } else { state },
        // A failed compare-exchange is a read: it commutes with other reads.
        access: |state, [current, _]| if state == current { Access::WRITE } else { Access::READ },
        synchronization: Synchronization::Nothing,
        show: |before, [current, new]| {
            let result = if before == current { "Ok" } else { "Err" };
            let text = |word| T::from_word(word).text();
            format!("({}, {}) → {result}({})", text(current), text(new), text(before))
        },
    }
}

impl<T: Word> Table<T> {
    pub(super) const LOAD: &'static Command = &Command {
        name: "load",
        role: Role::Load,
        guard: always,
        effect: unchanged,
        access: reads,
        synchronization: Synchronization::Nothing,
        show: |before, _| format!("() → {}", T::from_word(before).text()),
    };

    pub(super) const STORE: &'static Command = &Command {
        name: "store",
        role: Role::Store,
        guard: always,
        effect: |_, [value, _]| value,
        access: writes,
        synchronization: Synchronization::Nothing,
        show: |_, [value, _]| format!("({})", T::from_word(value).text()),
    };

    pub(super) const SWAP: &'static Command = &update::<T>("swap", |_, [value, _]| value);

    pub(super) const COMPARE_EXCHANGE: &'static Command = &compare::<T>("compare_exchange");

    pub(super) const COMPARE_EXCHANGE_WEAK: &'static Command = &compare::<T>("compare_exchange_weak");

    pub(super) const FAIL_SPURIOUSLY: &'static Command = &Command {
        name: "compare_exchange_weak",
        role: Role::CompareExchange,
        guard: always,
        effect: unchanged,
        access: reads,
        synchronization: Synchronization::Nothing,
        show: |before, [current, new]| {
            let text = |word| T::from_word(word).text();
            format!("({}, {}) → Err({}) spuriously", text(current), text(new), text(before))
        },
    };
}

/// An integer's arithmetic.
macro_rules! arithmetic {
    ($($integer:ty),*) => { $(
        impl Table<$integer> {
            pub(super) const FETCH_ADD: &'static Command = &update::<$integer>("fetch_add", |state, [n, _]| {
                <$integer>::from_word(state).wrapping_add(<$integer>::from_word(n)).to_word()
            });
            pub(super) const FETCH_SUB: &'static Command = &update::<$integer>("fetch_sub", |state, [n, _]| {
                <$integer>::from_word(state).wrapping_sub(<$integer>::from_word(n)).to_word()
            });
            pub(super) const FETCH_MAX: &'static Command = &update::<$integer>("fetch_max", |state, [n, _]| {
                <$integer>::from_word(state).max(<$integer>::from_word(n)).to_word()
            });
            pub(super) const FETCH_MIN: &'static Command = &update::<$integer>("fetch_min", |state, [n, _]| {
                <$integer>::from_word(state).min(<$integer>::from_word(n)).to_word()
            });
        }
    )* };
}

arithmetic!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

/// The bits of an integer or a boolean.
macro_rules! bits {
    ($($value:ty),*) => { $(
        impl Table<$value> {
            pub(super) const FETCH_AND: &'static Command = &update::<$value>("fetch_and", |state, [n, _]| state & n);
            pub(super) const FETCH_NAND: &'static Command = &update::<$value>("fetch_nand", |state, [n, _]| {
                (!(<$value>::from_word(state) & <$value>::from_word(n))).to_word()
            });
            pub(super) const FETCH_OR: &'static Command = &update::<$value>("fetch_or", |state, [n, _]| state | n);
            pub(super) const FETCH_XOR: &'static Command = &update::<$value>("fetch_xor", |state, [n, _]| state ^ n);
        }
    )* };
}

bits!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize, bool);

/// Moves a pointer: the first operand is the number of elements or bytes, the second the size of an element.
/// The operand is no pointer, and is shown as a number.
const fn moves<T>(name: &'static str, effect: fn(State, Args) -> State) -> Command {
    let (role, synchronization) = (Role::Update, Synchronization::Nothing);
    let show: fn(State, Args) -> String =
        |before, [n, _]| format!("({n}) → {}", <*mut T>::from_word(before).text());
    Command { name, role, guard: always, effect, access: writes, synchronization, show }
}

impl<T> Table<*mut T> {
    pub(super) const FETCH_PTR_ADD: &'static Command =
        &moves::<T>("fetch_ptr_add", |state, [n, size]| address(state.wrapping_add(n.wrapping_mul(size))));
    pub(super) const FETCH_PTR_SUB: &'static Command =
        &moves::<T>("fetch_ptr_sub", |state, [n, size]| address(state.wrapping_sub(n.wrapping_mul(size))));
    pub(super) const FETCH_BYTE_ADD: &'static Command =
        &moves::<T>("fetch_byte_add", |state, [n, _]| address(state.wrapping_add(n)));
    pub(super) const FETCH_BYTE_SUB: &'static Command =
        &moves::<T>("fetch_byte_sub", |state, [n, _]| address(state.wrapping_sub(n)));
    pub(super) const FETCH_OR: &'static Command = &moves::<T>("fetch_or", |state, [n, _]| state | n);
    pub(super) const FETCH_AND: &'static Command = &moves::<T>("fetch_and", |state, [n, _]| state & n);
    pub(super) const FETCH_XOR: &'static Command = &moves::<T>("fetch_xor", |state, [n, _]| state ^ n);
}

/// The bits of the word that an address has.
fn address(word: State) -> State {
    word as usize as State
}

/// The commands above as a family for each type of value.
#[cfg(all(test, feature = "check"))]
pub(crate) fn families() -> Vec<crate::registry::Family> {
    use crate::registry::{Family, offer};

    let mut all = Vec::new();
    macro_rules! family {
        ($value:ty, $more:expr) => {
            let mut offers = vec![
                offer!(LOAD = Table::<$value>::LOAD),
                offer!(STORE = Table::<$value>::STORE).with([1, 0]),
                offer!(STORE = Table::<$value>::STORE),
                offer!(SWAP = Table::<$value>::SWAP).with([1, 0]),
                offer!(SWAP = Table::<$value>::SWAP),
            ];
            for args in [[0, 0], [0, 1], [1, 0]] {
                offers.push(offer!(COMPARE_EXCHANGE = Table::<$value>::COMPARE_EXCHANGE).with(args));
                let weak = Table::<$value>::COMPARE_EXCHANGE_WEAK;
                offers.push(offer!(COMPARE_EXCHANGE_WEAK = weak).with(args));
                offers.push(offer!(FAIL_SPURIOUSLY = Table::<$value>::FAIL_SPURIOUSLY).with(args));
            }
            offers.extend($more);
            all.push(Family::new(stringify!($value), 0, offers).at_most(30));
        };
    }
    macro_rules! bits {
        ($value:ty) => {
            [
                offer!(FETCH_AND = Table::<$value>::FETCH_AND).with([1, 0]),
                offer!(FETCH_NAND = Table::<$value>::FETCH_NAND).with([1, 0]),
                offer!(FETCH_OR = Table::<$value>::FETCH_OR).with([1, 0]),
                offer!(FETCH_XOR = Table::<$value>::FETCH_XOR).with([1, 0]),
            ]
        };
    }
    macro_rules! integers {
        ($($value:ty),*) => { $(
            family!($value, bits!($value).into_iter().chain([
                offer!(FETCH_ADD = Table::<$value>::FETCH_ADD).with([1, 0]),
                offer!(FETCH_SUB = Table::<$value>::FETCH_SUB).with([2, 0]),
                offer!(FETCH_MAX = Table::<$value>::FETCH_MAX).with([1, 0]),
                offer!(FETCH_MIN = Table::<$value>::FETCH_MIN).with([1, 0]),
            ]));
        )* };
    }
    integers!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);
    family!(bool, bits!(bool));
    family!(
        *mut u16,
        [
            offer!(FETCH_PTR_ADD = Table::<*mut u16>::FETCH_PTR_ADD).with([1, 2]),
            offer!(FETCH_PTR_SUB = Table::<*mut u16>::FETCH_PTR_SUB).with([1, 2]),
            offer!(FETCH_BYTE_ADD = Table::<*mut u16>::FETCH_BYTE_ADD).with([1, 0]),
            offer!(FETCH_BYTE_SUB = Table::<*mut u16>::FETCH_BYTE_SUB).with([1, 0]),
            offer!(FETCH_OR = Table::<*mut u16>::FETCH_OR).with([1, 0]),
            offer!(FETCH_AND = Table::<*mut u16>::FETCH_AND).with([1, 0]),
            offer!(FETCH_XOR = Table::<*mut u16>::FETCH_XOR).with([1, 0]),
        ]
    );
    all
}
