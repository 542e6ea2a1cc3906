//! The iterators over what a channel receives.

use super::Receiver;

/// The items of a channel; see [`std::sync::mpsc::Iter`].
///
/// # Examples
/// ```
/// let (sender, receiver) = raddle::sync::mpsc::channel();
/// sender.send(7).unwrap();
/// let mut items: raddle::sync::mpsc::Iter<'_, i32> = receiver.iter();
/// assert_eq!(items.next(), Some(7));
/// ```
#[derive(Debug)]
pub struct Iter<'a, T>(pub(super) &'a Receiver<T>);

/// The items that are in the channel now; see [`std::sync::mpsc::TryIter`].
///
/// # Examples
/// ```
/// let (sender, receiver) = raddle::sync::mpsc::channel();
/// sender.send(7).unwrap();
/// let mut items: raddle::sync::mpsc::TryIter<'_, i32> = receiver.try_iter();
/// assert_eq!((items.next(), items.next()), (Some(7), None));
/// ```
#[derive(Debug)]
pub struct TryIter<'a, T>(pub(super) &'a Receiver<T>);

/// The items of a channel, with its receiver; see [`std::sync::mpsc::IntoIter`].
///
/// # Examples
/// ```
/// let (sender, receiver) = raddle::sync::mpsc::channel();
/// sender.send(7).unwrap();
/// drop(sender);
/// let items: raddle::sync::mpsc::IntoIter<i32> = receiver.into_iter();
/// assert_eq!(items.collect::<Vec<_>>(), [7]);
/// ```
#[derive(Debug)]
pub struct IntoIter<T>(Receiver<T>);

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    #[track_caller]
    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter(self)
    }
}
