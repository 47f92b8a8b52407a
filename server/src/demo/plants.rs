//! Who and what there is in the demo.

use app::model::{Lang, Role};

use super::generator::{
    Load,
    Pattern::{Batches, Continuous, Cooling, Office, TwoShifts},
};

/// A client organisation.
pub struct Plant {
    /// Its tenant's id: the demo's own.
    pub id: u128,
    pub code: &'static str,
    pub name: &'static str,
    pub assistant: &'static str,
    pub contact: &'static str,
    /// `#rrggbb`; a test checks that it can be seen and read.
    pub accent: &'static str,
    pub welcome: &'static str,
    /// How it writes numbers.
    pub locale: Lang,
    pub prompts: [&'static str; 6],
    /// The first stands above all others and is their sum and the losses.
    pub meters: [Meter; 12],
    /// Name, kind, formula.
    pub aggregations: [(&'static str, &'static str, &'static str); 2],
}

/// Name, title and text of what every plant's composer offers behind `/`.
pub const COMMANDS: [(&str, &str, &str); 4] = [
    ("daily-digest", "Yesterday in brief", "/daily-digest"),
    ("weekly-summary", "Last week in brief", "/weekly-summary"),
    ("peak-report", "When the load was highest", "/peak-report {{period}}"),
    ("dept-breakdown", "Who used how much", "/dept-breakdown"),
];

/// A meter.
pub struct Meter {
    pub id: i64,
    pub code: &'static str,
    pub name: &'static str,
    /// Empty for a plant's main meter: what it measures is counted in the departments already.
    pub department: &'static str,
    pub building: &'static str,
    pub load: Load,
}

/// A person.
pub struct Person {
    pub id: u128,
    pub email: &'static str,
    pub name: &'static str,
    pub memberships: &'static [(&'static str, Role)],
}

const fn meter(
    id: i64,
    code: &'static str,
    name: &'static str,
    (department, building): (&'static str, &'static str),
    (base_kw, peak_kw): (i64, i64),
    pattern: super::generator::Pattern,
) -> Meter {
    Meter { id, code, name, department, building, load: Load { base_kw, peak_kw, pattern } }
}

/// Demo ids start with these digits, so that they are recognised.
const fn demo_id(number: u128) -> u128 {
    0x0191_d000_0000_7000_8000_0000_0000_0000 + number
}

pub const PEOPLE: [Person; 8] = [
    Person { id: demo_id(0x11), email: "ana@prs.example", name: "Ana Wijaya", memberships: &[("prs", Role::Admin)] },
    Person {
        id: demo_id(0x12),
        email: "budi@prs.example",
        name: "Budi Santoso",
        memberships: &[("prs", Role::Member)],
    },
    Person {
        id: demo_id(0x21),
        email: "citra@iop.example",
        name: "Citra Lestari",
        memberships: &[("iop", Role::Admin)],
    },
    Person {
        id: demo_id(0x22),
        email: "dewi@iop.example",
        name: "Dewi Anggraini",
        memberships: &[("iop", Role::Member)],
    },
    Person { id: demo_id(0x31), email: "eko@nav.example", name: "Eko Prasetyo", memberships: &[("nav", Role::Admin)] },
    Person {
        id: demo_id(0x32),
        email: "fitri@nav.example",
        name: "Fitri Handayani",
        memberships: &[("nav", Role::Member)],
    },
    Person {
        id: demo_id(0x41),
        email: "gita@group.example",
        name: "Gita Kusuma",
        memberships: &[("prs", Role::Member), ("iop", Role::Member)],
    },
    Person { id: demo_id(0x51), email: "hadi@guest.example", name: "Hadi Nugroho", memberships: &[] },
];

pub const PLANTS: [Plant; 3] = [
    Plant {
        id: demo_id(0x01),
        code: "prs",
        name: "PRS Textile",
        assistant: "Wira",
        contact: "ana@prs.example",
        accent: "#0f766e",
        welcome: "Ask about looms, spinning lines and the dye house: readings, costs and peaks.",
        locale: Lang::Indonesian,
        prompts: [
            "/daily-digest",
            "/weekly-summary",
            "/peak-report",
            "/dept-breakdown",
            "What did compressor 3 cost us last week?",
            "Which devices used the most energy this month?",
        ],
        meters: [
            meter(11, "PRS-MAIN", "PRS Main Incomer", ("", "Substation"), (0, 0), Continuous),
            meter(12, "PRS-SPIN-A", "Spinning Line A", ("Spinning", "Hall 1"), (60, 310), Continuous),
            meter(13, "PRS-SPIN-B", "Spinning Line B", ("Spinning", "Hall 1"), (55, 285), Continuous),
            meter(14, "PRS-LOOM-1", "Loom Hall 1", ("Weaving", "Hall 2"), (30, 220), TwoShifts),
            meter(15, "PRS-LOOM-2", "Loom Hall 2", ("Weaving", "Hall 2"), (28, 205), TwoShifts),
            meter(16, "PRS-DYE", "Dyeing Machines", ("Finishing", "Hall 3"), (20, 180), Batches),
            meter(17, "PRS-STENT", "Stenter Dryer", ("Finishing", "Hall 3"), (15, 160), Batches),
            meter(18, "PRS-COMP-1", "Compressor 1", ("Utilities", "Utility House"), (12, 75), TwoShifts),
            meter(19, "PRS-COMP-2", "Compressor 2", ("Utilities", "Utility House"), (10, 75), Batches),
            meter(20, "PRS-COMP-3", "Compressor 3", ("Utilities", "Utility House"), (18, 90), Continuous),
            meter(21, "PRS-CHILL", "Humidification Plant", ("Utilities", "Utility House"), (25, 140), Cooling),
            meter(22, "PRS-OFFICE", "Office and Lighting", ("Administration", "Office"), (8, 45), Office),
        ],
        aggregations: [
            ("Compressed air", "sum", "18+19+20"),
            ("Losses and unmetered", "difference", "11-(12+13+14+15+16+17+18+19+20+21+22)"),
        ],
    },
    Plant {
        id: demo_id(0x02),
        code: "iop",
        name: "IOP Optics",
        assistant: "Lentera",
        contact: "citra@iop.example",
        accent: "#2563eb",
        welcome: "Ask about coating, grinding and the clean rooms: readings, costs and peaks.",
        locale: Lang::English,
        prompts: [
            "/daily-digest",
            "/weekly-summary",
            "/peak-report",
            "/dept-breakdown",
            "How much energy did the coating chambers use yesterday?",
            "Compare this week with last week for the clean room",
        ],
        meters: [
            meter(41, "IOP-SUPPLY", "IOP Main Supply", ("", "Substation"), (0, 0), Continuous),
            meter(42, "IOP-GRIND-1", "Lens Grinding 1", ("Lens Shop", "Block A"), (4, 32), TwoShifts),
            meter(43, "IOP-GRIND-2", "Lens Grinding 2", ("Lens Shop", "Block A"), (4, 30), TwoShifts),
            meter(44, "IOP-POLISH", "Polishing Line", ("Lens Shop", "Block A"), (3, 26), TwoShifts),
            meter(45, "IOP-COAT-A", "Coating Chamber A", ("Coating", "Block B"), (6, 48), Batches),
            meter(46, "IOP-COAT-B", "Coating Chamber B", ("Coating", "Block B"), (6, 46), Batches),
            meter(47, "IOP-CLEAN", "Clean Room Air Handling", ("Clean Room", "Block B"), (22, 38), Continuous),
            meter(48, "IOP-LASER", "Laser Metrology", ("Clean Room", "Block B"), (3, 9), Office),
            meter(49, "IOP-MOULD", "Injection Moulding", ("Moulding", "Block C"), (5, 54), TwoShifts),
            meter(50, "IOP-AIR", "Instrument Air Compressor", ("Utilities", "Block C"), (6, 22), Continuous),
            meter(51, "IOP-CHILL", "Chiller", ("Utilities", "Block C"), (10, 60), Cooling),
            meter(52, "IOP-OFFICE", "Office and Laboratory", ("Administration", "Block D"), (3, 18), Office),
        ],
        aggregations: [
            ("Coating chambers", "sum", "45+46"),
            ("Losses and unmetered", "difference", "41-(42+43+44+45+46+47+48+49+50+51+52)"),
        ],
    },
    Plant {
        id: demo_id(0x03),
        code: "nav",
        name: "NAV Shipyard",
        assistant: "Nakhoda",
        contact: "eko@nav.example",
        accent: "#c2410c",
        welcome: "Ask about docks, cranes and the workshops: readings, costs and peaks.",
        locale: Lang::English,
        prompts: [
            "/daily-digest",
            "/weekly-summary",
            "/peak-report",
            "/dept-breakdown",
            "When was our highest peak this month?",
            "Berapa biaya listrik dermaga minggu lalu?",
        ],
        meters: [
            meter(71, "NAV-GRID", "NAV Grid Intake", ("", "Substation"), (0, 0), Continuous),
            meter(72, "NAV-CRANE", "Dry Dock Crane", ("Dock", "Dock 1"), (20, 420), Batches),
            meter(73, "NAV-WINCH", "Slipway Winch", ("Dock", "Dock 1"), (10, 260), Batches),
            meter(74, "NAV-PUMP", "Dock Pump Station", ("Dock", "Dock 2"), (60, 520), Batches),
            meter(75, "NAV-PLATE", "Plate Shop", ("Steel", "Hall East"), (70, 640), TwoShifts),
            meter(76, "NAV-WELD-A", "Welding Hall A", ("Steel", "Hall East"), (50, 560), TwoShifts),
            meter(77, "NAV-WELD-B", "Welding Hall B", ("Steel", "Hall West"), (48, 530), TwoShifts),
            meter(78, "NAV-PAINT", "Blasting and Paint", ("Coating", "Hall West"), (40, 380), Batches),
            meter(79, "NAV-SHORE-E", "Shore Power East", ("Berths", "Quay East"), (120, 480), Continuous),
            meter(80, "NAV-SHORE-W", "Shore Power West", ("Berths", "Quay West"), (110, 430), Continuous),
            meter(81, "NAV-AIR", "Workshop Compressor", ("Utilities", "Hall West"), (30, 190), TwoShifts),
            meter(82, "NAV-OFFICE", "Harbour Office", ("Administration", "Office"), (12, 70), Office),
        ],
        aggregations: [
            ("Shore power", "sum", "79+80"),
            ("Losses and unmetered", "difference", "71-(72+73+74+75+76+77+78+79+80+81+82)"),
        ],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_accent_can_be_seen_and_read() {
        for plant in &PLANTS {
            let accent = crate::tenancy::Accent::parse(plant.accent).expect("an accent");
            assert_eq!(accent.color(), plant.accent);
        }
    }
}
