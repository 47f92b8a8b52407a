//! The throw-away copy of the clone, with switches in it, and what is built from it.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::{Outcome, list::Mutant, switch::switch};

/// What the switches ask. It goes into the copy's `lib.rs`, never into ours.
const MODULE: &str = r#"
/// Which mutant runs.
pub mod mutation {
    use std::{fs::File, io::Write as _, sync::{Mutex, OnceLock, atomic::{AtomicBool, Ordering}}};
    static CHOSEN: OnceLock<usize> = OnceLock::new();
    static LOG: OnceLock<Option<Mutex<File>>> = OnceLock::new();
    static REACHED: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];
    pub fn is(number: usize) -> bool {
        if !REACHED[number].swap(true, Ordering::Relaxed) {
            let open = || std::env::var_os("MUTANTS_REACHED").map(|path| Mutex::new(File::create(path).unwrap()));
            if let Some(log) = LOG.get_or_init(open) {
                writeln!(log.lock().unwrap(), "{number}").unwrap();
            }
        }
        number == *CHOSEN.get_or_init(|| std::env::var("MUTANT").map_or(usize::MAX, |number| number.parse().unwrap()))
    }
}
"#;

/// The crate that is mutated: its folder and its name.
const PACKAGE: &str = "server";

pub struct Copy {
    folder: PathBuf,
    /// Per mutated file: which bytes are whose.
    blame: BTreeMap<String, Vec<(Range<usize>, usize)>>,
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> String {
    move |error| format!("{}: {error}", path.display())
}

/// Leaves a file that is as it should be alone, so that nothing is built again for it.
fn write_if_changed(path: &Path, contents: &[u8]) -> Outcome<()> {
    if std::fs::read(path).is_ok_and(|old| old == contents) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    std::fs::write(path, contents).map_err(failed(path))
}

impl Copy {
    /// Brings the copy up to date with the clone this runs in; the files of mutants come later.
    pub fn of_clone(folder: PathBuf, mutants: &[Mutant]) -> Outcome<Self> {
        let listed =
            Command::new("git").args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).output();
        let listed = listed.map_err(|error| format!("git: {error}"))?;
        let mutated: BTreeSet<&str> = mutants.iter().map(|mutant| mutant.file.as_str()).collect();
        let root = format!("{PACKAGE}/src/lib.rs");
        let text = String::from_utf8_lossy(&listed.stdout).into_owned();
        let present: BTreeSet<&str> = text.split('\0').filter(|path| Path::new(path).is_file()).collect();
        for path in present.iter().filter(|path| !mutated.contains(*path)) {
            let mut contents = std::fs::read(path).map_err(failed(Path::new(path)))?;
            if *path == root {
                contents.splice(0..0, b"#![allow(warnings)]\n".iter().copied());
                contents.extend(MODULE.replace("COUNT", &mutants.len().to_string()).bytes());
            }
            write_if_changed(&folder.join(path), &contents)?;
            copy_mode(Path::new(path), &folder.join(path))?;
        }
        // What was there before and is no more.
        let known = folder.join(".files");
        let before = std::fs::read_to_string(&known).unwrap_or_default();
        for gone in before.lines().filter(|path| !present.contains(path)) {
            let _ = std::fs::remove_file(folder.join(gone));
        }
        let now: Vec<&str> = present.into_iter().collect();
        write_if_changed(&known, now.join("\n").as_bytes())?;
        Ok(Self { folder, blame: BTreeMap::new() })
    }

    pub fn package(&self) -> PathBuf {
        self.folder.join(PACKAGE)
    }

    /// Writes the files of all mutants but those `without` (which those join that are no Rust); gives the numbers of those that have a switch now.
    pub fn write(&mut self, mutants: &[Mutant], without: &mut BTreeSet<usize>) -> Outcome<BTreeSet<usize>> {
        let mut by_file: BTreeMap<&str, Vec<(usize, &Mutant)>> = BTreeMap::new();
        for (number, mutant) in mutants.iter().enumerate() {
            let of_file = by_file.entry(&mutant.file).or_default();
            of_file.extend((!without.contains(&number)).then_some((number, mutant)));
        }
        let mut inside = BTreeSet::new();
        for (file, mutants) in by_file {
            let source = std::fs::read_to_string(file).map_err(failed(Path::new(file)))?;
            let switched = switch(&source, &mutants).map_err(|error| format!("{file}: {error}"))?;
            inside.extend(switched.inside);
            without.extend(switched.impossible);
            self.blame.insert(file.to_owned(), switched.blame);
            write_if_changed(&self.folder.join(file), switched.text.as_bytes())?;
        }
        Ok(inside)
    }

    /// Which mutants the compiler takes offence at; none: it takes none.
    pub fn check(&self) -> Outcome<BTreeSet<usize>> {
        let mut unviable = BTreeSet::new();
        let mut others = String::new();
        let messages = self.cargo(&["check", "--lib"])?;
        for message in messages.iter().map(|line| &line["message"]).filter(|message| message["level"] == "error") {
            let spans = message["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
            let primary = spans.iter().filter(|span| span["is_primary"] == true);
            let found: BTreeSet<usize> = primary.filter_map(|span| self.to_blame(span)).collect();
            if found.is_empty() && !spans.is_empty() {
                others.push_str(message["rendered"].as_str().unwrap_or_default());
            }
            unviable.extend(found);
        }
        if unviable.is_empty() && !others.is_empty() {
            return Err(format!("the copy cannot be compiled, and no mutant is to blame:\n{others}"));
        }
        Ok(unviable)
    }

    fn to_blame(&self, span: &Value) -> Option<usize> {
        let (start, end) = (span["byte_start"].as_u64()?, span["byte_end"].as_u64()?);
        let (start, end) = (usize::try_from(start).ok()?, usize::try_from(end).ok()?);
        let mut whose = self.blame.get(span["file_name"].as_str()?)?.iter();
        whose.find(|(range, _)| range.start <= start && end <= range.end).map(|(_, number)| *number)
    }

    /// Builds the tests; gives the programs of the library and of the stories.
    pub fn build(&self) -> Outcome<(PathBuf, PathBuf)> {
        let messages = self.cargo(&["test", "--no-run", "--lib", "--test", "it"])?;
        let program = |kind: &str| -> Outcome<PathBuf> {
            let found = messages.iter().rev().find(|message| {
                message["executable"].is_string()
                    && message["profile"]["test"] == true
                    && message["target"]["kind"][0] == kind
            });
            let path = found.and_then(|message| message["executable"].as_str()).map(PathBuf::from);
            let path = path.ok_or("the tests of the copy could not be built")?;
            // Other clones build programs of the same name in the same place.
            let kept = self.folder.join(kind);
            std::fs::copy(&path, &kept).map_err(failed(&path))?;
            Ok(kept)
        };
        Ok((program("lib")?, program("test")?))
    }

    fn cargo(&self, arguments: &[&str]) -> Outcome<Vec<Value>> {
        let mut command = Command::new("cargo");
        command.args(arguments).args(["--package", PACKAGE, "--message-format", "json"]).current_dir(&self.folder);
        let output = command.stderr(Stdio::inherit()).output().map_err(|error| format!("cargo: {error}"))?;
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }
}

/// Scripts stay scripts.
fn copy_mode(from: &Path, to: &Path) -> Outcome<()> {
    let mode = std::fs::metadata(from).map_err(failed(from))?.permissions();
    std::fs::set_permissions(to, mode).map_err(failed(to))
}
