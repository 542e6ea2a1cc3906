//! Lines of the source: their short names, and their text if the file is available.

use crate::report::timeline::layout::clean;
use crate::runtime::cast::SourceLine;

/// A place without the common prefix of the registry's and the toolchain's directories.
pub(crate) fn short(place: &SourceLine) -> String {
    let file = clean(&place.file).replace('\\', "/");
    let after = |marker: &str, skip: usize| {
        let at = file.find(marker)? + marker.len();
        let rest: Vec<&str> = file[at..].splitn(skip + 1, '/').collect();
        rest.last().filter(|_| rest.len() == skip + 1).map(|rest| (*rest).to_owned())
    };
    let file = after("/registry/src/", 1)
        .or_else(|| after("/rustc/", 1).map(|rest| rest.trim_start_matches("library/").to_owned()))
        .unwrap_or(file);
    format!("{file}:{}", place.line)
}

/// The text of the line, without its indentation. Paths of a package are relative to the package or to its
/// workspace, and tests run in the package.
pub(crate) fn line(place: &SourceLine) -> Option<String> {
    let at = usize::try_from(place.line).ok()?.checked_sub(1)?;
    let tries = ["", "../", "../../"];
    let text = tries.iter().find_map(|up| std::fs::read_to_string(format!("{up}{}", place.file)).ok())?;
    let line = text.lines().nth(at)?.trim();
    (!line.is_empty()).then(|| line.to_owned())
}
