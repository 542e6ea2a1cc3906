//! Tests that every command in the sources is in a family.
//!
//! A command is a static or a constant of type `Command` or `&'static Command`. The search goes through the
//! tokens of every file, so it finds those that are written inside a macro; if the name is a macro's
//! parameter, it reads the arguments of the macro's calls.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use super::families;

/// Commands that tests alone use.
const OF_TESTS: &[&str] = &["src/runtime/happens_before/tests.rs"];

/// The name of a static: written out, or a macro's parameter.
#[derive(Debug, PartialEq, Eq)]
enum Named {
    As(String),
    ByParameter(String),
}

fn is_ident(token: Option<&TokenTree>, text: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == text)
}

fn is_punct(token: Option<&TokenTree>, c: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == c)
}

fn group(token: Option<&TokenTree>) -> Option<Vec<TokenTree>> {
    match token {
        Some(TokenTree::Group(group)) => Some(group.stream().into_iter().collect()),
        _ => None,
    }
}

/// The statics and constants of type `Command` in these tokens and in the groups inside.
fn commands(tokens: &[TokenTree], file: &str, found: &mut Vec<Named>) {
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            commands(&group.stream().into_iter().collect::<Vec<_>>(), file, found);
        }
        if !is_ident(Some(token), "static") && !is_ident(Some(token), "const") {
            continue;
        }
        let parameter = is_punct(tokens.get(at + 1), '$');
        let name_at = at + 1 + usize::from(parameter);
        let Some(TokenTree::Ident(name)) = tokens.get(name_at) else { continue };
        if !is_punct(tokens.get(name_at + 1), ':') {
            continue;
        }
        let of_type: Vec<&TokenTree> =
            tokens[name_at + 2..].iter().take_while(|token| !is_punct(Some(token), '=')).collect();
        let text: String = of_type.iter().map(ToString::to_string).collect();
        if text == "Command" || text == "&'staticCommand" {
            let name = name.to_string();
            found.push(if parameter { Named::ByParameter(name) } else { Named::As(name) });
        } else {
            assert!(
                !text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "Command"),
                "{file}: {name} holds commands in a way that this search does not follow: {text}"
            );
        }
    }
}

/// The groups of tokens between commas.
fn between_commas(tokens: &[TokenTree]) -> Vec<&[TokenTree]> {
    tokens.split(|token| is_punct(Some(token), ',')).collect()
}

/// The macros that take the names of commands as parameters, and the positions of these.
fn parameters(tokens: &[TokenTree], file: &str) -> BTreeMap<String, Vec<usize>> {
    let mut found = BTreeMap::new();
    for (at, token) in tokens.iter().enumerate() {
        if !is_ident(Some(token), "macro_rules") {
            continue;
        }
        let (Some(TokenTree::Ident(name)), Some(body)) = (tokens.get(at + 2), group(tokens.get(at + 3)))
        else {
            continue;
        };
        let mut named = Vec::new();
        commands(&body, file, &mut named);
        for parameter in named {
            let Named::ByParameter(parameter) = parameter else { continue };
            let pattern = group(body.first()).expect("a macro begins with its pattern");
            let position = between_commas(&pattern).iter().position(|part| {
                is_punct(part.first(), '$')
                    && is_ident(part.get(1), &parameter)
                    && is_ident(part.get(3), "ident")
            });
            let position = position.expect("the name comes first between two commas");
            found.entry(name.to_string()).or_insert_with(Vec::new).push(position);
        }
    }
    found
}

/// The arguments at these positions in the macros' calls.
fn given(tokens: &[TokenTree], parameters: &BTreeMap<String, Vec<usize>>, found: &mut Vec<String>) {
    for (at, token) in tokens.iter().enumerate() {
        if let TokenTree::Ident(name) = token
            && let Some(positions) = parameters.get(&name.to_string())
            && is_punct(tokens.get(at + 1), '!')
            && let Some(TokenTree::Group(arguments)) = tokens.get(at + 2)
            && arguments.delimiter() == Delimiter::Parenthesis
        {
            let arguments: Vec<TokenTree> = arguments.stream().into_iter().collect();
            let parts = between_commas(&arguments);
            found.extend(positions.iter().map(|&position| parts[position][0].to_string()));
        }
    }
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(directory)
        .expect("the sources are there")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The file whose commands a family in this file lists: itself, or the parent module of one that is called
/// `families`.
fn beside(file: &str) -> String {
    let file = file.replace('\\', "/");
    let Some(module) = file.strip_suffix("/families.rs") else { return file };
    let own = format!("{module}.rs");
    let is_there = Path::new(env!("CARGO_MANIFEST_DIR")).join(&own).exists();
    if is_there { own } else { format!("{module}/mod.rs") }
}

/// Every command of the crate: the file, and the name in it.
fn written() -> BTreeSet<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    sources(&root.join("src"), &mut files);
    let mut all = BTreeSet::new();
    for path in files {
        let file = path.strip_prefix(root).expect("below the root").to_string_lossy().replace('\\', "/");
        if OF_TESTS.contains(&file.as_str()) {
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source can be read");
        let tokens: TokenStream = text.parse().expect("a source is Rust");
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let (mut found, mut names) = (Vec::new(), Vec::new());
        commands(&tokens, &file, &mut found);
        given(&tokens, &parameters(&tokens, &file), &mut names);
        names.extend(found.into_iter().filter_map(|named| match named {
            Named::As(name) => Some(name),
            Named::ByParameter(_) => None,
        }));
        all.extend(names.into_iter().map(|name| (file.clone(), name)));
    }
    all
}

#[test]
fn every_command_is_in_a_family() {
    let written = written();
    let listed: BTreeSet<(String, String)> = families()
        .iter()
        .flat_map(|family| &family.offers)
        .map(|offer| (beside(offer.file), offer.ident.to_owned()))
        .collect();
    let missing: Vec<_> = written.difference(&listed).collect();
    assert!(missing.is_empty(), "in no family: {missing:#?}");
    assert!(written.len() > 100, "only {} commands: the search has lost its subject", written.len());
}

#[test]
fn a_command_that_a_macro_makes_is_found() {
    let tokens: TokenStream = "
        macro_rules! lock {
            ($lock:ident $name:literal, $attempt:ident) => {
                static $lock: Command = make($name);
                static $attempt: crate::op::State = 0;
            };
        }
        lock!(READ \"read\", TRY_READ);
        const LOAD: &'static Command = &make();
        const fn make() -> Command {}
    "
    .parse()
    .expect("it is Rust");
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let (mut found, mut names) = (Vec::new(), Vec::new());
    commands(&tokens, "here", &mut found);
    given(&tokens, &parameters(&tokens, "here"), &mut names);
    assert_eq!(found, [Named::ByParameter("lock".into()), Named::As("LOAD".into())]);
    assert_eq!(names, ["READ"]);
}
