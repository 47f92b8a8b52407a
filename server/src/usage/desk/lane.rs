//! A lane of the desk: writes what was handed in together, keeps what could not be written, and puts into the file what
//! cannot be written for long. How long it waits for what is said with the [desk](super).

use std::collections::{BTreeMap, VecDeque};

use app::model::TenantId;
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep_until},
};

use super::{
    AGAIN_AFTER, AT_ONCE, CLOSE_WITHIN, COMPANY_WITHIN, Checkpoint, Job, MAX_LATER, Settlement, TRIES, Waiting,
};
use crate::{
    db::{Db, Engine, Error, Result, TenantScope, Tx, ledger::Books},
    models::ReportedUsage,
    usage::{
        CallOutcome, Ending, Hold, ReserveError, Settled,
        reserve::{Wanted, reserve_all},
        settle::{Due, as_settled, checkpoint_call, settle_calls},
        spill::{Line, Spill},
    },
    world::World,
};

pub(super) struct Lane {
    db: Db,
    world: World,
    jobs: mpsc::Receiver<Job>,
    /// Settlements that could not be written, oldest first.
    later: VecDeque<Settlement>,
    /// Where those go that cannot be written for long.
    spill: Spill,
}

impl Lane {
    pub(super) fn new(db: &Db, world: &World, jobs: mpsc::Receiver<Job>, spill: &Spill) -> Self {
        Self { db: db.clone(), world: world.clone(), jobs, later: VecDeque::new(), spill: spill.clone() }
    }

    pub(super) async fn run(mut self) {
        let mut again_at: Option<Instant> = None;
        loop {
            // Without anything to try again nobody waits for it.
            let wait = again_at.unwrap_or_else(Instant::now);
            let mut batch = Vec::new();
            tokio::select! {
                got = self.jobs.recv_many(&mut batch, AT_ONCE) => if got == 0 {
                    let rest = self.later.drain(..).collect();
                    self.spill(rest).await;
                    break;
                },
                () = sleep_until(wait), if !self.later.is_empty() => {}
            }
            if has_only_settlements(&batch) {
                // Nothing is lost when it times out: what was received is in the batch.
                let more = self.jobs.recv_many(&mut batch, AT_ONCE);
                let _ = tokio::time::timeout(COMPANY_WITHIN, more).await;
            }
            let is_time = again_at.is_none_or(|at| at <= Instant::now());
            if is_time {
                let due = self.later.len().min(AT_ONCE);
                batch.extend(self.later.drain(..due).map(Job::Settle));
            }
            if let Some(closing) = self.serve(batch).await {
                self.close().await;
                let _ = closing.send(());
                break;
            }
            again_at = (!self.later.is_empty()).then(|| Instant::now() + AGAIN_AFTER);
        }
    }

