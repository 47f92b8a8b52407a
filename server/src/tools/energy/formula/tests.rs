use proptest::prelude::*;

use super::*;

/// What a formula gives for device amounts.
fn value(text: &str, amount: impl Fn(&Operand) -> i64) -> Result<i64, String> {
    let formula = parse(text)?;
    Ok(formula.terms.iter().map(|(device, weight)| weight.of(amount(device)).unwrap()).sum())
}

fn by_id(operand: &Operand) -> i64 {
    match operand {
        Operand::Id(id) => *id,
        Operand::Code(code) => code.len() as i64,
    }
}

#[test]
fn formulas_are_read_as_they_are_written() {
    assert_eq!(value("(94+11+27)-(84)", by_id), Ok(48));
    assert_eq!(value(" 10 - 3 - 2 ", by_id), Ok(5), "from the left");
    assert_eq!(value("10*0.5+-4", by_id), Ok(1));
    assert_eq!(value("2.0*(3+4)/1.4", by_id), Ok(10));
    assert_eq!(value("[ABC]+[ A B ]", by_id), Ok(6));
    assert_eq!(value("-(5-7)", by_id), Ok(2));
    assert_eq!(parse("7+7").map(|f| f.terms), Ok(vec![(Operand::Id(7), Weight { numerator: 2, denominator: 1 })]));
}

#[test]
fn what_is_no_weighted_sum_is_refused_with_the_reason() {
    for (text, reason) in [
        ("", "ends where"),
        ("1+", "ends where"),
        ("(1", "\")\""),
        ("1)", "an operator or the end"),
        ("1 2", "an operator or the end"),
        ("94*2", "decimal point"),
        ("94/2", "decimal point"),
        ("94+2.0", "cannot be added"),
        ("2.5", "names no device"),
        ("94/0.0", "divide by zero"),
        ("94/(1.0-1.0)", "divide by zero"),
        ("[]", "a code between"),
        ("[A", "\"]\""),
        ("1.", "digits before and after"),
        ("99999999999999999999", "too large"),
        ("1;DROP", "\";\""),
        ("1*0.000000001*0.000000001", "too large or too fine"),
    ] {
        let refusal = parse(text).expect_err(text);
        assert!(refusal.contains(reason), "{text}: {refusal}");
    }
    assert!(parse(&"(".repeat(40)).is_err_and(|e| e.contains("nested")));
    assert!(parse(&"-".repeat(399)).is_err_and(|e| e.contains("nested")));
    assert!(parse(&"1".repeat(401)).is_err_and(|e| e.contains("400 characters")));
    let many: Vec<String> = (1..=70).map(|id| id.to_string()).collect();
    assert!(parse(&many.join("+")).is_err_and(|e| e.contains("64 devices")));
}

#[test]
fn weights_round_half_away_from_zero() {
    let half = Weight { numerator: 1, denominator: 2 };
    assert_eq!((half.of(3), half.of(-3), half.of(4)), (Some(2), Some(-2), Some(2)));
    assert_eq!(Weight { numerator: 3, denominator: 1 }.of(i64::MAX), None);
}

/// A random formula together with its value, computed on the way.
fn formula() -> impl Strategy<Value = (String, i64)> {
    let leaf = (1i64..1000).prop_map(|id| (id.to_string(), id));
    leaf.prop_recursive(5, 24, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|((a, x), (b, y))| (format!("({a}+{b})"), x + y)),
            (inner.clone(), inner.clone()).prop_map(|((a, x), (b, y))| (format!("({a} - {b})"), x - y)),
            inner.clone().prop_map(|(a, x)| (format!("-{a}"), -x)),
            (inner, 1i64..9).prop_map(|((a, x), k)| (format!("{a}*{k}.0"), x * k)),
        ]
    })
}

proptest! {
    #[test]
    fn a_formula_means_what_its_arithmetic_means((text, expected) in formula()) {
        prop_assume!(text.len() <= MAX_CHARS);
        prop_assert_eq!(value(&text, by_id), Ok(expected));
    }

    #[test]
    fn no_text_makes_the_parser_panic(text in "[0-9+*/().\\[\\]A-C -]{0,60}|\\PC{0,60}") {
        if let Ok(formula) = parse(&text) {
            prop_assert!(!formula.terms.is_empty() && formula.terms.len() <= MAX_DEVICES);
        }
    }
}
