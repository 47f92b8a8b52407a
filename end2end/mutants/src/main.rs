//! Mutation testing of the books (T15): does every small change of `server/src/usage` make a test fail?
//!
//! cargo-mutants builds anew for each mutant, which for this server takes a minute and a half, and there are hundreds. So the
//! list is cargo-mutants' own, but all mutants are compiled into one program: [`switch`] puts a question into every place
//! that is mutated, [`copy`] keeps the copy of the clone that is built, and [`tests`] runs the tests with one mutant chosen
//! after the other. A test that does not come by a mutant's place cannot tell it, so each test runs alone once, and
//! a mutant then meets only those that reach it: first unit tests, then stories, up to the first that fails.
//!
//! What is not to be mutated stands in `.cargo/mutants.toml`, with its reason.

mod copy;
mod list;
mod switch;
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::Parser;

use crate::{
    copy::Copy,
    list::Mutant,
    tests::{Runner, Test, Verdict},
};

/// Errors are for the one who runs this: in words.
type Outcome<T> = Result<T, String>;

/// Stories that come by the books; the others are not run.
const ROOMS: [&str; 5] = ["count_tokens::", "prices::", "profiles::", "turns_books::", "usage::"];
/// Where PostgreSQL takes another way through the books.
const ON_POSTGRES: &str = "usage::desk::";
/// Files whose mutants make tests wait.
const SLOW: [&str; 2] = ["usage/desk", "usage/audit"];
/// Stories that a mutant meets in one process.
const AT_ONCE: usize = 6;

#[derive(Parser)]
struct Args {
    /// Where the copy and the table are kept.
    #[arg(long, env = "STEWARD_MUTANTS")]
    folder: PathBuf,
    /// Only mutants that the table of the last run calls neither caught nor timed out.
    #[arg(long)]
    again: bool,
    /// Files to mutate (globs).
    #[arg(default_values = ["server/src/usage.rs", "server/src/usage/**"])]
    files: Vec<String>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

/// Whether no mutant survived.
fn run(args: &Args) -> Outcome<bool> {
    let began = Instant::now();
    let table = args.folder.join("table.tsv");
    let before = read_table(&table);
    let mut mutants = list::list(&args.files)?;
    // Those whose tests wait for clocks and timeouts come last.
    mutants.sort_by_key(|mutant| SLOW.iter().any(|slow| mutant.file.contains(slow)));
    eprintln!("{} mutants", mutants.len());

    let mut copy = Copy::of_clone(args.folder.join("copy"), &mutants)?;
    let was = |mutant: &Mutant, word: &str| before.get(&mutant.name).is_some_and(|line| line.starts_with(word));
    let numbered = || mutants.iter().enumerate();
    let mut unviable: BTreeSet<usize> =
        numbered().filter(|(_, mutant)| was(mutant, "unviable")).map(|(number, _)| number).collect();
    let inside = loop {
        let inside = copy.write(&mutants, &mut unviable)?;
        let worse = copy.check()?;
        if worse.is_empty() {
            break inside;
        }
        eprintln!("{} cannot be compiled and are left out", worse.len());
        unviable.extend(worse);
    };
    let (library, stories) = copy.build()?;
    let runner = Runner::new(copy.package());
    let reached = if args.again { read_reached(&args.folder) } else { BTreeMap::new() };
    let mut tests = explore(&runner, &mutants, library, stories, reached, &args.folder)?;
    // What the table says of mutants that there are no more is forgotten; the rest is kept until this run knows better.
    let files: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
    let names: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.name.as_str()).collect();
    let mut now = before.clone();
    now.retain(|name, _| {
        names.contains(name.as_str()) || name.split(':').next().is_some_and(|file| !files.contains(file))
    });
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, mutant) in numbered() {
        let line = if unviable.contains(&number) {
            "unviable".to_owned()
        } else if !inside.contains(&number) {
            // A real build would have to tell.
            "no switch".to_owned()
        } else if args.again && (was(mutant, "caught") || was(mutant, "timed out")) {
            before.get(&mutant.name).cloned().unwrap_or_default()
        } else {
            let line = verdict(&runner, &mut tests, number)?;
            eprintln!("{:5} s  {number:4}  {line}: {}", began.elapsed().as_secs(), mutant.name);
            line
        };
        let word = ["caught", "unviable", "no switch", "timed out", "not reached"];
        *counts.entry(word.into_iter().find(|word| line.starts_with(word)).unwrap_or("missed")).or_default() += 1;
        now.insert(mutant.name.clone(), line);
        write_table(&table, &now)?;
    }
    let is_survivor = |mutant: &&Mutant| ["missed", "no"].iter().any(|word| now[&mutant.name].starts_with(word));
    for mutant in mutants.iter().filter(is_survivor) {
        println!("{}: {}", now[&mutant.name], mutant.name);
    }
    println!("{counts:?} of {} mutants, {} s", mutants.len(), began.elapsed().as_secs());
    Ok(!mutants.iter().any(|mutant| is_survivor(&mutant)))
}

