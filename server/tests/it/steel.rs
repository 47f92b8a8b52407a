//! The real year of a steel plant (`../shared/data/steel-2018` beside the repository), imported with the documented
//! options, against sums taken from the file itself. Where the folder is absent there is nothing to check, and it is said.

use std::{collections::BTreeMap, path::PathBuf};

use app::model::Role;
use clap::Parser;
use serde_json::{Value, json};
use server::{cli::import::ImportCommand, tools::energy::import};

use crate::{energy::ask, support::db::db_test};

#[derive(Parser)]
struct Steward {
    #[command(subcommand)]
    command: ImportCommand,
}

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/steel-2018/readings.csv")
}

/// kWh per month in hundredths, summed from the text: month by the date as written, because midnight is written with the
/// day it ends.
fn months_in_the_file(text: &str) -> BTreeMap<String, i64> {
    let mut months = BTreeMap::new();
    for line in text.lines().skip(1) {
        let (date, usage) = (line.split(' ').next().expect("a day"), line.split(',').nth(1).expect("a usage"));
        let month: u32 = date.split('/').nth(1).expect("a month").parse().expect("a number");
        let (whole, fraction) = usage.split_once('.').unwrap_or((usage, ""));
        let hundredths: i64 = format!("{whole}{fraction:0<2}").parse().expect("at most two decimals");
        *months.entry(format!("2018-{month:02}")).or_default() += hundredths;
    }
    months
}

db_test! {
    async fn a_real_year_comes_out_right_per_month(t: TestDb) {
        let path = file();
        let Ok(text) = std::fs::read_to_string(&path) else {
            println!("skipped: {} is not there", path.display());
            return;
        };
        let scope = t.scope("steel", Role::Admin).await;
        // The command of the documentation.
        let name = path.display().to_string();
        let command = Steward::try_parse_from([
            "steward", "readings", &name, "--tenant", "steel", "--device", "STEEL:Steel Plant", "--time-column", "date",
            "--time-format", "%d/%m/%Y %H:%M", "--time-zone", "Asia/Seoul", "--interval-end", "--midnight-belongs-to-previous-day",
            "--kind", "interval", "--map", "Usage_kWh=active_energy",
            "--map", "Lagging_Current_Reactive.Power_kVarh=reactive_energy_lagging",
            "--map", "Leading_Current_Reactive_Power_kVarh=reactive_energy_leading",
            "--map", "CO2(tCO2)=co2:t", "--map", "Lagging_Current_Power_Factor=power_factor:percent",
        ]).expect("the documented command");
        // The plant's days are those of its zone.
        let scope = crate::energy_import::in_zone(&t, &scope, chrono_tz::Asia::Seoul).await;
        let ImportCommand::Readings(args) = command.command;
        for _ in 0..2 {
            let imported = import::readings(&t.db, &scope, text.as_bytes(), &args.options(scope.time_zone()), |_| {}).await.expect("an import");
            assert_eq!((imported.rows, imported.readings), (35_040, 35_040 * 5));
        }
        let expected: BTreeMap<String, f64> =
            months_in_the_file(&text).into_iter().map(|(month, hundredths)| (month, (hundredths * 10_000) as f64 / 1e6)).collect();
        assert_eq!(expected.len(), 12);

        let year = json!({ "from": "2018-01-01", "to": "2018-12-31" });
        let by_month = ask(&t, &scope, "energy_and_cost", json!({ "device": "STEEL", "period": year, "group_by": "month" })).await;
        let rows = |answer: &Value| -> Vec<(String, f64)> {
            answer["rows"].as_array().unwrap().iter().map(|row| (row["key"].as_str().unwrap().to_owned(), row["kwh"].as_f64().unwrap())).collect()
        };
        assert_eq!(rows(&by_month).into_iter().collect::<BTreeMap<_, _>>(), expected);

        // Days, month by month: a year of them is more than a model is given at once.
        let mut summed: BTreeMap<String, i64> = BTreeMap::new();
        let mut count = 0;
        for month in expected.keys() {
            let last = ["31", "28", "31", "30", "31", "30", "31", "31", "30", "31", "30", "31"][month[5..].parse::<usize>().unwrap() - 1];
            let period = json!({ "from": format!("{month}-01"), "to": format!("{month}-{last}") });
            let by_day = ask(&t, &scope, "energy_and_cost", json!({ "device": "STEEL", "period": period, "group_by": "day" })).await;
            for (day, kwh) in rows(&by_day) {
                *summed.entry(day[..7].to_owned()).or_default() += (kwh * 1e6).round() as i64;
                count += 1;
            }
        }
        assert_eq!(count, 365);
        let summed: BTreeMap<String, f64> = summed.into_iter().map(|(month, micro)| (month, micro as f64 / 1e6)).collect();
        assert_eq!(summed, expected);
    }
}
