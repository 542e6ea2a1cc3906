//! Sinks over [`Report`]: each shows what a check found in one form.

#[cfg(feature = "cli")]
pub(crate) mod html;
#[cfg(feature = "cli")]
pub(crate) mod json;
#[cfg(feature = "cli")]
pub(crate) mod junit;
#[cfg(all(any(test, fuzzing), feature = "cli"))]
pub(crate) mod properties;
#[cfg(feature = "cli")]
pub(crate) mod row;
#[cfg(all(any(test, fuzzing), feature = "cli"))]
pub(crate) mod samples;
mod source;
pub(crate) mod story;
pub(crate) mod terminal;
pub(crate) mod timeline;

use std::io;
use std::path::Path;

use crate::verdict::Report;

/// Writes the report of a failing check into a directory, under the model's name.
pub(crate) fn save(report: &Report, dir: &Path) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    let safe = |c: char| if c.is_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
    let name: String = report.model.replace("::{{closure}}", "").chars().map(safe).collect();
    std::fs::write(dir.join(format!("{name}.txt")), format!("{}\n{report}\n", report.model))
}
