use proptest::prelude::*;

use super::*;

const OWN: &str = r#"{"source": "https://openai.example/pricing", "read_on": "2026-11-22", "models": {
    "gpt-5.4": {"valid_from": "2026-12-01", "input": "2.50", "output": 15, "cache_read": "0.25",
        "cache_write_5m": "2.50", "cache_write_1h": 2.5, "web_search_per_1000": "10",
        "tiers": [{"above_input_tokens": 272000, "input": "5", "output": "22.50", "cache_read": "0.50",
            "cache_write_5m": "5", "cache_write_1h": "5"}]},
    "half": {"input": "0.0000005", "output": "1", "cache_read": "1", "cache_write_5m": "1", "cache_write_1h": "1"},
    "falls": {"input": "2", "output": "2", "cache_read": "2", "cache_write_5m": "2", "cache_write_1h": "2",
        "tiers": [{"above_input_tokens": 5, "input": "1", "output": "2", "cache_read": "2", "cache_write_5m": "2",
            "cache_write_1h": "2"}]}}}"#;

#[test]
fn our_own_format_is_read_exactly() {
    let file = read(OWN, |_| true).expect("a file");
    assert_eq!(file.source.as_deref(), Some("https://openai.example/pricing"));
    assert_eq!(file.read_on.map(|day| day.to_string()).as_deref(), Some("2026-11-22"));
    let [gpt] = file.prices.as_slice() else { panic!("one price: {file:?}") };
    assert_eq!(gpt.wanted_from.map(|from| from.to_string()).as_deref(), Some("2026-12-01T00:00:00.000Z"));
    let price = &gpt.price;
    assert_eq!(
        (price.input, price.output, price.cache_read, price.cache_write_1h),
        (2_500_000, 15_000_000, 250_000, 2_500_000)
    );
    assert_eq!((price.tiers[0].above, price.tiers[0].prices.output), (272_000, 22_500_000));
    assert_eq!((price.per_request, price.per_search), (0, Some(10_000_000_000)), "a cent a search");
    let refused: Vec<&str> = file.refused.iter().map(|(model, _)| model.as_str()).collect();
    assert_eq!(refused, ["falls", "half"]);
    assert!(file.refused[1].1.contains("whole pico-dollars"), "{:?}", file.refused);
}

#[test]
fn what_is_not_said_is_refused_and_not_zero() {
    let without = OWN.replace(r#""cache_read": "0.25","#, "");
    assert!(read(&without, |_| true).expect_err("refused").contains("cache_read"));
    let unknown = OWN.replace("web_search_per_1000", "web_serch");
    assert!(read(&unknown, |_| true).is_err());
    assert!(read("[]", |_| true).is_err());
    assert!(read("{", |_| true).is_err());
}

const LITELLM: &str = r#"{
    "sample_spec": {"input_cost_per_token": 0.0},
    "claude-haiku-4-5": {"litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": 1e-06,
        "output_cost_per_token": 5e-06, "cache_read_input_token_cost": 1e-07,
        "cache_creation_input_token_cost": 1.25e-06, "cache_creation_input_token_cost_above_1hr": 2e-06,
        "search_context_cost_per_query": {"search_context_size_low": 0.01, "search_context_size_high": 0.03}},
    "claude-without-hour": {"litellm_provider": "anthropic", "mode": "chat", "input_cost_per_token": 1e-06,
        "output_cost_per_token": 5e-06, "cache_read_input_token_cost": 1e-07,
        "cache_creation_input_token_cost": 1.25e-06},
    "gpt-5.4": {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 2.5e-06,
        "output_cost_per_token": "0.000015", "cache_read_input_token_cost": 2.5e-07,
        "input_cost_per_token_above_272k_tokens": 5e-06, "output_cost_per_token_above_272k_tokens": 2.25e-05,
        "cache_read_input_token_cost_above_272k_tokens": 5e-07, "input_cost_per_token_priority": 5e-06},
    "noise": {"mode": "chat", "input_cost_per_token": 1.2499999999999999e-06, "output_cost_per_token": 5e-06},
    "half-said": {"mode": "chat", "input_cost_per_token": 1e-06},
    "thinker": {"mode": "chat", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06,
        "output_cost_per_reasoning_token": 3e-06},
    "embedder": {"mode": "embedding", "input_cost_per_token": 1e-06, "output_cost_per_token": 0},
    "odd": 5}"#;

