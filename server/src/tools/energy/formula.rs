//! Formulas over meters, e.g. `(94+11+27)-(84)` or `[MAIN]-[AC-1]*0.5`.
//!
//! ```text
//! sum     = product { ("+" | "-") product }
//! product = factor { ("*" | "/") factor }
//! factor  = "-" factor | "(" sum ")" | device | number
//! device  = digits            a device id
//!         | "[" code "]"      a device code
//! number  = digits "." digits a factor, e.g. 2.0
//! ```
//! A formula must come down to a weighted sum of devices: energies are added and subtracted, and multiplied or divided
//! by numbers. Then it has a cost as well as an energy, and its parts (days, shifts, rates) add up to its whole.
//! Anything else (a product of devices, a bare number) is refused with the reason. Arithmetic on weights is exact.

use std::{collections::BTreeMap, fmt};

/// The longest formula, in characters.
pub const MAX_CHARS: usize = 400;
const MAX_DEPTH: usize = 32;
const MAX_DEVICES: usize = 64;
/// Bound of numerators and denominators of weights.
const MAX_WEIGHT: i128 = 1_000_000_000_000;

/// A device in a formula.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operand {
    Id(i64),
    Code(String),
}

/// An exact factor, in lowest terms, the denominator positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    numerator: i128,
    denominator: i128,
}

/// A weighted sum of devices; each stands in it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formula {
    pub terms: Vec<(Operand, Weight)>,
}

impl Weight {
    pub const ONE: Self = Self { numerator: 1, denominator: 1 };
    const ZERO: Self = Self { numerator: 0, denominator: 1 };

    fn new(numerator: i128, denominator: i128) -> Result<Self, String> {
        if denominator == 0 {
            return Err("a formula may not divide by zero".to_owned());
        }
        let divisor = gcd(numerator.unsigned_abs(), denominator.unsigned_abs());
        let divisor = i128::try_from(divisor.max(1)).unwrap_or(1) * denominator.signum();
        let weight = Self { numerator: numerator / divisor, denominator: denominator / divisor };
        if weight.numerator.abs() > MAX_WEIGHT || weight.denominator > MAX_WEIGHT {
            return Err("the numbers in this formula are too large or too fine".to_owned());
        }
        Ok(weight)
    }

    /// # Errors
    /// Too large or too fine.
    pub fn plus(self, other: Self) -> Result<Self, String> {
        Self::new(
            self.numerator * other.denominator + other.numerator * self.denominator,
            self.denominator * other.denominator,
        )
    }

    fn times(self, other: Self) -> Result<Self, String> {
        Self::new(self.numerator * other.numerator, self.denominator * other.denominator)
    }

    fn over(self, other: Self) -> Result<Self, String> {
        Self::new(self.numerator * other.denominator, self.denominator * other.numerator)
    }

    fn negated(self) -> Self {
        Self { numerator: -self.numerator, ..self }
    }

    /// An amount times this, rounded half away from zero; `None` beyond 64 bits.
    #[must_use]
    pub fn of(self, amount: i64) -> Option<i64> {
        let exact = i128::from(amount) * self.numerator;
        let half = self.denominator / 2 * exact.signum();
        i64::try_from((exact + half) / self.denominator).ok()
    }
}

impl fmt::Display for Weight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.denominator {
            1 => write!(f, "{}", self.numerator),
            denominator => write!(f, "{}/{denominator}", self.numerator),
        }
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Parses a formula.
///
/// # Errors
/// What is wrong with it and where, for the model.
pub fn parse(text: &str) -> Result<Formula, String> {
    if text.chars().count() > MAX_CHARS {
        return Err(format!("a formula has at most {MAX_CHARS} characters"));
    }
    let mut parser = Parser { chars: text.chars().collect(), at: 0, depth: 0 };
    let value = parser.sum()?;
    parser.skip_space();
    if parser.at < parser.chars.len() {
        return Err(parser.wrong("an operator or the end"));
    }
    match value {
        Value::Number(_) => {
            Err("this formula names no device: whole numbers are device ids, numbers with a decimal point are factors"
                .to_owned())
        }
        Value::Energy(terms) => Ok(Formula { terms: terms.into_iter().collect() }),
    }
}

enum Value {
    Number(Weight),
    Energy(BTreeMap<Operand, Weight>),
}

impl Value {
    fn scaled(self, by: impl Fn(Weight) -> Result<Weight, String>) -> Result<Self, String> {
        Ok(match self {
            Self::Number(number) => Self::Number(by(number)?),
            Self::Energy(terms) => Self::Energy(
                terms.into_iter().map(|(device, weight)| Ok((device, by(weight)?))).collect::<Result<_, String>>()?,
            ),
        })
    }

