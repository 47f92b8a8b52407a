//! The steps of setting Steward up. Commands and variables stay as they are typed.

use crate::model::Lang;

super::phrases! {
    model = "Connect a model" | "Hubungkan model";
    model_how = "Start the server with ANTHROPIC_API_KEY; until then the built-in demo model answers." | "Jalankan server dengan ANTHROPIC_API_KEY; sampai saat itu model demo bawaan yang menjawab.";
    tools = "Connect tools" | "Hubungkan alat";
    tenant = "Create a tenant" | "Buat organisasi";
    budget = "Set a budget" | "Tetapkan anggaran";
    invite = "Invite people" | "Undang orang";
}

#[must_use]
pub fn tools_how(lang: Lang, tenant: &str) -> String {
    match lang {
        Lang::English => {
            format!("The energy tools need readings: steward import readings FILE --tenant {tenant} --device CODE …")
        }
        Lang::Indonesian => format!(
            "Alat energi memerlukan data meteran: steward import readings BERKAS --tenant {tenant} --device KODE …"
        ),
    }
}

#[must_use]
pub fn budget_how(_: Lang, tenant: &str) -> String {
    format!("steward budget {tenant} --cost 50")
}

#[must_use]
pub fn invite_how(lang: Lang, tenant: &str) -> String {
    match lang {
        Lang::English => {
            format!("steward user add EMAIL --name NAME, then steward membership add EMAIL {tenant}")
        }
        Lang::Indonesian => {
            format!("steward user add EMAIL --name NAMA, lalu steward membership add EMAIL {tenant}")
        }
    }
}
