//! What meters measure. The numbers are those of the metering system the mission's customers use (tools.md §4); the
//! last three, which it does not number, are ours.

use std::{fmt, str::FromStr};

use app::{model::Lang, words::energy as say};

/// A measured quantity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantity {
    /// Active energy delivered, kWh: the one that costs.
    ActiveEnergy,
    /// Active power, kW.
    ActivePower,
    /// Voltage line to neutral, V.
    Voltage,
    /// Current, A.
    Current,
    /// Power factor, −1 to 1.
    PowerFactor,
    /// Frequency, Hz.
    Frequency,
    /// Lagging (inductive) reactive energy of the interval, kVArh.
    ReactiveEnergyLagging,
    /// Leading (capacitive) reactive energy of the interval, kVArh.
    ReactiveEnergyLeading,
    /// Carbon dioxide of the interval, kg.
    Co2,
}

impl Quantity {
    pub const ALL: [Self; 9] = [
        Self::ActiveEnergy,
        Self::ActivePower,
        Self::Voltage,
        Self::Current,
        Self::PowerFactor,
        Self::Frequency,
        Self::ReactiveEnergyLagging,
        Self::ReactiveEnergyLeading,
        Self::Co2,
    ];

    /// The number under which readings are stored.
    #[must_use]
    pub fn id(self) -> i64 {
        match self {
            Self::ActiveEnergy => 124,
            Self::ActivePower => 185,
            Self::Voltage => 3332,
            Self::Current => 3324,
            Self::PowerFactor => 1072,
            Self::Frequency => 526,
            Self::ReactiveEnergyLagging => 900_001,
            Self::ReactiveEnergyLeading => 900_002,
            Self::Co2 => 900_003,
        }
    }

    #[must_use]
    pub fn from_id(id: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|quantity| quantity.id() == id)
    }

    /// As tools and commands take it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::ActiveEnergy => "active_energy",
            Self::ActivePower => "active_power",
            Self::Voltage => "voltage",
            Self::Current => "current",
            Self::PowerFactor => "power_factor",
            Self::Frequency => "frequency",
            Self::ReactiveEnergyLagging => "reactive_energy_lagging",
            Self::ReactiveEnergyLeading => "reactive_energy_leading",
            Self::Co2 => "co2",
        }
    }

    /// As people read it.
    #[must_use]
    pub fn name(self, lang: Lang) -> &'static str {
        say::quantity_named(lang, self.key())
    }

    /// The unit values are stored in; empty for a ratio.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::ActiveEnergy => "kWh",
            Self::ActivePower => "kW",
            Self::Voltage => "V",
            Self::Current => "A",
            Self::PowerFactor => "",
            Self::Frequency => "Hz",
            Self::ReactiveEnergyLagging | Self::ReactiveEnergyLeading => "kVArh",
            Self::Co2 => "kg",
        }
    }

    /// Amounts are summed over a bucket; the others are averaged.
    #[must_use]
    pub fn is_amount(self) -> bool {
        matches!(self, Self::ActiveEnergy | Self::ReactiveEnergyLagging | Self::ReactiveEnergyLeading | Self::Co2)
    }

    /// What a value in another unit is multiplied by; `None` when the unit is not one of this quantity. Powers of ten
    /// only, so a decimal stays a decimal.
    #[must_use]
    pub fn factor_from(self, unit: &str) -> Option<f64> {
        let unit = unit.to_ascii_lowercase();
        if unit == self.unit().to_ascii_lowercase() {
            return Some(1.0);
        }
        Some(match (self, unit.as_str()) {
            (Self::ActiveEnergy, "wh") | (Self::ActivePower, "w") => 0.001,
            (Self::ActiveEnergy, "mwh") | (Self::ActivePower, "mw") | (Self::Voltage, "kv") => 1_000.0,
            (Self::ReactiveEnergyLagging | Self::ReactiveEnergyLeading, "varh") => 0.001,
            (Self::ReactiveEnergyLagging | Self::ReactiveEnergyLeading, "mvarh") | (Self::Co2, "t") => 1_000.0,
            (Self::Co2, "g") | (Self::Current, "ma") => 0.001,
            (Self::PowerFactor, "percent" | "%") => 0.01,
            _ => return None,
        })
    }
}

impl FromStr for Quantity {
    type Err = String;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let by_number = s.parse().ok().and_then(Self::from_id);
        by_number.or_else(|| Self::ALL.into_iter().find(|quantity| quantity.key() == s)).ok_or_else(|| {
            let keys: Vec<&str> = Self::ALL.iter().map(|quantity| quantity.key()).collect();
            format!("\"{s}\" is not a quantity; there are {}", keys.join(", "))
        })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_found_by_number_and_by_key() {
        for quantity in Quantity::ALL {
            assert_eq!(quantity.key().parse(), Ok(quantity));
            assert_eq!(quantity.id().to_string().parse(), Ok(quantity));
            assert_eq!(quantity.factor_from(quantity.unit()), Some(1.0));
        }
        assert!("energy".parse::<Quantity>().is_err_and(|e| e.contains("active_energy")));
        assert_eq!(Quantity::ActiveEnergy.factor_from("MWh"), Some(1_000.0));
        assert_eq!(Quantity::ActiveEnergy.factor_from("V"), None);
    }
}
