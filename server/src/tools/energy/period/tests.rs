use super::*;
use proptest::prelude::*;
use serde_json::json;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn keywords_mean_whole_local_days() {
    let tuesday = day("2026-03-10");
    let dates = |keyword: Keyword| Period::named(keyword, tuesday).dates(app::model::Lang::English);
    assert_eq!(dates(Keyword::Today), "2026-03-10");
    assert_eq!(dates(Keyword::Yesterday), "2026-03-09");
    assert_eq!(dates(Keyword::ThisWeek), "2026-03-09 to 2026-03-10");
    assert_eq!(dates(Keyword::LastWeek), "2026-03-02 to 2026-03-08");
    assert_eq!(dates(Keyword::ThisMonth), "2026-03-01 to 2026-03-10");
    assert_eq!(dates(Keyword::LastMonth), "2026-02-01 to 2026-02-28");
    assert_eq!(dates(Keyword::Last7Days), "2026-03-03 to 2026-03-09");
    assert_eq!(dates(Keyword::Last30Days), "2026-02-08 to 2026-03-09");
    assert!(Period::named(Keyword::ThisWeek, tuesday).is_running());
    assert!(!Period::named(Keyword::Yesterday, tuesday).is_running());
}

#[test]
fn wrong_periods_are_explained() {
    let today = day("2026-03-10");
    let refused = |from: &str, to: &str| Period::parse(&json!({ "from": from, "to": to }), today).unwrap_err();
    assert!(refused("2026-03-02", "2026-03-01").contains("before it starts"));
    assert!(refused("2026-02-30", "2026-03-01").contains("no such day"));
    assert!(refused("2020-01-01", "2026-03-01").contains("at most 400 days"));
    assert!(refused("9999-01-01", "9999-01-02").contains("between"));
}

#[test]
fn days_have_23_to_25_hours() {
    let hours = |zone: Tz, date: &str| {
        let (start, end) = Period::between(day(date), day(date), day(date)).unwrap().seconds(zone);
        (end - start) as f64 / 3600.0
    };
    assert_eq!(hours(chrono_tz::Europe::Berlin, "2026-03-29"), 23.0);
    assert_eq!(hours(chrono_tz::Europe::Berlin, "2026-10-25"), 25.0);
    assert_eq!(hours(chrono_tz::Asia::Jakarta, "2026-03-29"), 24.0);
    assert_eq!(hours(chrono_tz::America::Sao_Paulo, "2018-11-04"), 23.0, "midnight was skipped");
    assert_eq!(hours(chrono_tz::Australia::Lord_Howe, "2026-04-05"), 24.5);
    assert_eq!(hours(chrono_tz::Pacific::Apia, "2011-12-30"), 0.0, "a day that never was");
}

#[test]
fn instants_are_written_in_local_time_and_utc() {
    let ts = 1_773_104_400; // 2026-03-10 01:00 UTC
    assert_eq!(local_text(chrono_tz::Asia::Jakarta, ts), "2026-03-10 08:00");
    assert_eq!(utc_text(ts), "2026-03-10T01:00:00Z");
}

proptest! {
    #[test]
    fn every_instant_is_in_the_day_it_is_said_to_be(ts in 0i64..4_000_000_000, zone in 0usize..4) {
        let zones = [chrono_tz::Asia::Jakarta, chrono_tz::Europe::Berlin, chrono_tz::America::St_Johns, chrono_tz::Pacific::Apia];
        let zone = zones[zone];
        let (date, _) = local(zone, ts);
        let start = day_start(zone, date);
        let end = day_start(zone, Date::from_days(date.to_days() + 1));
        prop_assert!(start <= ts && ts < end, "{date} {start} {ts} {end}");
    }
}
