//! A tenant's meters and how they are grouped; resolving what a model named among them, and only them.

use std::collections::{HashMap, HashSet};

use app::{model::Lang, words::energy as say};

use super::formula::{self, Operand, Weight};
use crate::{
    db::{
        Result as DbResult, TenantScope, Tx,
        energy::{
            device::{Device, device_list},
            group::{Aggregation, Tag, aggregation_list, tag_list},
        },
    },
    tools::ToolError,
};

/// How many names a refusal offers.
const SUGGESTIONS: usize = 5;

/// A tenant's meters.
pub struct Site {
    pub devices: Vec<Device>,
    pub tags: Vec<Tag>,
    pub aggregations: Vec<Aggregation>,
    /// What the tenant's texts are in.
    pub lang: Lang,
}

/// What to measure, as a tool is told. At most one; none is the whole site.
#[derive(Clone, Debug, Default, serde::Deserialize)]
pub struct ScopeArguments {
    pub device: Option<String>,
    pub tag: Option<String>,
    pub aggregation: Option<String>,
    pub formula: Option<String>,
}

/// What to measure: a weighted sum of meters, with a name.
#[derive(Clone, Debug)]
pub struct Target {
    pub label: String,
    pub terms: Vec<(Device, Weight)>,
}

impl Site {
    /// Reads it.
    ///
    /// # Errors
    /// Database errors.
    pub async fn load(scope: &TenantScope, tx: &mut Tx) -> DbResult<Self> {
        Ok(Self {
            devices: device_list(scope, tx).await?,
            tags: tag_list(scope, tx).await?,
            aggregations: aggregation_list(scope, tx).await?,
            lang: scope.locale(),
        })
    }

    #[must_use]
    pub fn by_id(&self, id: i64) -> Option<&Device> {
        self.devices.iter().find(|device| device.id == id)
    }

    /// The code of the meter above.
    #[must_use]
    pub fn parent_code(&self, device: &Device) -> Option<&str> {
        self.by_id(device.parent_id?).map(|parent| parent.code.as_str())
    }

    #[must_use]
    pub fn tags_of(&self, device: i64) -> Vec<&str> {
        self.tags.iter().filter(|tag| tag.device_id == device).map(|tag| tag.name.as_str()).collect()
    }

    /// Meters with none above.
    pub fn roots(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter().filter(|device| device.parent_id.is_none())
    }

    /// Meters with none below: ranking these counts nothing twice.
    #[must_use]
    pub fn leaves(&self) -> Vec<&Device> {
        let parents: HashSet<i64> = self.devices.iter().filter_map(|device| device.parent_id).collect();
        self.devices.iter().filter(|device| !parents.contains(&device.id)).collect()
    }

    /// The leaves below a meter; none for a leaf.
    #[must_use]
    pub fn leaves_below(&self, above: i64) -> Vec<&Device> {
        self.leaves()
            .into_iter()
            .filter(|leaf| leaf.id != above && self.is_below(leaf, &HashSet::from([above])))
            .collect()
    }

    /// Whether a meter, or one above it, stands below one of these. Bounded, in case the data has a circle.
    fn is_below(&self, device: &Device, above: &HashSet<i64>) -> bool {
        let mut parent = device.parent_id;
        for _ in 0..16 {
            let Some(id) = parent else { return false };
            if above.contains(&id) {
                return true;
            }
            parent = self.by_id(id).and_then(|device| device.parent_id);
        }
        false
    }

    /// The meter a model means by an id, a code or a name.
    ///
    /// # Errors
    /// [`ToolError::Refused`] with the closest names of this tenant.
    pub fn device(&self, text: &str) -> Result<&Device, ToolError> {
        let wanted = plain(text);
        let id = text.trim().parse::<i64>().ok();
        let exact = self
            .devices
            .iter()
            .find(|device| Some(device.id) == id)
            .or_else(|| self.devices.iter().find(|device| plain(&device.code) == wanted))
            .or_else(|| self.devices.iter().find(|device| plain(&device.name) == wanted));
        if let Some(device) = exact.filter(|_| !wanted.is_empty()) {
            return Ok(device);
        }
        let partly: Vec<&Device> =
            self.devices.iter().filter(|device| wanted.len() >= 3 && plain(&device.name).contains(&wanted)).collect();
        match partly.as_slice() {
            [device] => Ok(device),
            [] => Err(ToolError::Refused(self.no_such_device(text))),
            several => {
                let names: Vec<String> = several.iter().take(SUGGESTIONS).map(|device| named(device)).collect();
                let more = if several.len() > SUGGESTIONS { ", …" } else { "" };
                let names = names.join(say::or(self.lang));
                Err(ToolError::Refused(say::could_be(self.lang, shown(text), names, more)))
            }
        }
    }