    /// What was there when it was asked to stop, and what could not be written before.
    async fn close(&mut self) {
        self.jobs.close();
        let mut rest = Vec::new();
        while self.jobs.recv_many(&mut rest, AT_ONCE).await > 0 {
            self.serve(std::mem::take(&mut rest)).await;
        }
        let until = Instant::now() + CLOSE_WITHIN;
        while !self.later.is_empty() && Instant::now() < until {
            let again: Vec<_> = self.later.drain(..).map(Job::Settle).collect();
            self.serve(again).await;
            if !self.later.is_empty() {
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
        let rest = self.later.drain(..).collect();
        self.spill(rest).await;
    }

    /// Does what was handed in; gives back who asked it to stop, if somebody did.
    async fn serve(&mut self, batch: Vec<Job>) -> Option<oneshot::Sender<()>> {
        let mut closing = None;
        let (mut wishes, mut settlements, mut checkpoints) = (Vec::new(), Vec::new(), Vec::new());
        for job in batch {
            match job {
                Job::Reserve { wish, reply } => wishes.push((wish, reply)),
                Job::Settle(settlement) => settlements.push(settlement),
                Job::Checkpoint(checkpoint) => checkpoints.push(checkpoint),
                Job::Close(reply) => closing = Some(reply),
            }
        }
        // Who went away does not get a hold that nobody would settle.
        wishes.retain(|(_, reply): &Waiting| !reply.is_closed());
        for (settlements, wishes) in self.by_transaction(settlements, wishes) {
            self.write_both(settlements, wishes).await;
        }
        for checkpoint in checkpoints {
            self.checkpoint(checkpoint).await;
        }
        closing
    }

    /// What may be written together: everything on SQLite, a tenant's where the database keeps tenants apart itself.
    fn by_transaction(
        &self,
        settlements: Vec<Settlement>,
        wishes: Vec<Waiting>,
    ) -> Vec<(Vec<Settlement>, Vec<Waiting>)> {
        if self.db.engine() == Engine::Sqlite {
            return vec![(settlements, wishes)];
        }
        let mut groups: BTreeMap<TenantId, (Vec<Settlement>, Vec<Waiting>)> = BTreeMap::new();
        for settlement in settlements {
            groups.entry(settlement.scope.tenant()).or_default().0.push(settlement);
        }
        for wish in wishes {
            groups.entry(wish.0.scope.tenant()).or_default().1.push(wish);
        }
        groups.into_values().collect()
    }

    /// Settlements first, so that what they give back can be reserved at once. One transaction for both; when that
    /// fails, one for each, where failures are told apart.
    async fn write_both(&mut self, settlements: Vec<Settlement>, wishes: Vec<Waiting>) {
        let (Some(first), false) = (settlements.first(), wishes.is_empty()) else {
            self.settle(settlements).await;
            return self.reserve(wishes).await;
        };
        let done = async {
            let mut tx = self.db.begin(&first.scope).await?;
            let booked = self.book(&mut tx, &settlements).await?;
            let wanted: Vec<Wanted<'_>> = wishes.iter().map(|(wish, _)| wish.wanted()).collect();
            let holds = reserve_all(&mut tx, &self.world, &wanted).await?;
            tx.commit().await?;
            Ok((booked, holds))
        };
        let done: Result<_> = done.await;
        match done {
            Ok((booked, holds)) => {
                self.hand_out(wishes, holds).await;
                discharge(settlements, booked);
            }
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "settlements and holds one after the other");
                self.settle(settlements).await;
                self.reserve(wishes).await;
            }
        }
    }

    async fn reserve(&self, group: Vec<Waiting>) {
        let wanted: Vec<Wanted<'_>> = group.iter().map(|(wish, _)| wish.wanted()).collect();
        let Some(first) = wanted.first() else { return };
        let done = async {
            let mut tx = self.db.begin(first.scope).await?;
            let holds = reserve_all(&mut tx, &self.world, &wanted).await?;
            tx.commit().await?;
            Ok(holds)
        };
        let done: Result<Vec<_>> = done.await;
        drop(wanted);
        match done {
            Ok(holds) => self.hand_out(group, holds).await,
            Err(error) if group.len() == 1 => {
                if let Some((_, reply)) = group.into_iter().next() {
                    let _ = reply.send(Err(ReserveError::Db(error)));
                }
            }
            // One of them may be to blame: each by itself then.
            Err(_) => {
                for one in group {
                    Box::pin(self.reserve(vec![one])).await;
                }
            }
        }
    }

    async fn hand_out(&self, group: Vec<Waiting>, holds: Vec<std::result::Result<Hold, ReserveError>>) {
        for ((wish, reply), hold) in group.into_iter().zip(holds) {
            if let Err(Ok(hold)) = reply.send(hold) {
                // It went away while this was written: nothing was sent, nothing is owed.
                self.give_back(wish.scope, hold).await;
            }
        }
    }

    /// Gives back a hold that was never used.
    async fn give_back(&self, scope: TenantScope, hold: Hold) {
        let outcome = CallOutcome { ending: Ending::NotBilled, reported: ReportedUsage::default(), received_bytes: 0 };
        let (reply, _) = oneshot::channel();
        let written = self.write(std::slice::from_ref(&Settlement { scope, hold, outcome, reply, tries: 0 })).await;
        if let Err(error) = written {
            tracing::warn!(error = &error as &dyn std::error::Error, "an unused hold is left to the sweeper");
        }
    }

