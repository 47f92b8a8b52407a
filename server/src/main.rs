//! Arguments → configuration → telemetry → runtime → the chosen command.

use std::{process::ExitCode, time::Duration};

use clap::Parser;
use server::{
    cli::{self, Cli, Command, ServeArgs},
    config::DatabaseArgs,
    db::Db,
    demo, doctor, serve,
    state::{AppState, Parts},
    telemetry,
    usage::Spill,
    world::World,
};
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};

/// jemalloc, for SQLite, too. Seen after 64 requests at once: 82 MiB where glibc, which keeps an arena for each thread, has
/// 113.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = telemetry::start_logs(&cli.log) {
        eprintln!("steward: {error}");
        return ExitCode::from(2);
    }
    // Rendering pages waits on server functions of the same process: one worker could wait for itself.
    let workers = std::thread::available_parallelism().map_or(4, |n| n.get().max(4));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => runtime.block_on(run(cli.command)),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(code) => code,
        Err(error) => {
            eprintln!("steward: {}", with_causes(&*error));
            ExitCode::FAILURE
        }
    }
}

/// "what: why: why".
fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let reason = inner.to_string();
        if !text.ends_with(&reason) {
            text = format!("{text}: {reason}");
        }
        cause = inner.source();
    }
    text
}

async fn run(command: Command) -> Result<ExitCode, Failure> {
    let world = World::real();
    match command {
        Command::Serve(args) => run_server(*args, world).await?,
        Command::Doctor(args) => return Ok(doctor::run(*args, &world).await),
        Command::User { database, command } => command.run(&open(&database).await?, &world).await?,
        Command::Tenant { database, command } => command.run(&open(&database).await?, &world).await?,
        Command::Membership { database, command } => command.run(&open_existing(&database).await?, &world).await?,
        Command::Budget { database, args } => args.run(&open_existing(&database).await?, &world).await?,
        Command::Group { database, command } => command.run(&open_existing(&database).await?, &world).await?,
        Command::Key { database, command } => command.run(&open_existing(&database).await?, &world).await?,
        Command::Profile { database, command } => command.run(&open_existing(&database).await?, &world).await?,
        Command::Prices { database, command } => command.run(&open_existing(&database).await?, &world).await?,
        Command::Report { database, args } => args.run(&open_existing(&database).await?, &world).await?,
        Command::Reconcile { database, args } => args.run(&open_existing(&database).await?, &world).await?,
        Command::Import { database, command } => command.run(&open_existing(&database).await?, &world).await?,
        Command::Audit { database } => return Ok(cli::audit::run(&open_existing(&database).await?).await?),
    }
    Ok(ExitCode::SUCCESS)
}

/// For commands that have nothing to do without one: a mistyped folder must not look like books that balance.
async fn open_existing(database: &DatabaseArgs) -> Result<Db, Failure> {
    database.must_exist()?;
    open(database).await
}

async fn open(database: &DatabaseArgs) -> Result<Db, Failure> {
    Ok(Db::open(&database.config()?).await?)
}

async fn run_server(args: ServeArgs, world: World) -> Result<(), Failure> {
    let started = std::time::Instant::now();
    let metrics = telemetry::start_metrics()?;
    let db = open(&args.database).await?;
    let listener = TcpListener::bind(args.http.addr)
        .await
        .map_err(|error| format!("cannot listen on {} (STEWARD_ADDR): {error}", args.http.addr))?;
    let origin = args.http.origin()?;
    let grace = Duration::from_secs(args.http.shutdown_seconds);
    let parts = Parts {
        db: db.clone(),
        world: world.clone(),
        http: args.http,
        model: args.model,
        attachments: args.attachments,
        metrics: Some(metrics),
        spill: Spill::to(args.database.spill_path()),
    };
    let collector = args.telemetry.collector()?;
    let state = AppState::wire(parts).await?;
    if let Some(collector) = collector
        && let Some(sending) = telemetry::otlp::start(state.egress.clone(), collector, state.shutdown.clone())
    {
        state.tasks.spawn(sending);
    }
    if args.demo {
        let logins = demo::seed(&db, &world, async |password: &str| state.auth.passwords.hash(password).await).await?;
        println!("Demo logins (password for all: {}):", demo::PASSWORD);
        for login in logins {
            println!("  {:<28} {}", login.email, login.access);
        }
    }
    let stop = asked_to_stop()?;
    println!("Steward is ready on {origin} after {} ms", started.elapsed().as_millis());
    serve(state, listener, stop, grace).await?;
    Ok(())
}

/// Ctrl-C, or SIGTERM from a supervisor. It is heard from now on: who is asked to stop while it begins stops.
fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
