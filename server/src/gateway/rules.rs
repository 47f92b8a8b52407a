//! Cost rules of a profile: what is easy, or all when money runs out, goes to a cheaper model. Pure.
//!
//! To add a rule: a field of [`CostRules`], a variant of [`Rule`], a line in [`choose`].

/// As a profile says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CostRules {
    /// Where requests go that a rule applies to: an exact id; `None`: no rule applies.
    pub cheaper_model: Option<String>,
    /// Requests without tools whose input has fewer tokens than this, for certain.
    pub below_tokens: Option<i64>,
    /// All requests, while the tightest budget on their path has less than so many percent left.
    pub when_budget_below: Option<i64>,
}

/// What is known of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// An upper bound of its input, tokens.
    pub input_bound: i64,
    pub brings_tools: bool,
    /// What the tightest budget has left, percent; `None`: nothing limits it.
    pub budget_left_percent: Option<i64>,
}

/// Which rule applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    Short,
    Budget,
}

impl Rule {
    /// As stored with a call, and in the header `x-steward-rule`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Budget => "budget",
        }
    }
}

impl CostRules {
    /// Whether the state of the budgets matters.
    #[must_use]
    pub fn ask_for_budgets(&self) -> bool {
        self.cheaper_model.is_some() && self.when_budget_below.is_some()
    }
}

/// The rule that sends a request to the cheaper model; `None`: none does.
#[must_use]
pub fn choose(rules: &CostRules, facts: &Facts) -> Option<Rule> {
    rules.cheaper_model.as_ref()?;
    let is_short = rules.below_tokens.is_some_and(|below| facts.input_bound < below);
    if is_short && !facts.brings_tools {
        return Some(Rule::Short);
    }
    let (below, left) = (rules.when_budget_below?, facts.budget_left_percent?);
    (left < below).then_some(Rule::Budget)
}

/// What is left of a limit, percent rounded down; nothing of a limit of zero.
#[must_use]
pub fn percent_left(limit: i64, used: i64) -> i64 {
    let (limit, left) = (i128::from(limit), (i128::from(limit) - i128::from(used)).max(0));
    if limit <= 0 { 0 } else { i64::try_from(left * 100 / limit).unwrap_or(100) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(below_tokens: Option<i64>, when_budget_below: Option<i64>) -> CostRules {
        CostRules { cheaper_model: Some("m".to_owned()), below_tokens, when_budget_below }
    }

    #[test]
    fn the_edges_are_exact() {
        let facts =
            |input_bound, brings_tools, budget_left_percent| Facts { input_bound, brings_tools, budget_left_percent };
        let both = rules(Some(1_000), Some(10));
        assert_eq!(choose(&both, &facts(999, false, Some(50))), Some(Rule::Short));
        assert_eq!(choose(&both, &facts(1_000, false, Some(50))), None);
        assert_eq!(choose(&both, &facts(999, true, Some(50))), None, "tools are not easy");
        assert_eq!(choose(&both, &facts(999, true, Some(9))), Some(Rule::Budget));
        assert_eq!(choose(&both, &facts(5_000, false, Some(10))), None);
        assert_eq!(choose(&both, &facts(5_000, false, None)), None, "nothing limits it");
        let none = CostRules { cheaper_model: None, ..both };
        assert_eq!(choose(&none, &facts(1, false, Some(0))), None);
        assert_eq!(choose(&rules(None, None), &facts(0, false, Some(0))), None);
    }

    #[test]
    fn what_is_left_is_rounded_down() {
        assert_eq!((percent_left(100, 91), percent_left(1_000, 901), percent_left(3, 0)), (9, 9, 100));
        assert_eq!((percent_left(0, 0), percent_left(10, 10), percent_left(10, 50)), (0, 0, 0));
        assert_eq!(percent_left(i64::MAX, 0), 100);
    }

    proptest! {
        /// A request that got shorter, lost its tools, or has less of its budget left is never sent to the dearer model
        /// when it went to the cheaper one before; and without a cheaper model nothing ever is.
        #[test]
        fn easier_requests_stay_easy(
            below_tokens in proptest::option::of(1..10_000i64),
            when_budget_below in proptest::option::of(1..=100i64),
            input_bound in 0..20_000i64,
            shorter_by in 0..20_000i64,
            brings_tools in any::<bool>(),
            left in proptest::option::of(0..=100i64),
            less in 0..=100i64,
        ) {
            let rules = rules(below_tokens, when_budget_below);
            let facts = Facts { input_bound, brings_tools, budget_left_percent: left };
            let easier = Facts {
                input_bound: (input_bound - shorter_by).max(0),
                brings_tools: false,
                budget_left_percent: left.map(|left| (left - less).max(0)),
            };
            if choose(&rules, &facts).is_some() {
                prop_assert!(choose(&rules, &easier).is_some());
            }
            prop_assert_eq!(choose(&CostRules { cheaper_model: None, ..rules }, &facts), None);
        }

        #[test]
        fn a_percentage_is_one(limit in 0..=i64::MAX, used in 0..=i64::MAX) {
            prop_assert!((0..=100).contains(&percent_left(limit, used)));
        }
    }
}