    async fn settle(&mut self, group: Vec<Settlement>) {
        match self.write(&group).await {
            Ok(booked) => discharge(group, booked),
            Err(error) => {
                let is_away = matches!(error, Error::Unavailable(_));
                tracing::warn!(error = &error as &dyn std::error::Error, calls = group.len(), "not settled yet");
                if !is_away && group.len() > 1 {
                    for one in group {
                        Box::pin(self.settle(vec![one])).await;
                    }
                    return;
                }
                self.put_off(group).await;
            }
        }
    }

    /// Keeps settlements for the next try, and those that were tried often in the file.
    async fn put_off(&mut self, group: Vec<Settlement>) {
        let mut tired = Vec::new();
        for mut settlement in group {
            settlement.tries += 1;
            if settlement.tries < TRIES && self.has_room() {
                self.later.push_back(settlement);
            } else {
                tired.push(settlement);
            }
        }
        self.spill(tired).await;
        metrics::gauge!("steward_settlements_waiting")
            .set(f64::from(u32::try_from(self.later.len()).unwrap_or(u32::MAX)));
    }

    /// Puts settlements into the file, which meets their obligations. Where there is none, or it cannot be written, they
    /// are tried again.
    async fn spill(&mut self, group: Vec<Settlement>) {
        if group.is_empty() {
            return;
        }
        let line = |Settlement { scope, hold, outcome, .. }: &Settlement| {
            Line::new(scope.tenant(), hold.call(), outcome, self.world.now())
        };
        match self.spill.keep(group.iter().map(line).collect()).await {
            Ok(true) => group.into_iter().for_each(|settlement| settlement.hold.discharge()),
            Ok(false) => self.keep_trying(group),
            Err(error) => {
                tracing::error!(%error, "settlements can be written neither to the books nor to their file");
                self.keep_trying(group);
            }
        }
    }

    fn has_room(&self) -> bool {
        self.later.len() < MAX_LATER
    }

    fn keep_trying(&mut self, group: Vec<Settlement>) {
        for settlement in group {
            if self.has_room() {
                self.later.push_back(settlement);
            } else {
                tracing::error!(call = %settlement.hold.call(), "a settlement is left to the sweeper");
            }
        }
    }

    async fn write(&self, group: &[Settlement]) -> Result<Vec<Settled>> {
        let Some(first) = group.first() else { return Ok(Vec::new()) };
        let mut tx = self.db.begin(&first.scope).await?;
        let booked = self.book(&mut tx, group).await?;
        tx.commit().await?;
        Ok(booked)
    }

    /// What was booked, in the order of the group; not committed.
    async fn book(&self, tx: &mut Tx, group: &[Settlement]) -> Result<Vec<Settled>> {
        let dues = group.iter().map(|settlement| Due {
            books: Books::of(&settlement.scope),
            call: settlement.hold.call(),
            bounds: settlement.hold.bounds(),
            outcome: settlement.outcome,
            is_rated: settlement.hold.rates_left().is_some(),
        });
        let outcome = settle_calls(tx, &self.world, dues.collect()).await?;
        // They come in the order of the calls' ids.
        let mut order: Vec<usize> = (0..group.len()).collect();
        order.sort_by_key(|at| group.get(*at).map(|settlement| settlement.hold.call()));
        let mut settled: Vec<(usize, Settled)> = order.into_iter().zip(outcome.booked.iter().map(as_settled)).collect();
        settled.sort_by_key(|(at, _)| *at);
        Ok(settled.into_iter().map(|(_, settled)| settled).collect())
    }

    async fn checkpoint(&self, wanted: Checkpoint) {
        let Checkpoint { scope, call, reported, received_bytes, reply } = wanted;
        let done = async {
            let mut tx = self.db.begin(&scope).await?;
            checkpoint_call(&scope, &mut tx, &self.world, call, reported, received_bytes).await?;
            tx.commit().await
        };
        if let Err(error) = done.await {
            tracing::warn!(error = &error as &dyn std::error::Error, %call, "no checkpoint");
        }
        let _ = reply.send(());
    }
}

fn has_only_settlements(batch: &[Job]) -> bool {
    !batch.is_empty() && batch.iter().all(|job| matches!(job, Job::Settle(_)))
}

/// The obligations are met, and who waits is told.
fn discharge(group: Vec<Settlement>, booked: Vec<Settled>) {
    for (settlement, settled) in group.into_iter().zip(booked) {
        settlement.hold.discharge();
        let _ = settlement.reply.send(settled);
    }
}