#[test]
fn litellms_list_is_read_exactly() {
    let file = read(LITELLM, |_| true).expect("a file");
    let price = |model: &str| file.prices.iter().find(|listed| listed.model == model).expect("a price");
    let haiku = price("claude-haiku-4-5");
    assert_eq!(
        haiku.price.base().classes().map(|(_, price)| price),
        [1_000_000, 100_000, 1_250_000, 2_000_000, 5_000_000]
    );
    assert_eq!((haiku.price.per_search, haiku.note.as_str()), (Some(30_000_000_000), ""));
    let gpt = price("gpt-5.4");
    assert_eq!(
        gpt.price.base().classes().map(|(_, price)| price),
        [2_500_000, 250_000, 2_500_000, 2_500_000, 15_000_000]
    );
    assert_eq!(gpt.price.tiers[0].above, 272_000);
    assert_eq!(
        gpt.price.tiers[0].prices.classes().map(|(_, price)| price),
        [5_000_000, 500_000, 5_000_000, 5_000_000, 22_500_000]
    );
    assert_eq!(gpt.note, "not given, taken as input: cache write 1h, cache write 5m");
    assert_eq!(file.prices.len(), 2, "{:?}", file.prices);
    let refused: BTreeMap<&str, &str> =
        file.refused.iter().map(|(model, why)| (model.as_str(), why.as_str())).collect();
    assert_eq!(
        refused.keys().copied().collect::<Vec<_>>(),
        ["claude-without-hour", "half-said", "noise", "odd", "thinker"]
    );
    assert!(refused["claude-without-hour"].contains("above_1hr"));
    assert!(refused["noise"].contains("whole pico-dollars"));
    assert_eq!(read(LITELLM, |model| model == "gpt-5.4").expect("a file").prices.len(), 1);
}

#[test]
fn decimals_are_read_as_written() {
    for (text, expected) in [
        ("0", Some(0)),
        ("0.0e5", Some(0)),
        ("1", Some(1_000_000_000_000)),
        ("1e-12", Some(1)),
        ("10E-13", Some(1)),
        ("1.5e-12", None),
        ("0.000000000001", Some(1)),
        ("0.0000000000010", Some(1)),
        ("0.0000000000001", None),
        ("1e-400", None),
        ("1e400", None),
        ("-1", None),
        ("+1", None),
        ("", None),
        (".5", None),
        ("5.", None),
        ("NaN", None),
        ("1_0", None),
        ("99999999999999999999999999999999999999999", None),
    ] {
        assert_eq!(scaled(text, 12), expected, "{text}");
    }
}

proptest! {
    /// However a price is written, it is the same price.
    #[test]
    fn every_way_to_write_it_is_the_same(pico in 0..1_000_000_000_000i64, shift in 0..12usize) {
        let plain = format!("0.{pico:012}");
        let (whole, rest) = (pico / 10_i64.pow(shift as u32), pico % 10_i64.pow(shift as u32));
        let shifted = format!("{whole}.{rest:0width$}e-{}", 12 - shift, width = shift.max(1));
        let shifted = if shift == 0 { format!("{pico}e-12") } else { shifted };
        for text in [plain, shifted] {
            prop_assert_eq!(scaled(&text, 12), Some(pico), "{}", text);
        }
    }

    #[test]
    fn no_text_makes_it_panic(text in "\\PC{0,40}") {
        let _ = scaled(&text, 12);
        let _ = read(&text, |_| true);
    }
}
