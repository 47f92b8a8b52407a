//! Settlements that cannot be written because the database is away: lines of a file, synced to the disk, written to the
//! books when it is back or when the server starts again.
//!
//! What must hold: a line is in the file before its hold is given up; the file is emptied only after all its lines are
//! committed; a line that is written twice settles once (the call's compare-and-set). Several processes may share the
//! file: each use locks it. A last line that a crash cut off is left alone, the sweeper settles its call.

use std::{
    collections::BTreeSet,
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use app::model::{ModelCallId, TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    CallOutcome, Ending,
    settle::{Due, settle_calls},
    settlement::Bounds,
};
use crate::{
    db::{
        self, Db, SystemReason,
        ledger::Books,
        model_call::open::{OpenCall, call_open},
    },
    error::{Error, Result},
    models::ReportedUsage,
    world::World,
};

/// Lines settled in one transaction.
const AT_ONCE: usize = 200;

/// Calls whose settlements wait in this process's file. The sweeper knows less of them and leaves them alone.
static WAITING: Mutex<BTreeSet<ModelCallId>> = Mutex::new(BTreeSet::new());

fn waiting() -> MutexGuard<'static, BTreeSet<ModelCallId>> {
    WAITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a call's settlement waits in the file.
pub(super) fn is_waiting(call: ModelCallId) -> bool {
    waiting().contains(&call)
}

/// One settlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    pub tenant: TenantId,
    pub call: ModelCallId,
    pub ending: Ending,
    pub reported: ReportedUsage,
    pub received_bytes: i64,
    pub at: Timestamp,
}

impl Line {
    fn outcome(&self) -> CallOutcome {
        CallOutcome { ending: self.ending, reported: self.reported, received_bytes: self.received_bytes }
    }
}

/// Where settlements wait for the database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Spill {
    path: Option<Arc<PathBuf>>,
}

impl Spill {
    #[must_use]
    pub fn to(path: PathBuf) -> Self {
        Self { path: Some(Arc::new(path)) }
    }

    /// There is no such place: the sweeper settles what cannot be written.
    #[must_use]
    pub fn nowhere() -> Self {
        Self { path: None }
    }

    /// Whether something may wait.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Some(path) = &self.path else { return true };
        std::fs::metadata(path.as_path()).map_or(true, |file| file.len() == 0)
    }

    /// Puts settlements into the file; they are on the disk when this returns. `false`: there is no place for them.
    ///
    /// # Errors
    /// Of the file system; nothing is kept then, or a part that settles once like everything.
    pub(super) async fn keep(&self, lines: Vec<Line>) -> io::Result<bool> {
        let Some(path) = self.path.clone() else { return Ok(false) };
        let calls: Vec<ModelCallId> = lines.iter().map(|line| line.call).collect();
        let mut text = String::new();
        for line in &lines {
            text.push_str(&serde_json::to_string(line)?);
            text.push('\n');
        }
        tokio::task::spawn_blocking(move || append(&path, &text)).await.map_err(io::Error::other)??;
        metrics::counter!("steward_settlements_spilled_total").increment(calls.len().try_into().unwrap_or(u64::MAX));
        tracing::warn!(calls = calls.len(), "the books cannot be written: settlements wait in a file");
        waiting().extend(calls);
        Ok(true)
    }

    /// Writes to the books what waits, and empties the file. Gives how many calls were settled by it.
    ///
    /// # Errors
    /// Of the database or the file; everything stays in the file then.
    pub async fn replay(&self, db: &Db, world: &World) -> Result<u64> {
        let Some(path) = self.path.clone().filter(|_| !self.is_empty()) else { return Ok(0) };
        let read = tokio::task::spawn_blocking(move || open_and_read(&path)).await.map_err(Error::internal)?;
        let Some((mut file, text)) = read.map_err(Error::internal)? else { return Ok(0) };
        let lines = parse(&text);
        let mut settled = 0;
        for some in lines.chunks(AT_ONCE) {
            settled += book(db, world, some).await?;
        }
        let emptied = tokio::task::spawn_blocking(move || empty(&mut file)).await.map_err(Error::internal)?;
        emptied.map_err(Error::internal)?;
        let mut waiting = waiting();
        for line in &lines {
            waiting.remove(&line.call);
        }
        tracing::warn!(lines = lines.len(), settled, "settlements that waited in a file are in the books");
        Ok(settled)
    }
}

