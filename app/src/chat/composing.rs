//! What the composer holds besides its text (which lives in its element): files, the model, waiting messages.

use std::collections::VecDeque;

use leptos::prelude::*;

use super::{attachments::Attached, drafts::Outgoing};
use crate::model::Prompt;

#[derive(Clone, Copy)]
pub struct Composing {
    /// The files of the next message.
    pub files: RwSignal<Vec<Attached>>,
    /// Of them those that wait for their turn to be sent up …
    pub waiting: StoredValue<VecDeque<u32>>,
    /// … and how many are on their way.
    pub going: StoredValue<usize>,
    /// The message goes as soon as its files are there.
    pub goes_after_upload: RwSignal<bool>,
    /// The model chosen here; `None`: that of the last answer, else the person's, else the tenant's.
    pub model: RwSignal<Option<String>>,
    /// The model this person chose last on this device.
    pub usual_model: RwSignal<Option<String>>,
    /// Messages that wait for the answer to end or the network to return, the next one first.
    pub queue: RwSignal<Vec<Outgoing>>,
    /// The first of them goes when the network is back.
    pub awaits_network: RwSignal<bool>,
    /// Bytes of the text.
    pub bytes: RwSignal<usize>,
    /// What is typed of a prompt's name while the list of prompts is open.
    pub slash: RwSignal<Option<String>>,
    /// The place in that list.
    pub active: RwSignal<usize>,
    /// The prompt whose words are asked for.
    pub asked: RwSignal<Option<Prompt>>,
    /// The draft as this tab knows it to be stored.
    pub stored: StoredValue<String>,
    /// Attempts to send since there is no network.
    pub attempts: StoredValue<u32>,
    /// The person was told that this device has no room for drafts.
    pub told_full: StoredValue<bool>,
}

impl Default for Composing {
    fn default() -> Self {
        Self {
            files: RwSignal::new(vec![]),
            waiting: StoredValue::new(VecDeque::new()),
            going: StoredValue::new(0),
            goes_after_upload: RwSignal::new(false),
            model: RwSignal::new(None),
            usual_model: RwSignal::new(None),
            queue: RwSignal::new(vec![]),
            awaits_network: RwSignal::new(false),
            bytes: RwSignal::new(0),
            slash: RwSignal::new(None),
            active: RwSignal::new(0),
            asked: RwSignal::new(None),
            stored: StoredValue::new(String::new()),
            attempts: StoredValue::new(0),
            told_full: StoredValue::new(false),
        }
    }
}
