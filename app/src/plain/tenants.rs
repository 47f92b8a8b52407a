//! Choosing where to go in: for people with several tenants. There is no default tenant.

use leptos::prelude::*;

use super::frame::{PlainFrame, document, sign_out_form};
use crate::{
    model::{Lang, Role, TenantChoice},
    words::plain,
};

/// What the choice shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChooseTenantPage {
    pub frame: PlainFrame,
    /// Who is signed in.
    pub email: String,
    /// By name.
    pub tenants: Vec<TenantChoice>,
}

/// The choice of a tenant.
#[must_use]
pub fn choose_tenant(page: &ChooseTenantPage) -> String {
    let lang = page.frame.lang;
    let links = page.tenants.iter().map(|tenant| choice(lang, tenant)).collect::<Vec<_>>();
    document(
        &page.frame,
        plain::choose(lang),
        view! {
            <h1>{plain::choose(lang)}</h1>
            <ul class="plain-choices">{links}</ul>
            <div class="plain-foot">
                <p class="meta">{plain::signed_in_as(lang)} {page.email.clone()}</p>
                {sign_out_form(lang)}
            </div>
        },
    )
}

fn choice(lang: Lang, tenant: &TenantChoice) -> AnyView {
    let badge = (tenant.role == Role::Admin).then(|| view! { <span class="badge">{plain::administrator(lang)}</span> });
    view! {
        <li>
            <a href=format!("/t/{}", tenant.code)>
                <span class="plain-choice-name">{tenant.name.clone()}</span>
                <span class="meta">{tenant.code.to_string()}</span>
                {badge}
            </a>
        </li>
    }
    .into_any()
}
