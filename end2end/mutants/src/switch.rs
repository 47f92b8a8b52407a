//! Putting switches into a source file: where a mutant changes something, the text asks which mutant runs.
//!
//! Only one mutant runs at a time, so the changed text need not have the switches of what is inside it: it is the original's
//! text, and what grows is only linear in the depth of an expression.

use std::{collections::HashMap, ops::Range};

use proc_macro2::Span;
use syn::{
    Arm, Block, Expr, ExprBinary, ExprStruct, ExprUnary, ImplItemConst, ImplItemFn, ItemConst, ItemFn, ItemStatic,
    Signature,
    spanned::Spanned as _,
    visit::{self, Visit},
};

use crate::{
    Outcome,
    list::{Mutant, Place},
};

/// A file with switches.
pub struct Switched {
    pub text: String,
    /// The mutants that got a switch.
    pub inside: Vec<usize>,
    /// Those that are no Rust.
    pub impossible: Vec<usize>,
    /// Which bytes of the text are whose: an error there says that the mutant cannot be compiled.
    pub blame: Vec<(Range<usize>, usize)>,
}

/// Text around a range of the original; the range may be empty. A part of the text in front may be one mutant's.
struct Edit {
    range: Range<usize>,
    before: Vec<(Option<usize>, String)>,
    after: &'static str,
}

/// Switches for these mutants of the file, given with their numbers.
pub fn switch<'s>(source: &'s str, mutants: &[(usize, &'s Mutant)]) -> Outcome<Switched> {
    let file = syn::parse_file(source).map_err(|error| error.to_string())?;
    let mut by_place: HashMap<(Place, &'s str), Vec<(usize, &'s str)>> = HashMap::new();
    for (number, mutant) in mutants {
        let found = by_place.entry((mutant.span.start, mutant.genre.as_str())).or_default();
        found.push((*number, mutant.replacement.as_str()));
    }
    let mut places = Places { source, by_place, edits: Vec::new(), inside: Vec::new(), impossible: Vec::new() };
    places.visit_file(&file);
    let Places { edits, inside, impossible, .. } = places;
    let (text, blame) = apply(source, edits);
    Ok(Switched { text, inside, impossible, blame })
}

struct Places<'s> {
    source: &'s str,
    by_place: HashMap<(Place, &'s str), Vec<(usize, &'s str)>>,
    edits: Vec<Edit>,
    inside: Vec<usize>,
    impossible: Vec<usize>,
}

fn is(number: usize) -> String {
    format!("crate::mutation::is({number})")
}

impl<'s> Places<'s> {
    /// The mutants of a genre that begin where this does.
    fn at(&mut self, span: Span, genre: &'static str) -> Vec<(usize, &'s str)> {
        let start = span.start();
        let place = Place { line: start.line, column: start.column + 1 };
        let found = self.by_place.remove(&(place, genre)).unwrap_or_default();
        self.inside.extend(found.iter().map(|(number, _)| *number));
        found
    }

    fn text(&self, span: Span) -> &'s str {
        self.source.get(span.byte_range()).unwrap_or_default()
    }

    fn around(&mut self, range: Range<usize>, before: String, after: &'static str) {
        self.edits.push(Edit { range, before: vec![(None, before)], after });
    }

    /// An expression that is another one under these mutants.
    fn choose(&mut self, range: Range<usize>, variants: Vec<(usize, String)>) {
        let mut before = vec![(None, "(".to_owned())];
        for (number, variant) in variants {
            before.push((None, format!("if {} {{ ", is(number))));
            before.push((Some(number), variant));
            before.push((None, " } else ".to_owned()));
        }
        // In parentheses: an expression that begins with `if` is none where a statement can be.
        before.push((None, "{ (".to_owned()));
        self.edits.push(Edit { range, before, after: ") })" });
    }

    fn function(&mut self, signature: &Signature, block: &Block) -> bool {
        // What is computed when it is compiled cannot ask.
        let (None, Some(first)) = (&signature.constness, block.stmts.first()) else { return false };
        let mut before = Vec::new();
        for (number, value) in self.at(first.span(), "FnValue") {
            before.push((None, format!(" if {} {{ ", is(number))));
            before.push((Some(number), format!("return {value};")));
            before.push((None, " }".to_owned()));
        }
        let at = block.brace_token.span.open().byte_range().end;
        self.edits.push(Edit { range: at..at, before, after: "" });
        true
    }

    fn arm(&mut self, arm: &Arm) {
        for (number, _) in self.at(arm.span(), "MatchArm") {
            match &arm.guard {
                Some((_, guard)) => self.around(guard.span().byte_range(), format!("!{} && (", is(number)), ")"),
                None => {
                    let at = arm.pat.span().byte_range().end;
                    self.around(at..at, format!(" if !{}", is(number)), "");
                }
            }
        }
        let Some((_, guard)) = &arm.guard else { return };
        for (number, value) in self.at(guard.span(), "MatchArmGuard") {
            let before = if value == "true" { format!("{} || (", is(number)) } else { format!("!{} && (", is(number)) };
            self.around(guard.span().byte_range(), before, ")");
        }
    }
}

