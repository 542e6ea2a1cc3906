//! Names that reports use for the threads, the objects and the source lines of an execution.

use crate::op::{ObjectId, Site, ThreadId};

/// A line of the source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SourceLine {
    pub(crate) file: String,
    pub(crate) line: u32,
}

impl From<Site> for SourceLine {
    fn from(site: Site) -> Self {
        SourceLine { file: site.file().to_owned(), line: site.line() }
    }
}

impl SourceLine {
    /// Parses `file:line:column`, the format of panics.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.rsplitn(3, ':');
        let (_column, line, file) = (parts.next()?, parts.next()?, parts.next()?);
        Some(SourceLine { file: file.to_owned(), line: line.parse().ok()? })
    }
}

impl std::fmt::Display for SourceLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// An object of the model.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// A short name that is unique in the trace: `Mutex#2`.
    pub(crate) name: String,
    /// Its kind, if its name does not show that.
    pub(crate) kind: Option<String>,
    /// Where it was made.
    pub(crate) made: SourceLine,
}

/// The threads and objects of an execution.
pub(crate) trait Cast {
    /// The threads in the order of their creation.
    fn threads(&self) -> Vec<ThreadId>;
    /// The name of a thread in reports.
    fn called(&self, thread: ThreadId) -> String;
    /// The properties of an object.
    fn named(&self, object: ObjectId) -> Named;
}
