//! No assertion of a model is vacuous: each is seen to fail.
//!
//! An assertion that cannot fail says nothing about the variants that pass it. The sources are
//! parsed for assertions, all failures of all buggy variants and of all mutants are collected,
//! and every assertion must be the location of some panic among them. An assertion that guards
//! only a fix is covered by a mutant of that fix.
//!
//! Assertions are `assert!` and its siblings, `panic!`, `unreachable!`, and `unwrap` or `expect` on what
//! an operation of the model returns. An `expect` on a lock, a wait or a join is none: it only passes on
//! the panic of another thread, which is an assertion's itself.

use std::collections::BTreeSet;
use std::path::Path;

use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ExprMethodCall, ItemFn, Macro, Meta};

use super::mutants::all_mutants;
use super::*;
use crate::engine::Kind;
use crate::{Checker, Report};

/// `file:line` of an assertion, or of a panic.
type Site = (String, usize);

/// Functions whose panic is not an assertion, each with the reason.
const NOT_ASSERTIONS: &[(&str, &str)] = &[
    ("acquires_then_panics", "this panic is the hazard: the worker catches it and goes on"),
    ("panics_with_a_guard", "this panic is the hazard: the worker catches it and goes on"),
];

/// Methods whose error means that another thread has panicked.
const PASS_ON: &[&str] = &["lock", "read", "write", "wait", "wait_while", "join"];

/// The assertions of a file, without those of its mutants.
#[derive(Default)]
struct Assertions {
    lines: BTreeSet<usize>,
    /// The functions that are not assertions.
    left_out: Vec<String>,
}

impl Assertions {
    fn add(&mut self, span: Span) {
        self.lines.insert(span.start().line);
    }
}

fn only_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string() == "test",
        _ => false,
    })
}

impl<'ast> Visit<'ast> for Assertions {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes: &[Attribute] = match item {
            syn::Item::Const(item) => &item.attrs,
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Mod(item) => &item.attrs,
            _ => &[],
        };
        if !only_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, function: &'ast ItemFn) {
        if NOT_ASSERTIONS.iter().any(|(name, _)| function.sig.ident == name) {
            self.left_out.push(function.sig.ident.to_string());
        } else {
            visit::visit_item_fn(self, function);
        }
    }

    fn visit_macro(&mut self, called: &'ast Macro) {
        let name = called.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        if name.starts_with("assert") || ["panic", "unreachable", "todo", "unimplemented"].contains(&&*name) {
            self.add(called.path.segments[0].ident.span());
        }
        // The operands may contain further assertions.
        let operands =
            called.parse_body_with(syn::punctuated::Punctuated::<Expr, syn::Token![,]>::parse_terminated);
        for operand in operands.iter().flatten() {
            self.visit_expr(operand);
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        let passes_on = match &*call.receiver {
            Expr::MethodCall(inner) => PASS_ON.iter().any(|name| inner.method == name),
            _ => false,
        };
        if (call.method == "expect" || call.method == "unwrap") && !passes_on {
            self.add(call.method.span());
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// The file of a hazard, in the folder of its chapter, is named after it.
fn file_of(hazard: &Hazard) -> String {
    let name = format!("{}.rs", hazard.name.replace('-', "_"));
    let catalogue = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/catalogue");
    let entries = std::fs::read_dir(catalogue).expect("a directory");
    let chapters = entries.map(|entry| entry.expect("an entry").path());
    let chapter = chapters
        .filter(|path| path.join(&name).exists())
        .find_map(|path| path.file_name().map(|chapter| chapter.to_string_lossy().into_owned()));
    format!("src/catalogue/{}/{name}", chapter.unwrap_or_default())
}

fn assertions() -> BTreeSet<Site> {
    let mut sites = BTreeSet::new();
    let mut left_out = Vec::new();
    for hazard in HAZARDS {
        let file = file_of(hazard);
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(&file).exists(), "{file} is not there");
        let parsed = syn::parse_file(hazard.source).expect("it compiles, so it parses");
        let mut found = Assertions::default();
        found.visit_file(&parsed);
        sites.extend(found.lines.into_iter().map(|line| (file.clone(), line)));
        left_out.extend(found.left_out);
    }
    let listed: Vec<&str> = NOT_ASSERTIONS.iter().map(|(name, _)| *name).collect();
    assert_eq!(left_out, listed, "each is there, and once");
    sites
}

/// The places of the panics in every failure of a check.
fn places(report: &Report, into: &mut BTreeSet<Site>) {
    for failure in &report.failures {
        let panics = failure.trace.iter().flat_map(|trace| &trace.panics);
        into.extend(
            panics.filter_map(|p| p.place.as_ref()).map(|p| (p.file.replace('\\', "/"), p.line as usize)),
        );
        // Loom's schedules cannot be drawn; its message names the location.
        let words = failure.note.iter().flat_map(|note| note.split_whitespace());
        into.extend(words.filter_map(|word| {
            let mut parts = word.split(':');
            Some((parts.next()?.replace('\\', "/"), parts.next()?.parse().ok()?))
        }));
    }
}

#[test]
fn every_assertion_of_a_model_fires_in_a_buggy_variant_or_in_a_mutant() {
    let mut fired = BTreeSet::new();
    for hazard in HAZARDS {
        for variant in hazard.variants.iter().filter(|variant| variant.is_buggy()) {
            for kind in [Kind::Exhaustive, Kind::Loom] {
                if matches!(variant.expected(kind), Expected::Refuted(_)) {
                    let checker = Checker::of(kind).stop_on_failure(false);
                    places(&variant.check(hazard, checker), &mut fired);
                    break;
                }
            }
        }
    }
    for (_, mutants) in all_mutants() {
        for mutant in *mutants {
            places(&mutant.check(true), &mut fired);
        }
    }
    let sites = assertions();
    assert!(sites.len() > HAZARDS.len() / 2, "only {} assertions were found", sites.len());
    let silent: Vec<String> = sites.difference(&fired).map(|(file, line)| format!("{file}:{line}")).collect();
    assert!(silent.is_empty(), "these assertions never fail:\n{}", silent.join("\n"));
}