/// What a test reaches is noted by the mutants' names without their places, so that it holds when lines have moved.
fn place_free(name: &str) -> String {
    let parts: Vec<&str> = name.splitn(4, ':').collect();
    [parts.first(), parts.last()].into_iter().flatten().copied().collect()
}

/// Runs every test by itself and notes what it reaches; those that a run before has explored are not run again. One that
/// fails without a mutant is of no use.
fn explore(
    runner: &Runner,
    mutants: &[Mutant],
    library: PathBuf,
    stories: PathBuf,
    mut known: Reached,
    folder: &Path,
) -> Outcome<Vec<Test>> {
    let mut tests = runner.find(&library, |name| name.starts_with("usage::"))?;
    tests.extend(runner.find(&stories, |name| {
        let is_on_postgres = name.ends_with("::postgres");
        ROOMS.iter().any(|room| name.starts_with(room)) && (!is_on_postgres || name.starts_with(ON_POSTGRES))
    })?);
    eprintln!("{} tests, {} of them explored before", tests.len(), known.len());
    let names: Vec<String> = mutants.iter().map(|mutant| place_free(&mutant.name)).collect();
    for test in &mut tests {
        if let Some((takes, reached)) = known.get(&test.name) {
            test.takes = Duration::from_millis(*takes);
            test.reaches = (0..names.len()).filter(|number| reached.contains(&names[*number])).collect();
        } else if runner.explore(test)? {
            let reached = test.reaches.iter().filter_map(|number| names.get(*number).cloned()).collect();
            let takes = u64::try_from(test.takes.as_millis()).unwrap_or(u64::MAX);
            known.insert(test.name.clone(), (takes, reached));
        } else {
            test.reaches.clear();
            eprintln!("WARNING: {} fails without a mutant and is left out", test.name);
        }
    }
    let text = serde_json::to_string(&known).map_err(|error| error.to_string())?;
    std::fs::write(folder.join("reached.json"), text).map_err(|error| format!("reached.json: {error}"))?;
    tests.retain(|test| !test.reaches.is_empty());
    eprintln!("{} of them reach a mutant", tests.len());
    Ok(tests)
}

/// Per test: how long it takes, in milliseconds, and which mutants it reaches.
type Reached = BTreeMap<String, (u64, BTreeSet<String>)>;

fn read_reached(folder: &Path) -> Reached {
    let text = std::fs::read_to_string(folder.join("reached.json")).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

fn verdict(runner: &Runner, tests: &mut [Test], number: usize) -> Outcome<String> {
    let mut reaching: Vec<usize> = (0..tests.len()).filter(|at| tests[*at].reaches.contains(&number)).collect();
    if reaching.is_empty() {
        return Ok("not reached".to_owned());
    }
    // Those that are about few places first: they look closest. Among programs the library's tests.
    let library = tests[0].program.clone();
    reaching.sort_by_key(|at| {
        let test = &tests[*at];
        (test.program != library, test.reaches.len() / 50, u32::MAX - test.found, test.takes)
    });
    let (of_library, stories): (Vec<usize>, Vec<usize>) =
        reaching.iter().partition(|at| tests[**at].program == library);
    let groups = [of_library.as_slice()].into_iter().chain(stories.chunks(AT_ONCE)).filter(|group| !group.is_empty());
    let groups: Vec<Vec<usize>> = groups.map(<[usize]>::to_vec).collect();
    for group in groups {
        let some: Vec<&Test> = group.iter().map(|at| &tests[*at]).collect();
        match runner.try_mutant(number, &some)? {
            Verdict::Missed => {}
            Verdict::TimedOut => return Ok("timed out".to_owned()),
            Verdict::Caught(by) => {
                if let Some(test) = tests.iter_mut().find(|test| test.name == by) {
                    test.found += 1;
                }
                return Ok(format!("caught by {by}"));
            }
        }
    }
    Ok(format!("missed by {} tests", reaching.len()))
}

/// What became of each mutant, by its name.
fn read_table(path: &Path) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().filter_map(|line| line.split_once('\t'));
    lines.map(|(verdict, name)| (name.to_owned(), verdict.to_owned())).collect()
}

fn write_table(path: &Path, table: &BTreeMap<String, String>) -> Outcome<()> {
    let lines: Vec<String> = table.iter().map(|(name, verdict)| format!("{verdict}\t{name}\n")).collect();
    std::fs::write(path, lines.concat()).map_err(|error| format!("{}: {error}", path.display()))
}
