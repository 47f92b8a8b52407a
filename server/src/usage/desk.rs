//! The desk: reservations and settlements of many requests in few transactions (group commit), for the gateway.
//!
//! Whoever wants something hands it in and waits. What waits together is written together: settlements first, so that
//! what they give back can be reserved at once. On SQLite there is one lane, for there is one writer; on PostgreSQL a
//! tenant is always in the same of several lanes, so that its windows are not fought over within this process.
//!
//! What must hold: a hold is handed out after its transaction was committed, never before. A settlement is tried
//! until it is written; when the database is away for longer, or the server goes down meanwhile, it goes to a file
//! (`spill`) that is written to the books later. Nobody has to wait for it.
//!
//! Here is what callers use; what a lane does with what was handed in is in [`lane`].

mod lane;

use std::{sync::Arc, time::Duration};

use app::model::{ModelCallId, TenantId};
use tokio::sync::{mpsc, oneshot};

use self::lane::Lane;
use super::{
    CallOutcome, Hold, ReserveError, ReserveRequest, Settled, Via, hold::Purpose, reserve::Wanted, spill::Spill,
};
use crate::{
    db::{Db, Engine, Error, Result, TenantScope},
    models::{Model, PriceVersion, ReportedUsage},
    world::World,
};

/// Lanes on PostgreSQL.
const LANES: usize = 4;
/// Things written in one transaction.
const AT_ONCE: usize = 256;
/// How long settlements alone wait for a reservation to be written with: the answer is with its client already, and one
/// commit for both is half the work of the disk.
const COMPANY_WITHIN: Duration = Duration::from_millis(3);
/// Things that may wait in a lane; beyond, requests are refused.
const MAX_WAITING: usize = 4_096;
/// Tries to write a settlement before it goes to the file.
const TRIES: u32 = 4;
/// Settlements that could not be written and wait for the next try. What is beyond goes to the file.
const MAX_LATER: usize = 100_000;
/// The wait before they are tried again.
const AGAIN_AFTER: Duration = Duration::from_millis(250);
/// How long the desk tries to write what is left when it closes.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// A call to reserve.
#[derive(Clone, Debug)]
pub struct Wish {
    pub scope: TenantScope,
    pub via: Via,
    /// From 1.
    pub attempt: i64,
    pub model: Arc<Model>,
    pub price: Option<PriceVersion>,
    pub input_bound: i64,
    pub output_wanted: i64,
    pub output_floor: i64,
    /// On the web, by the provider.
    pub searches: i64,
}

impl Wish {
    fn wanted(&self) -> Wanted<'_> {
        let request = ReserveRequest {
            turn: None,
            step: 0,
            attempt: self.attempt,
            purpose: Purpose::Gateway,
            model: &self.model,
            price: self.price.as_ref(),
            input_bound: self.input_bound,
            output_wanted: self.output_wanted,
            output_floor: self.output_floor,
            searches: self.searches,
            via: Some(&self.via),
        };
        Wanted { scope: &self.scope, request }
    }
}

/// Where the gateway reserves and settles. Cheap to clone.
#[derive(Clone)]
pub struct Desk {
    lanes: Arc<[mpsc::Sender<Job>]>,
}

enum Job {
    Reserve { wish: Box<Wish>, reply: oneshot::Sender<std::result::Result<Hold, ReserveError>> },
    Settle(Settlement),
    Checkpoint(Checkpoint),
    Close(oneshot::Sender<()>),
}

/// A wish, and who waits for it.
type Waiting = (Box<Wish>, oneshot::Sender<std::result::Result<Hold, ReserveError>>);

struct Settlement {
    scope: TenantScope,
    hold: Hold,
    outcome: CallOutcome,
    reply: oneshot::Sender<Settled>,
    tries: u32,
}

struct Checkpoint {
    scope: TenantScope,
    call: ModelCallId,
    reported: ReportedUsage,
    received_bytes: i64,
    reply: oneshot::Sender<()>,
}

impl Desk {
    /// Opens the desk; it works until it is [closed](Desk::close).
    #[must_use]
    pub fn open(db: &Db, world: &World) -> Self {
        Self::open_with(db, world, &Spill::nowhere())
    }

    /// As [`Desk::open`], with a file for settlements that cannot be written.
    #[must_use]
    pub fn open_with(db: &Db, world: &World, spill: &Spill) -> Self {
        let count = if db.engine() == Engine::Sqlite { 1 } else { LANES };
        let lanes = (0..count).map(|_| {
            let (sender, jobs) = mpsc::channel(MAX_WAITING);
            tokio::spawn(Lane::new(db, world, jobs, spill).run());
            sender
        });
        Self { lanes: lanes.collect() }
    }

    /// Reserves one call.
    ///
    /// # Errors
    /// As [`super::reserve`]; [`Error::Unavailable`] when too much waits or the server goes down.
    pub async fn reserve(&self, wish: Wish) -> std::result::Result<Hold, ReserveError> {
        let (reply, answer) = oneshot::channel();
        let lane = self.lane(wish.scope.tenant())?;
        lane.try_send(Job::Reserve { wish: Box::new(wish), reply }).map_err(|_| too_busy())?;
        answer.await.map_err(|_| too_busy())?
    }

    /// Settles one call, sooner or later; gives what was booked once it is written. `None`: it could not be written for so
    /// long that it waits in the file; without one, the sweeper will settle it from its last checkpoint.
    pub async fn settle(&self, scope: TenantScope, hold: Hold, outcome: CallOutcome) -> Option<Settled> {
        let (reply, answer) = oneshot::channel();
        let lane = self.lane(scope.tenant()).ok()?;
        // Waits for room instead of giving up: what was spent is not optional.
        lane.send(Job::Settle(Settlement { scope, hold, outcome, reply, tries: 0 })).await.ok()?;
        answer.await.ok()
    }

    /// Notes what is known of a running call and renews its lease; returns when it is written, or cannot be.
    pub async fn checkpoint(&self, scope: &TenantScope, hold: &Hold, reported: ReportedUsage, received_bytes: i64) {
        let (reply, answer) = oneshot::channel();
        let job = Checkpoint { scope: scope.clone(), call: hold.call(), reported, received_bytes, reply };
        if let Ok(lane) = self.lane(scope.tenant())
            && lane.send(Job::Checkpoint(job)).await.is_ok()
        {
            let _ = answer.await;
        }
    }

    /// Writes what waits and stops; what comes later is refused. To be called when nobody asks any more.
    pub async fn close(&self) {
        for lane in self.lanes.iter() {
            let (reply, closed) = oneshot::channel();
            if lane.send(Job::Close(reply)).await.is_ok() {
                let _ = tokio::time::timeout(CLOSE_WITHIN * 3, closed).await;
            }
        }
    }

    /// What waits to be written, in all lanes.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.lanes.iter().map(|lane| lane.max_capacity().saturating_sub(lane.capacity())).sum()
    }

    fn lane(&self, tenant: TenantId) -> Result<&mpsc::Sender<Job>> {
        let at = tenant.0.as_u128() % u128::try_from(self.lanes.len().max(1)).unwrap_or(1);
        self.lanes.get(usize::try_from(at).unwrap_or(0)).ok_or_else(|| Error::Misuse("a desk without lanes".into()))
    }
}

fn too_busy() -> ReserveError {
    ReserveError::Db(Error::Busy)
}
