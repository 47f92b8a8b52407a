//! LaTeX → MathML.

use app::{markdown::mathml, model::MathMl};
use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};

/// The converter descends into what is nested, up to 64 KB a level without optimisation. What nests without braces takes
/// four bytes a level at least, so with [`app::model::rich::MAX_TEX_BYTES`] this is enough for the deepest (tested); only
/// what is used becomes memory.
const STACK_BYTES: usize = 64 * 1024 * 1024;
/// Groups nest so deep; deeper formulas would not be shown either.
const MAX_GROUPS: usize = 48;

/// One answer per formula, in order; `None`: it cannot be read, and is shown as it was written.
pub(super) fn convert_all(formulas: Vec<(String, bool)>) -> Vec<Option<MathMl>> {
    if formulas.is_empty() {
        return vec![];
    }
    let count = formulas.len();
    let convert = move || {
        let converter = LatexToMathML::new(MathCoreConfig::default()).ok();
        let each = formulas.iter().map(|(tex, display)| convert(converter.as_ref()?, tex, *display));
        each.collect::<Vec<_>>()
    };
    let thread = std::thread::Builder::new().name("formulas".into()).stack_size(STACK_BYTES).spawn(convert);
    let converted = thread.ok().and_then(|thread| thread.join().ok());
    converted.unwrap_or_else(|| vec![None; count])
}

/// How deep the groups of `tex` nest.
fn group_depth(tex: &str) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = tex.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest
}

fn convert(converter: &LatexToMathML, tex: &str, display: bool) -> Option<MathMl> {
    let display = if display { MathDisplay::Block } else { MathDisplay::Inline };
    if group_depth(tex) > MAX_GROUPS {
        return None;
    }
    // A converter is allowed to be wrong about one formula, not to take the others along.
    let attempt = std::panic::AssertUnwindSafe(|| converter.convert_with_local_state(tex, display));
    let converted = std::panic::catch_unwind(attempt).ok()?.ok()?;
    mathml::cleaned(&converted.mathml).map(MathMl)
}

#[cfg(test)]
mod tests {
    use app::model::rich::MAX_TEX_BYTES;
    use proptest::prelude::*;

    use super::*;

    fn mathml(tex: &str) -> Option<String> {
        convert_all(vec![(tex.into(), true)]).remove(0).map(|MathMl(text)| text)
    }

    #[test]
    fn everyday_formulas_become_mathml() {
        for tex in [
            r"E = mc^2",
            r"\frac{a}{b} + \sqrt[3]{x}",
            r"\sum_{i=1}^{n} x_i \cdot \Delta t",
            r"\begin{aligned} a &= b \\ c &= d \end{aligned}",
            r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}",
            r"\begin{cases} 1 & x > 0 \\ 0 & \text{otherwise} \end{cases}",
            r"\int_0^\infty e^{-x^2}\,dx = \frac{\sqrt{\pi}}{2}",
            r"\left( \frac{P_{\text{peak}}}{\bar{P}} \right) \times 100\,\%",
            r"\mathbb{R}, \mathcal{L}, \hat{y}, \vec{v}, \overline{ab}, \underbrace{x+y}_{2}",
            r"\alpha \leq \beta \neq \gamma \approx \infty \in \partial \nabla \rightarrow",
            r"\mathrm{kWh}/\mathrm{t}",
            r"\lim_{x \to 0} \sin x \quad \log_2 n",
            r"\dfrac{1}{2} \tfrac{1}{2} \binom{n}{k}",
            r"\operatorname{argmax}_x f(x)",
            "a\n+ b",
        ] {
            let made = mathml(tex);
            println!("{tex}\n  {made:?}");
            assert!(made.is_some_and(|made| made.starts_with("<math")), "{tex}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_nothing() {
        for tex in [r"\nosuchcommand", "{", "}", r"\frac", r"\left(", r"\begin{nosuch}"] {
            assert_eq!(mathml(tex), None, "{tex}");
        }
    }

    #[test]
    fn no_formula_can_exhaust_the_server() {
        let fill = |piece: &str| piece.repeat(MAX_TEX_BYTES / piece.len());
        for piece in [
            "{",
            r"\sqrt",
            "x^",
            r"\frac1",
            r"\left(",
            "_{",
            r"\hat",
            r"\text{",
            "{}",
            "x",
            "'",
            r"\begin{matrix}",
            "\\\\",
            "&",
            r"\over ",
        ] {
            let _one_way_or_the_other = mathml(&fill(piece));
        }
        let half = MAX_TEX_BYTES / 2;
        let _deep = mathml(&format!("{}{}", "{".repeat(half), "}".repeat(half)));
    }

    proptest! {
        #[test]
        fn any_text_is_converted_or_not(tex in r"(\\[a-z]{1,6}|\\(frac|sqrt|left|right|text|begin\{matrix\}|end\{matrix\}|def|newcommand|href|color)|[\\{}^_&$#%~ a-z0-9()<>\[\]]|\PC){0,20}") {
            if let Some(made) = mathml(&tex) {
                prop_assert!(app::markdown::mathml::parse(&made).is_some(), "{}", made);
            }
        }
    }
}
