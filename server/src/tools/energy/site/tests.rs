use super::*;

fn site() -> Site {
    let device = |id: i64, code: &str, name: &str, parent_id: Option<i64>| Device {
        id,
        code: code.into(),
        name: name.into(),
        parent_id,
    };
    let tag = |name: &str, device_id: i64| Tag { kind: "department".into(), name: name.into(), device_id };
    Site {
        devices: vec![
            device(11, "PRS-MAIN", "Main Incomer", None),
            device(12, "PRS-C1", "Compressor 1", Some(11)),
            device(13, "PRS-C3", "Compressor 3", Some(11)),
            device(14, "PRS-LOOM", "Loom Hall A", Some(11)),
        ],
        tags: vec![tag("Utilities", 12), tag("Utilities", 13), tag("All", 11), tag("All", 14)],
        aggregations: vec![Aggregation {
            name: "Unmetered".into(),
            kind: "net".into(),
            formula: "11-(12+13+14)".into(),
        }],
        lang: Lang::English,
    }
}

fn refusal<T>(result: Result<T, ToolError>) -> String {
    match result {
        Err(ToolError::Refused(reason)) => reason,
        _ => panic!("not refused"),
    }
}

#[test]
fn a_device_is_found_as_people_call_it() {
    let site = site();
    for text in ["13", "prs-c3", "PRSC3", "Compressor 3", "compressor-3", " COMPRESSOR  3 "] {
        assert_eq!(site.device(text).map(|device| device.id).ok(), Some(13), "{text}");
    }
    assert_eq!(site.device("loom").map(|device| device.id).ok(), Some(14));
}

#[test]
fn what_is_unclear_or_unknown_is_refused_with_names_of_this_tenant() {
    let site = site();
    assert_eq!(
        refusal(site.device("compressor")),
        "\"compressor\" could be Compressor 1 (PRS-C1) or Compressor 3 (PRS-C3). Which one?"
    );
    assert!(refusal(site.device("Compresor 3")).contains("closest are Compressor 3"));
    assert!(refusal(site.device("!!!")).contains("There is no device"));
    assert!(refusal(site.tag("utility")).contains("Utilities"));
    let nothing = Site { devices: Vec::new(), tags: Vec::new(), aggregations: Vec::new(), lang: Lang::English };
    assert!(refusal(nothing.device("x")).contains("no devices are set up"));
}

#[test]
fn a_sum_counts_nothing_twice() {
    let site = site();
    let ids = |arguments: ScopeArguments| -> Vec<i64> {
        site.target(&arguments).unwrap().terms.iter().map(|(device, _)| device.id).collect()
    };
    assert_eq!(ids(ScopeArguments::default()), [11]);
    assert_eq!(ids(ScopeArguments { tag: Some("all".into()), ..Default::default() }), [11]);
    assert_eq!(ids(ScopeArguments { tag: Some("utilities".into()), ..Default::default() }), [12, 13]);
    assert_eq!(ids(ScopeArguments { aggregation: Some("unmetered".into()), ..Default::default() }), [11, 12, 13, 14]);
    assert_eq!(site.leaves_below(11).len(), 3);
    assert!(site.leaves_below(13).is_empty());
}

#[test]
fn one_meter_by_id_and_by_code_is_one_term() {
    let target = site().target(&ScopeArguments { formula: Some("13+[PRS-C3]".into()), ..Default::default() }).unwrap();
    assert_eq!(target.terms.len(), 1);
    assert_eq!(target.terms[0].1.of(10), Some(20));
}

#[test]
fn two_scopes_are_refused() {
    let both = ScopeArguments { device: Some("13".into()), tag: Some("All".into()), ..Default::default() };
    assert!(refusal(site().target(&both)).contains("at most one"));
    assert!(
        refusal(site().target(&ScopeArguments { formula: Some("99".into()), ..Default::default() })).contains("\"99\"")
    );
}
