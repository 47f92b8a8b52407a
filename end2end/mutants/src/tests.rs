//! The tests: which there are, which mutants each reaches, and what they say of a mutant.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{RecvTimeoutError, channel},
    time::{Duration, Instant},
};

use crate::Outcome;

/// Where tests keep their databases: in memory where that can be had, it is several times faster.
const SHARED_MEMORY: &str = "/dev/shm";
/// A mutant may be slower than its original by so much; beyond, it hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// One test of one of the programs.
pub struct Test {
    pub program: PathBuf,
    pub name: String,
    /// The numbers of the mutants it comes by.
    pub reaches: BTreeSet<usize>,
    pub takes: Duration,
    /// How many mutants it has found.
    pub found: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// By which test.
    Caught(String),
    /// All went on as if nothing were.
    Missed,
    TimedOut,
}

/// Runs programs in the folder of their package.
pub struct Runner {
    pub folder: PathBuf,
    scratch: PathBuf,
}

impl Runner {
    pub fn new(folder: PathBuf) -> Self {
        let base = if Path::new(SHARED_MEMORY).is_dir() { PathBuf::from(SHARED_MEMORY) } else { std::env::temp_dir() };
        Self { folder, scratch: base.join(format!("steward-mutants-{}", std::process::id())) }
    }

    /// The tests of a program in these rooms that are not ignored.
    pub fn find(&self, program: &Path, is_wanted: impl Fn(&str) -> bool) -> Outcome<Vec<Test>> {
        let mut command = Command::new(program);
        let output = command.args(["--list", "--format", "terse"]).current_dir(&self.folder).output();
        let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let names = text.lines().filter_map(|line| line.strip_suffix(": test")).filter(|name| is_wanted(name));
        let test = |name: &str| Test {
            program: program.to_owned(),
            name: name.to_owned(),
            reaches: BTreeSet::new(),
            takes: Duration::ZERO,
            found: 0,
        };
        Ok(names.map(test).collect())
    }

    /// Runs a test without a mutant and notes what it reaches; whether it passes.
    pub fn explore(&self, test: &mut Test) -> Outcome<bool> {
        let log = self.folder.join("reached");
        let _ = std::fs::remove_file(&log);
        let began = Instant::now();
        let environment = [("MUTANTS_REACHED", log.to_string_lossy().into_owned())];
        let verdict = self.run(&test.program, &[&test.name], &environment, Duration::from_secs(300))?;
        test.takes = began.elapsed();
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        test.reaches = text.lines().filter_map(|line| line.parse().ok()).collect();
        Ok(verdict == Verdict::Missed)
    }

    /// Lets some tests run on a mutant, up to the first that fails.
    pub fn try_mutant(&self, number: usize, tests: &[&Test]) -> Outcome<Verdict> {
        let Some(first) = tests.first() else { return Ok(Verdict::Missed) };
        let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
        let usual: Duration = tests.iter().map(|test| test.takes).sum();
        self.run(&first.program, &names, &[("MUTANT", number.to_string())], PATIENCE + usual * 4)
    }

    fn run(
        &self,
        program: &Path,
        names: &[&str],
        environment: &[(&str, String)],
        within: Duration,
    ) -> Outcome<Verdict> {
        std::fs::create_dir_all(&self.scratch).map_err(|error| format!("{}: {error}", self.scratch.display()))?;
        let mut command = Command::new(program);
        command.args(names).args(["--exact", "--include-ignored", "--test-threads", "1"]);
        command.current_dir(&self.folder).env("TMPDIR", &self.scratch).env("RUST_BACKTRACE", "0");
        // Nothing of ours may shrink or keep failing cases of a mutant.
        command.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "1").env("PROPTEST_MAX_SHRINK_ITERS", "0");
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        // A group of its own: what a test starts ends with it.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        let verdict = watch(&mut child, Instant::now() + within);
        end(&mut child);
        let _ = std::fs::remove_dir_all(&self.scratch);
        Ok(verdict)
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.scratch);
    }
}

/// Reads what the tests say until one fails or all are done.
fn watch(child: &mut Child, until: Instant) -> Verdict {
    let (tell, told) = channel();
    if let Some(output) = child.stdout.take() {
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    break;
                }
            }
        });
    }
    loop {
        match told.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                if let Some(name) = line.strip_prefix("test ").and_then(|line| line.strip_suffix(" ... FAILED")) {
                    return Verdict::Caught(name.to_owned());
                }
                if line.starts_with("test result: ok") {
                    return Verdict::Missed;
                }
            }
            Err(RecvTimeoutError::Timeout) => return Verdict::TimedOut,
            // It ended without a result: it was aborted.
            Err(RecvTimeoutError::Disconnected) => return Verdict::Caught("(the process died)".to_owned()),
        }
    }
}

/// Ends a test's process with all that it started.
fn end(child: &mut Child) {
    let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", child.id())]).stderr(Stdio::null()).status();
    let _ = child.kill();
    let _ = child.wait();
}