impl<'ast> Visit<'ast> for Places<'_> {
    fn visit_item_fn(&mut self, node: &'ast ItemFn) {
        if self.function(&node.sig, &node.block) {
            visit::visit_item_fn(self, node);
        }
    }
    fn visit_impl_item_fn(&mut self, node: &'ast ImplItemFn) {
        if self.function(&node.sig, &node.block) {
            visit::visit_impl_item_fn(self, node);
        }
    }
    fn visit_item_const(&mut self, _: &'ast ItemConst) {}
    fn visit_item_static(&mut self, _: &'ast ItemStatic) {}
    fn visit_impl_item_const(&mut self, _: &'ast ImplItemConst) {}

    fn visit_expr_binary(&mut self, node: &'ast ExprBinary) {
        let found = self.at(node.op.span(), "BinaryOperator");
        if has_let(&node.left) || has_let(&node.right) {
            // A chain with `let` is a condition and nothing else, and `||` has no place in it.
            self.impossible.extend(found.iter().map(|(number, _)| *number));
            return visit::visit_expr_binary(self, node);
        }
        if !found.is_empty() {
            let (left, right) = (self.text(node.left.span()), self.text(node.right.span()));
            let variants =
                found.into_iter().map(|(number, operator)| (number, format!("({left}) {operator} ({right})")));
            self.choose(node.span().byte_range(), variants.collect());
        }
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &'ast ExprUnary) {
        let found = self.at(node.op.span(), "UnaryOperator");
        if !found.is_empty() {
            let operand = self.text(node.expr.span());
            let variants = found.into_iter().map(|(number, operator)| (number, format!("{operator}({operand})")));
            self.choose(node.span().byte_range(), variants.collect());
        }
        visit::visit_expr_unary(self, node);
    }

    fn visit_arm(&mut self, node: &'ast Arm) {
        self.arm(node);
        visit::visit_arm(self, node);
    }

    fn visit_expr_struct(&mut self, node: &'ast ExprStruct) {
        let whole = node.span().byte_range();
        let mut variants = Vec::new();
        for field in node.fields.pairs() {
            let (start, end) = (field.value().span().byte_range().start, field.span().byte_range().end);
            for (number, _) in self.at(field.value().span(), "StructField") {
                let (before, after) = (self.source.get(whole.start..start), self.source.get(end..whole.end));
                variants.push((number, [before.unwrap_or_default(), after.unwrap_or_default()].concat()));
            }
        }
        if !variants.is_empty() {
            self.choose(whole, variants);
        }
        visit::visit_expr_struct(self, node);
    }
}

/// Whether this is a chain of conditions with `let`.
fn has_let(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(node) => has_let(&node.left) || has_let(&node.right),
        _ => false,
    }
}

/// Writes the edits. They are nested or apart, never across each other.
fn apply(source: &str, mut edits: Vec<Edit>) -> (String, Vec<(Range<usize>, usize)>) {
    // What is inserted at a place comes before what begins there; of those that begin together the longest is outermost.
    edits.sort_by_key(|edit| (edit.range.start, !edit.range.is_empty(), usize::MAX - edit.range.end));
    let (mut text, mut blame) = (String::new(), Vec::new());
    let mut open: Vec<&Edit> = Vec::new();
    let mut edits = edits.iter().peekable();
    for (at, character) in source.char_indices().chain([(source.len(), '\n')]) {
        while let Some(done) = open.pop_if(|edit| edit.range.end == at) {
            text.push_str(done.after);
        }
        while let Some(edit) = edits.next_if(|edit| edit.range.start == at) {
            for (whose, part) in &edit.before {
                let start = text.len();
                text.push_str(part);
                blame.extend(whose.map(|number| (start..text.len(), number)));
            }
            match edit.range.is_empty() {
                true => text.push_str(edit.after),
                false => open.push(edit),
            }
        }
        text.push(character);
    }
    (text, blame)
}
