//! Named scripts: those that are built in, and those of a folder.

use std::{collections::HashMap, io, path::Path};

use crate::script::Script;

/// The scripts every upstream knows, built in: a program must not need the clone it was built from.
const BUILT_IN: [(&str, &str); 7] = [
    ("breaks-off", include_str!("../scripts/breaks-off.json")),
    ("error-midway", include_str!("../scripts/error-midway.json")),
    ("held", include_str!("../scripts/held.json")),
    ("long", include_str!("../scripts/long.json")),
    ("overloaded", include_str!("../scripts/overloaded.json")),
    ("slow", include_str!("../scripts/slow.json")),
    ("tool-loop", include_str!("../scripts/tool-loop.json")),
];

/// The scripts of this crate's `scripts/` folder.
///
/// # Errors
/// One of them is no script (a test checks that this cannot be).
pub fn built_in_scripts() -> io::Result<HashMap<String, Script>> {
    BUILT_IN.iter().map(|(name, text)| Ok(((*name).to_owned(), parse(name, text.as_bytes())?))).collect()
}

fn parse(name: &str, bytes: &[u8]) -> io::Result<Script> {
    serde_json::from_slice(bytes)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, format!("{name}: {error}")))
}

/// Reads the scripts of a folder: `NAME.json` each.
///
/// # Errors
/// Unreadable folder or file; a file that is no script (the message names it).
pub fn load_scripts(folder: &Path) -> io::Result<HashMap<String, Script>> {
    let mut scripts = HashMap::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let script = parse(&path.display().to_string(), &std::fs::read(&path)?)?;
        scripts.insert(name, script);
    }
    Ok(scripts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_script_of_the_folder_is_built_in() -> io::Result<()> {
        // Tests run in their package's folder; what was built in may come from a clone that is gone.
        let folder = load_scripts(Path::new("scripts"))?;
        assert_eq!(built_in_scripts()?, folder);
        Ok(())
    }
}