    fn no_such_device(&self, text: &str) -> String {
        let mut ranked: Vec<(f64, &Device)> = self
            .devices
            .iter()
            .map(|device| (likeness(text, &device.name).max(likeness(text, &device.code)), device))
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.code.cmp(&b.1.code)));
        let names: Vec<String> = ranked.iter().take(SUGGESTIONS).map(|(_, device)| named(device)).collect();
        if names.is_empty() {
            return say::no_devices_yet(self.lang, shown(text));
        }
        say::no_such_device(self.lang, shown(text), names.join(", "))
    }

    /// A tag's name as stored, and its devices.
    ///
    /// # Errors
    /// [`ToolError::Refused`] with the tags there are.
    pub fn tag(&self, text: &str) -> Result<(String, Vec<&Device>), ToolError> {
        let wanted = plain(text);
        let members: Vec<&Tag> =
            self.tags.iter().filter(|tag| !wanted.is_empty() && plain(&tag.name) == wanted).collect();
        let Some(first) = members.first() else {
            let names: Vec<&str> = self.tags.iter().map(|tag| tag.name.as_str()).collect();
            return Err(ToolError::Refused(unknown("tag", text, names)));
        };
        let ids: HashSet<i64> = members.iter().map(|tag| tag.device_id).collect();
        Ok((first.name.clone(), self.devices.iter().filter(|device| ids.contains(&device.id)).collect()))
    }

    /// Those of some meters that stand below none of the others: their sum counts nothing twice.
    #[must_use]
    pub fn topmost<'a>(&self, devices: Vec<&'a Device>) -> Vec<&'a Device> {
        let ids: HashSet<i64> = devices.iter().map(|device| device.id).collect();
        devices.into_iter().filter(|device| !self.is_below(device, &ids)).collect()
    }

    /// What to measure.
    ///
    /// # Errors
    /// [`ToolError::Refused`] when something named does not exist here, or several things are named.
    pub fn target(&self, arguments: &ScopeArguments) -> Result<Target, ToolError> {
        let ScopeArguments { device, tag, aggregation, formula } = arguments;
        let all = |devices: Vec<&Device>| devices.into_iter().map(|device| (device.clone(), Weight::ONE)).collect();
        match (device, tag, aggregation, formula) {
            (None, None, None, None) => {
                Ok(Target { label: say::the_whole_site(self.lang).to_owned(), terms: all(self.roots().collect()) })
            }
            (Some(text), None, None, None) => {
                let device = self.device(text)?;
                Ok(Target { label: device.name.clone(), terms: all(vec![device]) })
            }
            (None, Some(text), None, None) => {
                let (name, devices) = self.tag(text)?;
                Ok(Target { label: name, terms: all(self.topmost(devices)) })
            }
            (None, None, Some(text), None) => {
                let wanted = plain(text);
                let found = self.aggregations.iter().find(|aggregation| plain(&aggregation.name) == wanted);
                let names = || self.aggregations.iter().map(|aggregation| aggregation.name.as_str()).collect();
                let found = found.ok_or_else(|| ToolError::Refused(unknown("aggregation", text, names())))?;
                self.formula(found.name.clone(), &found.formula)
            }
            (None, None, None, Some(text)) => self.formula(text.trim().to_owned(), text),
            _ => Err(ToolError::Refused(
                "Name at most one of device, tag, aggregation and formula; none means the whole site.".to_owned(),
            )),
        }
    }

    fn formula(&self, label: String, text: &str) -> Result<Target, ToolError> {
        let formula = formula::parse(text).map_err(ToolError::Refused)?;
        let mut weights: Vec<(Device, Weight)> = Vec::new();
        let mut place: HashMap<i64, usize> = HashMap::new();
        for (operand, weight) in formula.terms {
            let device = match &operand {
                Operand::Id(id) => {
                    self.by_id(*id).ok_or_else(|| ToolError::Refused(self.no_such_device(&id.to_string())))?
                }
                Operand::Code(code) => self.device(code)?,
            };
            // The same meter by id and by code.
            match place.get(&device.id).and_then(|at| weights.get_mut(*at)) {
                Some((_, sum)) => *sum = sum.plus(weight).map_err(ToolError::Refused)?,
                None => {
                    place.insert(device.id, weights.len());
                    weights.push((device.clone(), weight));
                }
            }
        }
        Ok(Target { label, terms: weights })
    }
}

fn named(device: &Device) -> String {
    format!("{} ({})", device.name, device.code)
}

fn unknown(what: &str, text: &str, mut names: Vec<&str>) -> String {
    names.dedup();
    names.sort_by(|a, b| likeness(text, b).total_cmp(&likeness(text, a)).then_with(|| a.cmp(b)));
    names.dedup();
    if names.is_empty() {
        return format!("There is no {what} \"{}\": none are set up here.", shown(text));
    }
    names.truncate(SUGGESTIONS);
    format!("There is no {what} \"{}\". The closest are {}.", shown(text), names.join(", "))
}

/// What a model wrote, fit to be quoted.
fn shown(text: &str) -> String {
    text.trim().chars().filter(|c| !c.is_control()).take(60).collect()
}

/// Letters and digits only, in lower case: "Compressor-3" and "compressor 3" are the same.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// How alike two names are, 0 to 1: shared pairs of neighbouring characters (Dice's coefficient).
#[must_use]
pub fn likeness(a: &str, b: &str) -> f64 {
    let pairs = |text: &str| -> Vec<(char, char)> {
        let chars: Vec<char> = plain(text).chars().take(80).collect();
        chars.iter().zip(chars.iter().skip(1)).map(|(x, y)| (*x, *y)).collect()
    };
    let (ours, mut theirs) = (pairs(a), pairs(b));
    let all = ours.len() + theirs.len();
    if all == 0 {
        return 0.0;
    }
    let mut shared = 0_u32;
    for pair in ours {
        if let Some(at) = theirs.iter().position(|other| *other == pair) {
            theirs.swap_remove(at);
            shared += 1;
        }
    }
    f64::from(2 * shared) / f64::from(u32::try_from(all).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests;