    fn plus(self, other: Self) -> Result<Self, String> {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Ok(Self::Number(a.plus(b)?)),
            (Self::Energy(mut terms), Self::Energy(more)) => {
                for (device, weight) in more {
                    let sum = terms.get(&device).copied().unwrap_or(Weight::ZERO).plus(weight)?;
                    terms.insert(device, sum);
                }
                if terms.len() > MAX_DEVICES {
                    return Err(format!("a formula has at most {MAX_DEVICES} devices"));
                }
                Ok(Self::Energy(terms))
            }
            _ => Err("energy and a bare number cannot be added; whole numbers are device ids".to_owned()),
        }
    }

    fn times(self, other: Self) -> Result<Self, String> {
        match (self, other) {
            (Self::Number(factor), value) | (value, Self::Number(factor)) => {
                value.scaled(|weight| weight.times(factor))
            }
            _ => {
                Err("devices cannot be multiplied with each other; write factors with a decimal point, e.g. 2.0"
                    .to_owned())
            }
        }
    }

    fn over(self, other: Self) -> Result<Self, String> {
        match other {
            Self::Number(divisor) => self.scaled(|weight| weight.over(divisor)),
            Self::Energy(_) => {
                Err("a formula cannot divide by a device; write divisors with a decimal point, e.g. 2.0".to_owned())
            }
        }
    }
}

struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn sum(&mut self) -> Result<Value, String> {
        let mut value = self.product()?;
        loop {
            value = match self.operator(&['+', '-']) {
                Some('+') => value.plus(self.product()?)?,
                Some(_) => value.plus(self.product()?.scaled(|weight| Ok(weight.negated()))?)?,
                None => return Ok(value),
            };
        }
    }

    fn product(&mut self) -> Result<Value, String> {
        let mut value = self.factor()?;
        loop {
            value = match self.operator(&['*', '/']) {
                Some('*') => value.times(self.factor()?)?,
                Some(_) => value.over(self.factor()?)?,
                None => return Ok(value),
            };
        }
    }

    fn factor(&mut self) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("a formula is nested at most {MAX_DEPTH} deep"));
        }
        self.skip_space();
        let value = match self.chars.get(self.at) {
            Some('-') => {
                self.at += 1;
                self.factor()?.scaled(|weight| Ok(weight.negated()))?
            }
            Some('(') => {
                self.at += 1;
                let inner = self.sum()?;
                self.operator(&[')']).ok_or_else(|| self.wrong("\")\""))?;
                inner
            }
            Some('[') => self.code()?,
            Some(digit) if digit.is_ascii_digit() => self.number()?,
            _ => return Err(self.wrong("a device id, a [code], a factor or \"(\"")),
        };
        self.depth -= 1;
        Ok(value)
    }

    fn code(&mut self) -> Result<Value, String> {
        self.at += 1;
        let code = self.take_while(|c| c != ']').trim().to_owned();
        self.operator(&[']']).ok_or_else(|| self.wrong("\"]\""))?;
        if code.is_empty() {
            return Err(self.wrong("a code between [ and ]"));
        }
        Ok(Value::Energy(BTreeMap::from([(Operand::Code(code), Weight::ONE)])))
    }

    fn number(&mut self) -> Result<Value, String> {
        let whole = self.take_while(|c| c.is_ascii_digit());
        let too_large = || format!("{whole} is too large");
        if self.chars.get(self.at) != Some(&'.') {
            let id = whole.parse().map_err(|_| too_large())?;
            return Ok(Value::Energy(BTreeMap::from([(Operand::Id(id), Weight::ONE)])));
        }
        self.at += 1;
        let fraction = self.take_while(|c| c.is_ascii_digit());
        if fraction.is_empty() || fraction.len() > 9 || whole.len() > 9 {
            return Err(self.wrong("a factor with 1 to 9 digits before and after the point"));
        }
        let digits = format!("{whole}{fraction}").parse().map_err(|_| too_large())?;
        let scale = 10_i128.pow(u32::try_from(fraction.len()).unwrap_or(0));
        Ok(Value::Number(Weight::new(digits, scale)?))
    }

    /// The next character if it is one of these, past it.
    fn operator(&mut self, wanted: &[char]) -> Option<char> {
        self.skip_space();
        let next = self.chars.get(self.at).copied().filter(|c| wanted.contains(c))?;
        self.at += 1;
        Some(next)
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let taken: String = self.chars.iter().skip(self.at).copied().take_while(|c| wanted(*c)).collect();
        self.at += taken.chars().count();
        taken
    }

    fn skip_space(&mut self) {
        while self.chars.get(self.at).is_some_and(|c| c.is_whitespace()) {
            self.at += 1;
        }
    }

    fn wrong(&self, wanted: &str) -> String {
        match self.chars.get(self.at) {
            Some(found) => format!("the formula has \"{found}\" at character {} where {wanted} is wanted", self.at + 1),
            None => format!("the formula ends where {wanted} is wanted"),
        }
    }
}

#[cfg(test)]
mod tests;
