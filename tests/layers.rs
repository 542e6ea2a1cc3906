//! The layers of the crate: a module uses only modules of lower layers in the list here.
#![cfg(feature = "check")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// From the lowest layer up. The modules of one line do not use each other.
const LAYERS: &[&[&str]] = &[
    &["error", "failure", "op", "owner"],
    &["schedule"],
    &["runtime"],
    &["backend"],
    &["cell", "hint", "named", "statics", "time"],
    &["thread"],
    &["ext"],
    &["sync"],
    &["parking_lot"],
    &["trace"],
    &["engine"],
    &["counterexample"],
    &["verdict"],
    &["report"],
    &["check"],
    &["catalogue"],
    &["verification"],
    &["cli"],
];

/// Modules outside of the layers: the facade without the feature `check`, and those that only tests use.
const BESIDE: &[&str] = &["lib", "main", "bin", "passthrough", "registry"];

/// Files that are compiled for tests only, as the declarations of their modules say.
const OF_TESTS: &[&str] = &["families", "samples", "properties"];

/// The module that defines a name of the crate's root.
fn module_of(name: &str) -> Option<&str> {
    Some(match name {
        "guarded" => "backend",
        "Checker" | "choose" => "check",
        "Counterexample" => "counterexample",
        "Error" => "error",
        "FailureKind" | "Reason" => "failure",
        "Report" | "Stats" | "Verdict" => "verdict",
        "Static" => "statics",
        "future" => "ext",
        "thread_local" => "thread",
        // Macros, and the path of a macro's caller.
        name if name.starts_with("__raddle") => return None,
        name => name,
    })
}

/// The names after `crate::` in these tokens, outside of tests.
fn used(tokens: TokenStream, names: &mut BTreeSet<String>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let is = |at: usize, text: &str| tokens.get(at).is_some_and(|token| token.to_string() == text);
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            TokenTree::Punct(hash) if hash.as_char() == '#' && of_tests(tokens.get(at)) => {
                // The item after the attribute ends with a semicolon or a body.
                let ends = |token: &TokenTree| match token {
                    TokenTree::Punct(punct) => punct.as_char() == ';',
                    TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                    _ => false,
                };
                at += tokens[at..].iter().position(ends).map_or(tokens.len(), |end| end + 1);
            }
            TokenTree::Ident(ident) if *ident == "crate" && is(at, ":") && is(at + 1, ":") => {
                // In an exported macro `$crate` is expanded where the macro is used, so it does
                // not count here.
                if at >= 2 && is(at - 2, "$") {
                    continue;
                }
                match tokens.get(at + 2) {
                    Some(TokenTree::Ident(name)) => _ = names.insert(name.to_string()),
                    Some(TokenTree::Group(group)) => names.extend(first_names(group.stream())),
                    _ => {}
                }
            }
            TokenTree::Group(group) => used(group.stream(), names),
            _ => {}
        }
    }
}

/// Whether these are the brackets of an attribute with `cfg(test)`, alone or among others.
fn of_tests(attribute: Option<&TokenTree>) -> bool {
    let text = attribute.map(|token| token.to_string().replace(' ', "")).unwrap_or_default();
    text.starts_with("[cfg(") && text.contains("test") && !text.contains("not(test)")
}

/// The first name of each path in the braces of a `use`.
fn first_names(tokens: TokenStream) -> Vec<String> {
    let mut names = Vec::new();
    let mut begins = true;
    for token in tokens {
        match &token {
            TokenTree::Ident(name) if begins => names.push(name.to_string()),
            TokenTree::Punct(comma) if comma.as_char() == ',' => {
                begins = true;
                continue;
            }
            _ => {}
        }
        begins = false;
    }
    names
}

/// For each module of the crate's root, the modules that it uses, and in which file.
fn uses() -> BTreeMap<String, BTreeMap<String, String>> {
    fn visit(directory: &Path, root: &Path, uses: &mut BTreeMap<String, BTreeMap<String, String>>) {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            if path.is_dir() {
                visit(&path, root, uses);
                continue;
            }
            let of_tests = name.ends_with("tests") || OF_TESTS.contains(&name.as_str());
            if path.extension().is_none_or(|extension| extension != "rs") || of_tests {
                continue;
            }
            let inside = path.strip_prefix(root).expect("below the root");
            let top = inside.iter().next().expect("a name").to_string_lossy();
            let module = top.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&path).expect("a text");
            let mut names = BTreeSet::new();
            used(text.parse().expect("Rust"), &mut names);
            let of_module = uses.entry(module.clone()).or_default();
            for name in names.iter().filter_map(|name| module_of(name)).filter(|name| *name != module) {
                of_module.entry(name.to_owned()).or_insert_with(|| inside.display().to_string());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    visit(&root, &root, &mut found);
    found
}

#[test]
fn each_module_uses_only_those_of_the_layers_below_it() {
    let layer = |module: &str| LAYERS.iter().position(|layer| layer.contains(&module));
    let mut wrong = Vec::new();
    for (module, others) in uses() {
        if BESIDE.contains(&module.as_str()) {
            continue;
        }
        let Some(own) = layer(&module) else {
            wrong.push(format!("{module} stands in no layer"));
            continue;
        };
        for (other, file) in others {
            if layer(&other).is_none_or(|theirs| theirs >= own) {
                wrong.push(format!("{module} uses {other}, in {file}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_layer_is_there_and_is_used_by_one_above_or_is_the_last() {
    let uses = uses();
    for module in LAYERS.iter().copied().flatten() {
        assert!(uses.contains_key(*module), "{module} is no module");
    }
    assert!(uses["runtime"].contains_key("op") && uses["engine"].contains_key("runtime"));
    assert!(uses["cli"].contains_key("check") && uses["report"].contains_key("counterexample"));
}
