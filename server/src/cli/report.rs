//! `steward report [CODE]`: what was used, divided by one thing, as a table or as CSV. The operator also sees what the
//! providers ask and the margin.

use app::{
    model::{Date, Lang, TenantCode, UsageBy, UsageRow},
    words::usage::row_name,
};
use clap::Args;

use super::tenants::{Failure, PAGE, get_tenant, in_plain_words, list_all};
use crate::{
    db::{
        Db, SystemReason, SystemTx,
        ledger::Books,
        tenant::{Tenant, tenant_list},
        usage_day::sums::DayRange,
    },
    error::{Error, Result},
    usage::report::{
        breakdown::{Which, days, listing, total},
        csv::{Audience, dollars, header, line, margin, tool_line},
        month_in,
    },
    world::World,
};

/// Without a tenant: one row for each.
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// The tenant's short name; without: all of them, by tenant.
    pub code: Option<TenantCode>,
    /// tenant, day, person, group, key, profile, model, purpose, format or tool.
    #[arg(long, value_parser = parse_by, default_value = "model")]
    pub by: UsageBy,
    /// First day, YYYY-MM-DD in the tenant's zone. Without: the first of this month.
    #[arg(long)]
    pub from: Option<Date>,
    /// Last day, itself included. Without: the last of this month.
    #[arg(long)]
    pub to: Option<Date>,
    /// As CSV.
    #[arg(long)]
    pub csv: bool,
}

fn parse_by(word: &str) -> std::result::Result<UsageBy, String> {
    UsageBy::parse(word).ok_or_else(|| {
        let known: Vec<&str> = UsageBy::ALL.into_iter().map(UsageBy::as_str).collect();
        format!("choose one of: {}", known.join(", "))
    })
}

impl ReportArgs {
    /// Runs it and prints the report, part by part.
    ///
    /// # Errors
    /// In words for the person at the terminal.
    pub async fn run(self, db: &Db, world: &World) -> std::result::Result<(), Failure> {
        self.execute(db, world, &mut std::io::stdout()).await.map_err(in_plain_words)
    }

    /// Runs it, writing to `out`.
    ///
    /// # Errors
    /// In words for the person at the terminal.
    pub async fn execute(self, db: &Db, world: &World, out: &mut (impl std::io::Write + Send)) -> Result<()> {
        let mut tx = db.read_system(SystemReason::Administration).await?;
        let Some(code) = &self.code else { return self.all(&mut tx, world, out).await };
        let tenant = get_tenant(&mut tx, code.as_str()).await?;
        let range = self.range(&tx, world, &tenant)?;
        let is_of_tools = self.by == UsageBy::Tool;
        let top = match (self.csv, is_of_tools) {
            (true, _) => header(self.by, Audience::Operator),
            (false, false) => format!("{} to {}, days of {}\n{TITLES}", range.first, range.last, tenant.time_zone),
            (false, true) => format!("{} to {}\ntool: calls, failed, denied, seconds\n", range.first, range.last),
        };
        write(out, &top)?;
        let mut after: Option<String> = None;
        loop {
            let which = Which { after: after.as_deref(), dearest_first: false, limit: PAGE };
            let part = listing(&mut tx, &range, self.by, which).await?;
            for row in &part.rows {
                write(out, &self.row(row, &row_name(Lang::English, self.by, row)))?;
            }
            for tool in &part.tools {
                let text = if self.csv {
                    tool_line(tool)
                } else {
                    let seconds = tool.duration_ms.div_euclid(1_000);
                    format!("{}: {}, {}, {}, {seconds}\n", tool.tool, tool.calls, tool.failed_calls, tool.denied_calls)
                };
                write(out, &text)?;
            }
            after = part.next;
            if after.is_none() {
                break;
            }
        }
        if !self.csv && !is_of_tools {
            write(out, &self.row(&total(&mut tx, &range).await?, "everything"))?;
        }
        Ok(())
    }

    /// Each tenant on a line.
    async fn all(&self, tx: &mut SystemTx, world: &World, out: &mut (impl std::io::Write + Send)) -> Result<()> {
        if self.by != UsageBy::Tenant && self.by != UsageBy::Model {
            return Err(Error::invalid("--by", "name the tenant: only the sums of tenants stand beside each other"));
        }
        let tenants: Vec<Tenant> =
            list_all!(after, limit => tenant_list(tx, &after, limit).await?, |last: &Tenant| last.code.to_string());
        write(out, &if self.csv { header(UsageBy::Tenant, Audience::Operator) } else { TITLES.to_owned() })?;
        for tenant in &tenants {
            let range = self.range(tx, world, tenant)?;
            let mut row = total(tx, &range).await?;
            row.key = tenant.code.to_string();
            row.name = Some(tenant.name.clone());
            write(out, &self.row(&row, tenant.code.as_str()))?;
        }
        Ok(())
    }

    fn range(&self, tx: &SystemTx, world: &World, tenant: &Tenant) -> Result<DayRange> {
        let (first, last) = days(self.from, self.to, month_in(tenant.time_zone, world)?)?;
        Ok(DayRange { books: Books::within(tx, tenant.id), first, last, user: None })
    }

    fn row(&self, row: &UsageRow, name: &str) -> String {
        if self.csv {
            return line(self.by, row, Audience::Operator);
        }
        format!(
            "{name:<40} {:>9} {:>9} {:>7} {:>13} {:>12} {:>16} {:>16} {:>14} {:>14}  {}\n",
            row.requests,
            row.estimated_calls,
            row.unknown_calls,
            row.tokens.input_total(),
            row.tokens.output,
            dollars(row.cost),
            dollars(row.list_cost),
            dollars(margin(row)),
            dollars(row.saving),
            row.detail.as_deref().unwrap_or_default()
        )
    }
}

/// Above the columns of [`ReportArgs::row`].
const TITLES: &str = "                                          requests estimated unknown         input       output             cost        list cost         margin         saving\n";

fn write(out: &mut impl std::io::Write, text: &str) -> Result<()> {
    out.write_all(text.as_bytes()).map_err(Error::internal)
}
