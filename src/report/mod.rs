//! Sinks over [`Report`]: each renders the result of a check in one form.

#[cfg(feature = "cli")]
pub(crate) mod html;
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

#[cfg(test)]
mod tests {
    use crate::{Checker, catalogue};

    #[test]
    fn what_only_loom_finds_is_kept_as_loom_ran_it() {
        let variant = catalogue::find("store-buffering").and_then(|hazard| hazard.variant("buggy"));
        let variant = variant.expect("it is in the catalogue");
        let report = Checker::loom().name("store-buffering/buggy").check(|| variant.run());
        let dir = std::env::temp_dir().join(format!("raddle-report-{}", std::process::id()));
        super::save(&report, &dir).expect("the directory can be written");
        let text = std::fs::read_to_string(dir.join("store-buffering-buggy.txt")).expect("it was written");
        std::fs::remove_dir_all(&dir).expect("it is ours");
        for words in
            ["as loom ran it, in execution 1;", "(stale)", "again  raddle explain store-buffering/buggy"]
        {
            assert!(text.contains(words), "{words:?} is missing\n{text}");
        }
    }
}
