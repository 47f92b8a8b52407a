use proptest::prelude::*;

use super::*;

fn options() -> Options {
    Options {
        device_code: "D1".into(),
        device_name: None,
        time_column: "date".into(),
        time_format: "%d/%m/%Y %H:%M".into(),
        zone: chrono_tz::Asia::Jakarta,
        stamp: Stamp::IntervalEnd,
        midnight_ends_its_day: true,
        columns: vec![Column { name: "kWh".into(), quantity: Quantity::ActiveEnergy, factor: 1.0 }],
        kind: SourceKind::Interval,
    }
}

fn read(text: &str, options: &Options) -> Vec<Result<Row, BadRow>> {
    let mut rows = Rows::open(text.as_bytes(), options).unwrap();
    std::iter::from_fn(|| rows.next_row()).take(100).collect()
}

#[test]
fn the_quirks_of_real_files_are_read() {
    let text = "\u{FEFF}date,kWh,label\n1/1/2018 0:15,3.17,\"a, \"\"b\"\"\"\n1/1/2018 0:00,4,x\n2/1/2018 0:15, ,\n";
    let rows: Vec<Row> = read(text, &options()).into_iter().map(Result::unwrap).collect();
    let midnight = 1_514_739_600; // 2018-01-01 00:00 in Jakarta
    assert_eq!(rows[0], Row { line: 2, ts: midnight, values: vec![(Quantity::ActiveEnergy, 3.17)] });
    assert_eq!(rows[1].ts, midnight + 95 * 900, "00:00 ends the day it is written with");
    assert_eq!((rows[2].ts, rows[2].values.len()), (midnight + 96 * 900, 0), "an empty cell is no reading");
}

#[test]
fn bad_rows_are_named_by_line_and_reason() {
    for (row, reason) in [
        ("32/1/2018 0:15,1", "not a time"),
        ("1/1/2018 0:10,1", "quarter hour"),
        ("1/1/1818 0:15,1", "between 1970"),
        ("1/1/2018 0:15,abc", "kWh: \"abc\" is not a number"),
        ("1/1/2018 0:15,NaN", "not a number"),
        ("1/1/2018 0:15,-1", "negative"),
        ("1/1/2018 0:15,1e300", "too large"),
        ("1/1/2018 0:15,1,2", "it has 3 columns"),
        (",", "not a time"),
    ] {
        let rows = read(&format!("date,kWh\n1/1/2018 0:15,1\n{row}\n"), &options());
        let bad = rows[1].clone().unwrap_err();
        assert!(bad.line == 3 && bad.reason.contains(reason), "{row}: {bad:?}");
    }
}

#[test]
fn clocks_put_back_and_forward_are_understood() {
    let berlin = Options { zone: chrono_tz::Europe::Berlin, stamp: Stamp::IntervalStart, ..options() };
    let back: Vec<i64> = read("date,kWh\n25/10/2026 02:30,1\n25/10/2026 02:45,1\n25/10/2026 02:00,1\n25/10/2026 02:15,1\n25/10/2026 03:00,1\n", &berlin)
        .into_iter()
        .map(|row| row.unwrap().ts)
        .collect();
    assert_eq!(back.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>(), [900, 900, 900, 2_700]);
    let forward = read("date,kWh\n29/03/2026 02:30,1\n", &berlin);
    assert!(forward[0].clone().unwrap_err().reason.contains("did not exist"));
}

#[test]
fn missing_columns_and_wrong_options_are_named() {
    let missing = Rows::open("time,kW\n".as_bytes(), &options()).err().unwrap();
    assert_eq!(missing, "there is no column \"date\"; there are time, kW");
    assert!(Options { device_code: "a\nb".into(), ..options() }.check().is_err());
    assert!(Options { columns: Vec::new(), ..options() }.check().is_err());
    let twice = [options().columns, options().columns].concat();
    assert!(Options { columns: twice, ..options() }.check().is_err());
}

proptest! {
    #[test]
    fn no_file_makes_the_reader_panic(text in "(date,kWh\n)?[0-9/: ,\n\"a-]{0,200}") {
        let options = options();
        if let Ok(mut rows) = Rows::open(text.as_bytes(), &options) {
            for _ in 0..300 {
                if rows.next_row().is_none() { break; }
            }
        }
    }
}