/// Settles those of the calls that are open.
async fn book(db: &Db, world: &World, lines: &[Line]) -> db::Result<u64> {
    let mut tx = db.begin_system(SystemReason::Sweeper).await?;
    let mut open: Vec<(Books, OpenCall, CallOutcome)> = Vec::with_capacity(lines.len());
    let mut seen = BTreeSet::new();
    for line in lines {
        let books = Books::within(&tx, line.tenant);
        if seen.insert(line.call)
            && let Some(call) = call_open(books, &mut tx, line.call).await?
        {
            open.push((books, call, line.outcome()));
        }
    }
    let due = open.iter().map(|(books, call, outcome)| Due {
        books: *books,
        call: call.id,
        bounds: Bounds {
            input: call.input_bound,
            output_cap: call.output_cap,
            price: call.price.as_ref(),
            baseline: call.baseline.as_ref(),
        },
        outcome: *outcome,
    });
    let settled = settle_calls(&mut tx, world, due.collect()).await?.settled;
    if settled > 0 {
        tx.commit(world.id(), world.now(), &format!("{settled} settlements of a file")).await?;
    }
    Ok(settled)
}

/// The lines that can be read. One that cannot is logged; the sweeper settles its call.
fn parse(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    for (at, line) in text.lines().enumerate() {
        match serde_json::from_str(line) {
            Ok(line) => lines.push(line),
            Err(_) if line.trim().is_empty() => {}
            Err(error) => tracing::error!(line = at + 1, %error, "a settlement that waited cannot be read"),
        }
    }
    lines
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    if let Some(folder) = folder {
        std::fs::create_dir_all(folder)?;
    }
    let is_new = !path.exists();
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    file.lock()?;
    let mut text = text;
    let joined;
    if is_cut_off(&mut file)? {
        joined = format!("\n{text}");
        text = &joined;
    }
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    if is_new && let Some(folder) = folder {
        // The name of the file must survive a power cut, too.
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Whether the last line has no end: whoever wrote it died.
fn is_cut_off(file: &mut File) -> io::Result<bool> {
    if file.metadata()?.len() == 0 {
        return Ok(false);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0; 1];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

/// The locked file and what is in it; `None`: nothing.
fn open_and_read(path: &Path) -> io::Result<Option<(File, String)>> {
    let mut file = match OpenOptions::new().read(true).write(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    file.lock()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok((!text.is_empty()).then_some((file, text)))
}

fn empty(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn line(call: u128) -> Line {
        Line {
            tenant: TenantId(Uuid::nil()),
            call: ModelCallId(Uuid::from_u128(call)),
            ending: Ending::Aborted,
            reported: ReportedUsage { input: Some(3), ..ReportedUsage::default() },
            received_bytes: 9,
            at: Timestamp(1),
        }
    }

    #[tokio::test]
    async fn what_is_kept_is_read_again_and_a_cut_off_line_spoils_no_other() -> Result<()> {
        let folder = tempfile::tempdir().map_err(Error::internal)?;
        let path = folder.path().join("below").join("unsettled.jsonl");
        let spill = Spill::to(path.clone());
        assert!(spill.is_empty());
        assert!(spill.keep(vec![line(1), line(2)]).await.map_err(Error::internal)?);
        assert!(is_waiting(line(1).call) && !is_waiting(line(77).call));
        // The third is cut off in the middle.
        let mut text = std::fs::read_to_string(&path).map_err(Error::internal)?;
        text.push_str(r#"{"tenant":"0000"#);
        std::fs::write(&path, text).map_err(Error::internal)?;
        assert!(spill.keep(vec![line(4)]).await.map_err(Error::internal)?);
        let (mut file, text) = open_and_read(&path).map_err(Error::internal)?.ok_or(Error::NotFound)?;
        assert_eq!(parse(&text), [line(1), line(2), line(4)]);
        empty(&mut file).map_err(Error::internal)?;
        assert!(spill.is_empty());
        assert!(!Spill::nowhere().keep(vec![line(5)]).await.map_err(Error::internal)?);
        Ok(())
    }
}
