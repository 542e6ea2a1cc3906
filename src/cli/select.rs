//! From the names on the command line to the rows that they mean.

use crate::catalogue::{self, HAZARDS, Hazard, Variant};
use crate::cli::problem::{Problem, nearest};
use crate::engine::{Kind, REGISTRY};
use crate::verification::row::Row;

/// A hazard, or one variant of it, by name.
pub(crate) fn model(name: &str) -> Result<(&'static Hazard, Option<&'static Variant>), Problem> {
    let (hazard, variant) = name.split_once('/').map_or((name, None), |(h, v)| (h, Some(v)));
    let found = catalogue::find(hazard).ok_or_else(|| Problem::UnknownHazard {
        name: hazard.to_owned(),
        nearest: nearest(hazard, HAZARDS.iter().map(|hazard| hazard.name)),
    })?;
    let Some(variant) = variant else { return Ok((found, None)) };
    if let Some(variant) = found.variant(variant) {
        return Ok((found, Some(variant)));
    }
    let known: Vec<&str> = found.variants.iter().map(|variant| variant.name).collect();
    Err(Problem::UnknownVariant { hazard: found.name, name: variant.to_owned(), known: known.join(", ") })
}

/// The rows of these names under these engines, in the order of the registries; all if none are named. The
/// name of an engine among the names counts as an engine if others were given, so that `--engine dfs random`
/// means both.
pub(crate) fn rows(names: &[String], engines: &[String]) -> Result<Vec<Row>, Problem> {
    let stray = |name: &&String| !engines.is_empty() && name.parse::<Kind>().is_ok();
    let kinds = engines
        .iter()
        .chain(names.iter().filter(stray))
        .map(|name| name.trim().parse())
        .collect::<Result<Vec<Kind>, _>>()?;
    let models =
        names.iter().filter(|name| !stray(name)).map(|name| model(name)).collect::<Result<Vec<_>, _>>()?;
    let wanted = |hazard: &Hazard, variant: &Variant| {
        models.is_empty()
            || models.iter().any(|(h, v)| h.name == hazard.name && v.is_none_or(|v| v.name == variant.name))
    };
    let mut rows = Vec::new();
    for hazard in HAZARDS {
        for variant in hazard.variants.iter().filter(|variant| wanted(hazard, variant)) {
            let kinds = REGISTRY
                .iter()
                .map(|engine| engine.kind)
                .filter(|kind| kinds.is_empty() || kinds.contains(kind));
            rows.extend(kinds.map(|kind| Row::new(hazard, variant, kind)));
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str], engines: &[&str]) -> Vec<String> {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        let rows = rows(&owned(names), &owned(engines)).expect("all known");
        rows.iter().map(|r| format!("{}/{} {}", r.hazard.name, r.variant.name, r.engine)).collect()
    }

    #[test]
    fn nothing_named_means_everything() {
        let variants: usize = HAZARDS.iter().map(|hazard| hazard.variants.len()).sum();
        assert_eq!(named(&[], &[]).len(), variants * REGISTRY.len());
    }

    #[test]
    fn a_second_engine_may_stand_apart() {
        let both = ["lost-update/lock dfs", "lost-update/lock pct"];
        assert_eq!(named(&["pct", "lost-update/lock"], &["dfs"]), both);
        assert_eq!(named(&["lost-update/lock"], &["pct", "dfs", "pct"]), both);
    }

    #[test]
    fn no_hazard_is_named_like_an_engine() {
        assert!(HAZARDS.iter().all(|hazard| hazard.name.parse::<Kind>().is_err()));
    }
}
