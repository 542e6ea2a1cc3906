//! The names that a thread gives to objects, and the names of objects in reports.

use std::rc::Rc;

/// The names that apply now, the innermost last.
#[derive(Debug, Default)]
pub(crate) struct Names(Vec<Rc<str>>);

impl Names {
    /// The name of an object made now.
    pub(crate) fn innermost(&self) -> Option<Rc<str>> {
        self.0.last().cloned()
    }

    /// Removes all names.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn begin(&mut self, name: &str) {
        self.0.push(Rc::from(name));
    }

    pub(crate) fn end(&mut self) {
        self.0.pop();
    }
}

/// The name in reports of one of these objects, each given with the model's name for it and its kind: that
/// name, or else the kind, with a number if there may be several.
pub(crate) fn name<'a>(all: impl Iterator<Item = (Option<&'a str>, &'static str)>, which: usize) -> String {
    let given = |name: Option<&'a str>| name.filter(|name| !name.trim().is_empty());
    let all: Vec<_> =
        all.map(|(name, kind)| given(name).map_or((kind, false), |name| (name, true))).collect();
    let called = all[which];
    let place = all[..which].iter().filter(|&&other| other == called).count();
    let alone = all.iter().filter(|&&other| other == called).count() == 1;
    if called.1 && alone { called.0.to_owned() } else { format!("{}#{}", called.0, place + 1) }
}
