//! Settlements that cannot be written because the database is away: lines of a file, synced to the disk, written to the
//! books when it is back or when the server starts again.
//!
//! What must hold: a line is in the file before its hold is given up; it is taken out only after it is committed, and never
//! by a server of another database, which does not know its call; a line that is written twice settles once (the call's
//! compare-and-set). Several processes may share the file: each use takes the lock beside it. A last line that a crash cut
//! off is left alone, the sweeper settles its call.

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
    CallOutcome, Ending, Hold,
    settle::{Due, settle_calls},
    settlement::Bounds,
};
use crate::{
    db::{
        self, Db, SystemReason,
        ledger::Books,
        model_call::{
            call_booked,
            open::{OpenCall, call_open},
        },
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
    pub(super) fn new(tenant: TenantId, call: ModelCallId, outcome: &CallOutcome, at: Timestamp) -> Self {
        let CallOutcome { ending, reported, received_bytes } = *outcome;
        Self { tenant, call, ending, reported, received_bytes, at }
    }

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

    /// As `keep`, for the bills of a turn; whether they are safe. Without bills they are.
    pub async fn keep_calls(&self, tenant: TenantId, calls: &[(Hold, CallOutcome)], at: Timestamp) -> bool {
        if calls.is_empty() {
            return true;
        }
        let line = |(hold, outcome): &(Hold, CallOutcome)| Line::new(tenant, hold.call(), outcome, at);
        match self.keep(calls.iter().map(line).collect()).await {
            Ok(is_kept) => is_kept,
            Err(error) => {
                tracing::error!(%error, "a turn's bills can be written neither to the books nor to their file");
                false
            }
        }
    }

    /// Puts settlements into the file; they are on the disk when this returns. `false`: there is no place for them.
    ///
    /// # Errors
    /// Of the file system; nothing is kept then, or a part that settles once like everything.
    pub(super) async fn keep(&self, lines: Vec<Line>) -> io::Result<bool> {
        let Some(path) = self.path.clone() else { return Ok(false) };
        let calls: Vec<ModelCallId> = lines.iter().map(|line| line.call).collect();
        let text = in_text(&lines)?;
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
        Ok(self.replay_all(db, world).await?.0)
    }

    /// As [`Spill::replay`]; also how many lines stay in the file, for they are another database's.
    pub(super) async fn replay_all(&self, db: &Db, world: &World) -> Result<(u64, usize)> {
        let Some(path) = self.path.clone().filter(|_| !self.is_empty()) else { return Ok((0, 0)) };
        let at = path.clone();
        let read = tokio::task::spawn_blocking(move || lock_and_read(&at)).await.map_err(Error::internal)?;
        let (lock, text) = read.map_err(Error::internal)?;
        let lines = parse(&text);
        let (mut settled, mut kept) = (0, Vec::new());
        for some in lines.chunks(AT_ONCE) {
            settled += book(db, world, some, &mut kept).await?;
        }
        let is_changed = kept.len() < lines.len() || lines.is_empty();
        if is_changed {
            let left = in_text(&kept).map_err(Error::internal)?;
            let written = tokio::task::spawn_blocking(move || replace(&path, &left, lock)).await;
            written.map_err(Error::internal)?.map_err(Error::internal)?;
            tracing::warn!(lines = lines.len(), settled, kept = kept.len(), "settlements of a file are in the books");
        }
        let kept: BTreeSet<ModelCallId> = kept.iter().map(|line| line.call).collect();
        let mut waiting = waiting();
        for line in lines.iter().filter(|line| !kept.contains(&line.call)) {
            waiting.remove(&line.call);
        }
        Ok((settled, kept.len()))
    }
}

/// Settles those of the calls that are open; lines whose calls are not in this database are `kept`.
async fn book(db: &Db, world: &World, lines: &[Line], kept: &mut Vec<Line>) -> db::Result<u64> {
    let mut tx = db.begin_system(SystemReason::Sweeper).await?;
    let mut open: Vec<(Books, OpenCall, CallOutcome)> = Vec::with_capacity(lines.len());
    let mut seen = BTreeSet::new();
    for line in lines {
        let books = Books::within(&tx, line.tenant);
        if !seen.insert(line.call) {
            continue;
        }
        if let Some(call) = call_open(books, &mut tx, line.call).await? {
            open.push((books, call, line.outcome()));
        } else if call_booked(books, &mut tx, line.call).await?.is_none() {
            kept.push(line.clone());
        }
    }
    let due = open.iter().map(|(books, call, outcome)| Due {
        books: *books,
        call: call.id,
        bounds: Bounds {
            input: call.input_bound,
            output_cap: call.output_cap,
            searches: call.search_bound,
            price: call.price.as_ref(),
            baseline: call.baseline.as_ref(),
        },
        outcome: *outcome,
        is_rated: true,
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

fn in_text(lines: &[Line]) -> io::Result<String> {
    let mut text = String::new();
    for line in lines {
        text.push_str(&serde_json::to_string(line)?);
        text.push('\n');
    }
    Ok(text)
}

/// `unsettled.jsonl` and `.lock`: `unsettled.jsonl.lock`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Who has this file open has the other one for itself; it is never replaced.
fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(beside(path, ".lock"))?;
    file.lock()?;
    Ok(file)
}

fn folder_of(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}

/// The name of a file must survive a power cut, too.
fn sync_folder(path: &Path) -> io::Result<()> {
    folder_of(path).map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

fn append(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = folder_of(path) {
        std::fs::create_dir_all(folder)?;
    }
    let _lock = lock(path)?;
    let is_new = !path.exists();
    let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
    let mut text = text;
    let joined;
    if is_cut_off(&mut file)? {
        joined = format!("\n{text}");
        text = &joined;
    }
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    if is_new { sync_folder(path) } else { Ok(()) }
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

/// The lock, and what is in the file.
fn lock_and_read(path: &Path) -> io::Result<(File, String)> {
    let lock = lock(path)?;
    let bytes = match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read?,
    };
    Ok((lock, String::from_utf8_lossy(&bytes).into_owned()))
}

/// Puts another text in the file's place, at once and whole; then the lock is given back.
fn replace(path: &Path, text: &str, lock: File) -> io::Result<()> {
    let new = beside(path, ".new");
    let mut file = File::create(&new)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    std::fs::rename(&new, path)?;
    sync_folder(path)?;
    drop(lock);
    Ok(())
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
        let (lock, text) = lock_and_read(&path).map_err(Error::internal)?;
        assert_eq!(parse(&text), [line(1), line(2), line(4)]);
        replace(&path, "", lock).map_err(Error::internal)?;
        assert!(spill.is_empty());
        assert!(!Spill::nowhere().keep(vec![line(5)]).await.map_err(Error::internal)?);
        Ok(())
    }

    #[test]
    fn a_file_that_is_not_there_is_empty_and_one_that_cannot_be_read_is_an_error() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("unsettled.jsonl");
        assert_eq!(lock_and_read(&path)?.1, "");
        std::fs::create_dir(&path)?;
        assert!(lock_and_read(&path).is_err(), "what is in it is not known");
        Ok(())
    }

    #[test]
    fn a_line_without_its_end_is_cut_off() -> io::Result<()> {
        for (text, expected) in [("", false), ("a\n", false), ("a", true), ("a\nb", true), ("\n", false), ("\na", true)]
        {
            let mut file = tempfile::tempfile()?;
            file.write_all(text.as_bytes())?;
            assert_eq!(is_cut_off(&mut file)?, expected, "{text:?}");
        }
        Ok(())
    }

    #[test]
    fn the_lock_lies_beside_the_file() {
        assert_eq!(beside(Path::new("/a/b.jsonl"), ".lock"), Path::new("/a/b.jsonl.lock"));
        assert_eq!(folder_of(Path::new("/a/b")), Some(Path::new("/a")));
        assert_eq!(folder_of(Path::new("b")), None, "the folder it runs in needs no name");
    }
}
