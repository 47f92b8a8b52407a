//! The state of the chat page: one value of signals, passed by context. What happens to it is in [`super::super::pages`]
//! and `components`; the rules are pure and live beside this file.

use std::{collections::HashMap, time::Duration};

use leptos::{prelude::*, reactive::send_wrapper_ext::SendOption};
use serde::Serialize;

use super::{
    channel,
    composing::Composing,
    drafts::Outgoing,
    feed::Connection,
    item::Item,
    list::ConversationList,
    scroll::{Controller, Jump},
};
use crate::{
    error::AppError,
    model::{
        ConversationId, ConversationSummary, ConversationView, Cursor, Date, Folder, Lang, Me, MessageId, MessageView,
        Page, Part, SearchHit, TenantCode, TenantHome, TurnId, UsageMeter, UserId,
    },
    wire,
};

/// How long a deletion can be taken back from the toast.
pub const UNDO_FOR: Duration = Duration::from_secs(8);

/// How many toasts stand at once; a new one pushes the oldest out.
pub const MAX_TOASTS: usize = 3;

/// What the URL names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    New,
    Conversation(ConversationId),
    /// An address nobody made: answered like a conversation that does not exist.
    Nowhere,
}

impl Place {
    /// Reads the path below `/t/{tenant}`.
    #[must_use]
    pub fn of(path: &str) -> Self {
        let mut pieces = path.split('/').skip(3).filter(|piece| !piece.is_empty());
        match (pieces.next(), pieces.next()) {
            (None, _) => Self::New,
            (Some("c"), Some(id)) => id.parse().map_or(Self::Nowhere, Self::Conversation),
            _ => Self::Nowhere,
        }
    }

    #[must_use]
    pub fn conversation(self) -> Option<ConversationId> {
        match self {
            Self::Conversation(id) => Some(id),
            Self::New | Self::Nowhere => None,
        }
    }
}

/// The answer that is being followed.
#[derive(Clone)]
pub struct Following {
    pub turn: TurnId,
    pub conversation: ConversationId,
    /// The last event the item contains.
    pub after: u64,
    pub parts: Vec<Part>,
    pub item: Item,
    /// It began after this page had opened its stream: all of it comes that way.
    pub began_here: bool,
}

/// A message the person is changing: what they send takes its place as a sibling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Editing {
    pub message: MessageId,
    pub parent: Option<MessageId>,
}

/// A short notice at the edge of the page.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    pub text: String,
    pub undo: Option<Undo>,
    /// Tells one toast from the next with the same text.
    pub serial: u32,
}

/// What a toast can take back: the rows as they were.
#[derive(Clone, Debug, PartialEq)]
pub enum Undo {
    Delete(Vec<ConversationSummary>),
    Archive(Vec<ConversationSummary>),
}

/// What stands over the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialog {
    Help,
    Search,
    Share(ConversationId),
    Import,
    SignIn,
}

/// What was searched for without scripts, and the best hits.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Found {
    pub query: String,
    pub hits: Page<SearchHit>,
}

/// What the page is made from: everything one request of the server brings.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageData {
    /// Where the stream was before anything of this was read: it goes on from there.
    pub live: String,
    pub me: Me,
    pub home: TenantHome,
    pub list: Page<ConversationSummary>,
    /// The archive, when the address asks for it.
    pub archive: Option<Page<ConversationSummary>>,
    pub found: Option<Found>,
    pub lang: Lang,
    pub collapsed: bool,
    /// `None` for a new chat.
    pub conversation: Option<Result<ConversationView, AppError>>,
    /// Why the message of a plain form was not taken.
    pub refusal: Option<AppError>,
}

impl wire::Read for Found {
    fn read(json: wire::Json<'_>) -> Option<Self> {
        let wire::Json::Map(mut map) = json else { return None };
        Some(Self { query: map.take("query")?, hits: map.take("hits")? })
    }
}

impl wire::Read for PageData {
    fn read(json: wire::Json<'_>) -> Option<Self> {
        let wire::Json::Map(mut map) = json else { return None };
        Some(Self {
            live: map.take("live")?,
            me: map.take("me")?,
            home: map.take("home")?,
            list: map.take("list")?,
            archive: map.take("archive")?,
            found: map.take("found")?,
            lang: map.take("lang")?,
            collapsed: map.take("collapsed")?,
            conversation: map.take("conversation")?,
            refusal: map.take("refusal")?,
        })
    }
}

/// So many messages at the end are always laid out whole.
const NEAR: usize = 7;

/// Everything the parts of the page share.
#[derive(Clone, Copy)]
pub struct Chat {
    pub lang: Lang,
    pub me: StoredValue<Me>,
    pub home: StoredValue<TenantHome>,
    /// What the URL names …
    pub place: Memo<Place>,
    pub leaf_wanted: Memo<Option<MessageId>>,
    /// … and what is shown: behind the URL while a conversation is fetched, ahead of it when one was just made.
    pub shown: RwSignal<Option<ConversationId>>,
    pub title: RwSignal<String>,
    /// It is in the archive.
    pub archived: RwSignal<bool>,
    pub items: RwSignal<Vec<Item>>,
    /// The last [`NEAR`] of them, the very last first.
    near: Memo<Vec<MessageId>>,
    pub earlier: RwSignal<Option<Cursor>>,
    /// Why the conversation cannot be shown.
    pub failure: RwSignal<Option<AppError>>,
    pub following: RwSignal<Option<Following>>,
    pub connection: RwSignal<Connection>,
    /// Where the stream goes on from.
    pub live: StoredValue<String>,

    pub list: RwSignal<ConversationList>,
    /// The archive, while the sidebar shows it.
    pub archive: RwSignal<Option<ConversationList>>,
    pub found: RwSignal<Option<Found>>,
    /// The conversation whose menu is open in the sidebar.
    pub row_menu: RwSignal<Option<ConversationId>>,
    pub today: RwSignal<Date>,
    pub meter: RwSignal<UsageMeter>,

    /// Why the last thing the person asked for was not done; shown above the composer.
    pub notice: RwSignal<Option<AppError>>,
    pub sending: RwSignal<bool>,
    /// The message that was sent last, until the server has it.
    pub unacknowledged: StoredValue<Option<Outgoing>>,
    /// Whether the composer holds nothing worth sending.
    pub empty: RwSignal<bool>,
    pub loading_older: RwSignal<bool>,
    /// An earlier part of the conversation is being fetched.
    pub loading_older_messages: StoredValue<bool>,
    /// Conversations whose answer ended while another one was looked at.
    pub unread: RwSignal<Vec<ConversationId>>,
    /// What the composer holds besides its text.
    pub composing: Composing,
    pub editing: RwSignal<Option<Editing>>,
    pub composer: NodeRef<leptos::html::Textarea>,

    /// At most [`MAX_TOASTS`], the oldest first.
    pub toasts: RwSignal<Vec<Toast>>,
    pub announcement: RwSignal<String>,
    pub drawer_open: RwSignal<bool>,
    pub collapsed: RwSignal<bool>,
    pub dialog: RwSignal<Option<Dialog>>,
    /// What to do again when the person has signed in again.
    pub again: StoredValue<Vec<Callback<()>>>,
    pub reload: RwSignal<u32>,
    pub jump: RwSignal<Jump>,
    pub scroll: RwSignal<SendOption<Controller>>,
    pub go: Callback<String>,
    pub serial: StoredValue<u32>,
}

impl Chat {
    /// The state of a page that was just loaded.
    #[must_use]
    pub fn new(data: PageData, place: Memo<Place>, leaf_wanted: Memo<Option<MessageId>>, go: Callback<String>) -> Self {
        let items: RwSignal<Vec<Item>> = RwSignal::new(vec![]);
        let chat = Self {
            place,
            leaf_wanted,
            shown: RwSignal::new(None),
            title: RwSignal::new(String::new()),
            archived: RwSignal::new(false),
            items,
            near: Memo::new(move |_| items.with(|items| items.iter().rev().take(NEAR).map(|item| item.id).collect())),
            earlier: RwSignal::new(None),
            failure: RwSignal::new(None),
            following: RwSignal::new(None),
            connection: RwSignal::new(Connection::Fine),
            live: StoredValue::new(data.live),
            list: RwSignal::new(ConversationList::new(Folder::Inbox, data.list)),
            archive: RwSignal::new(data.archive.map(|page| ConversationList::new(Folder::Archive, page))),
            found: RwSignal::new(data.found),
            row_menu: RwSignal::new(None),
            today: RwSignal::new(data.home.today),
            meter: RwSignal::new(data.home.usage.clone()),
            notice: RwSignal::new(data.refusal),
            sending: RwSignal::new(false),
            unacknowledged: StoredValue::new(None),
            empty: RwSignal::new(true),
            loading_older: RwSignal::new(false),
            loading_older_messages: StoredValue::new(false),
            unread: RwSignal::new(vec![]),
            composing: Composing::default(),
            editing: RwSignal::new(None),
            composer: NodeRef::new(),
            toasts: RwSignal::new(vec![]),
            announcement: RwSignal::new(String::new()),
            drawer_open: RwSignal::new(false),
            collapsed: RwSignal::new(data.collapsed),
            dialog: RwSignal::new(None),
            again: StoredValue::new(vec![]),
            lang: data.lang,
            reload: RwSignal::new(0),
            jump: RwSignal::new(Jump::Hidden),
            scroll: RwSignal::new(SendOption::new_local(None)),
            go,
            serial: StoredValue::new(0),
            me: StoredValue::new(data.me),
            home: StoredValue::new(data.home),
        };
        match data.conversation {
            Some(Ok(view)) => chat.show(view),
            Some(Err(error)) => chat.failure.set(Some(error)),
            None => {}
        }
        chat
    }

    /// The state above the calling component.
    ///
    /// # Panics
    /// Outside the chat page: a mistake in the code, not in an input.
    #[must_use]
    pub fn get() -> Self {
        expect_context()
    }

    /// How near the end a message stands: `last`, `latest` (the one before it) or `near`. The style sheet could ask for
    /// that by itself (`:nth-last-child`), and would have the browser look at every message when one comes in above.
    #[must_use]
    pub fn nearness(self, id: MessageId) -> Option<&'static str> {
        let from_end = self.near.with(|near| near.iter().position(|near| *near == id))?;
        Some(match from_end {
            0 => "last",
            1 => "latest",
            _ => "near",
        })
    }

    #[must_use]
    pub fn tenant(self) -> TenantCode {
        self.home.with_value(|home| home.tenant.code.clone())
    }

    #[must_use]
    pub fn user(self) -> UserId {
        self.me.with_value(|me| me.id)
    }

    /// Whether the page is still there, asked after waiting for the server.
    #[must_use]
    pub fn is_alive(self) -> bool {
        self.reload.try_get_untracked().is_some()
    }

    #[must_use]
    pub fn conversation_url(self, id: ConversationId) -> String {
        format!("/t/{}/c/{id}", self.tenant())
    }

    #[must_use]
    pub fn new_url(self) -> String {
        format!("/t/{}", self.tenant())
    }

    /// The message the next one follows.
    #[must_use]
    pub fn leaf(self) -> Option<MessageId> {
        self.items.with_untracked(|items| items.last().map(|item| item.id))
    }

    #[must_use]
    pub fn item(self, id: MessageId) -> Option<Item> {
        self.items.with_untracked(|items| items.iter().find(|item| item.id == id).cloned())
    }

    /// Shows a notice at the edge of the page for [`UNDO_FOR`].
    pub fn say(self, text: impl Into<String>, undo: Option<Undo>) {
        let next = |serial: &mut u32| {
            *serial = serial.wrapping_add(1);
            *serial
        };
        let serial = self.serial.try_update_value(next).unwrap_or_default();
        self.toasts.update(|toasts| {
            if toasts.len() >= MAX_TOASTS {
                toasts.remove(0);
            }
            toasts.push(Toast { text: text.into(), undo, serial });
        });
        let forget = move || self.dismiss(serial);
        set_timeout(forget, UNDO_FOR);
    }

    /// Takes a toast away.
    pub fn dismiss(self, serial: u32) {
        let _gone_if_not = self.toasts.try_update(|toasts| toasts.retain(|toast| toast.serial != serial));
    }

    /// Tells screen readers.
    pub fn announce(self, text: &str) {
        self.announcement.set(text.to_owned());
    }

    /// Tells the other tabs that what `conversation` holds changed; of the list they hear by themselves.
    pub fn tell_tabs(self, conversation: Option<ConversationId>) {
        if let Some(conversation) = conversation {
            channel::tell(&self.tenant(), conversation);
        }
    }

    pub fn with_scroll(self, act: impl FnOnce(&Controller)) {
        let controller = self.scroll.with_untracked(|scroll| scroll.as_ref().cloned());
        if let Some(controller) = controller {
            act(&controller);
        }
    }

    /// Fetches the shown conversation again.
    pub fn reload(self) {
        self.reload.update(|count| *count = count.wrapping_add(1));
    }

    /// Shows `view`. Messages that are on the page already stay as they are, so that nothing flickers or closes.
    pub fn show(self, view: ConversationView) {
        let known: HashMap<MessageId, Item> =
            self.items.get_untracked().into_iter().map(|item| (item.id, item)).collect();
        let last_parts = view.messages.last().map(|message| message.parts.clone()).unwrap_or_default();
        let item_for = |message: MessageView| match known.get(&message.id) {
            Some(item) => {
                item.update(message);
                item.clone()
            }
            None => Item::new(message),
        };
        // Earlier parts of the same branch that are on the page already stay, too.
        let first =
            view.messages.first().map(|message| message.id).filter(|_| self.shown.get_untracked() == Some(view.id));
        let mut items = self.items.get_untracked();
        let above = first.and_then(|first| items.iter().position(|item| item.id == first)).unwrap_or_default();
        items.truncate(above);
        items.extend(view.messages.into_iter().map(item_for));
        let following = view.running.zip(items.last().cloned()).map(|((turn, after), item)| Following {
            turn,
            conversation: view.id,
            after,
            parts: last_parts,
            item,
            began_here: false,
        });
        self.shown.set(Some(view.id));
        self.failure.set(None);
        self.title.set(view.title);
        self.archived.set(view.archived);
        if above == 0 {
            self.earlier.set(view.earlier);
        }
        self.items.set(items);
        self.following.set(following);
    }

    /// Nothing is shown: a new chat, or (with a reason) a conversation that could not be opened.
    pub fn show_nothing(self, failure: Option<AppError>) {
        self.shown.set(None);
        self.failure.set(failure);
        self.title.set(String::new());
        self.archived.set(false);
        self.earlier.set(None);
        self.items.set(vec![]);
        self.following.set(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_names_the_place() {
        let id = "0190a5a0-0000-7000-8000-000000000001";
        assert_eq!(Place::of("/t/prs"), Place::New);
        assert_eq!(Place::of("/t/prs/"), Place::New);
        assert!(matches!(Place::of(&format!("/t/prs/c/{id}")), Place::Conversation(_)));
        assert_eq!(Place::of("/t/prs/c/1"), Place::Nowhere);
        assert_eq!(Place::of("/t/prs/c"), Place::Nowhere);
        assert_eq!(Place::of("/t/prs/x/y"), Place::Nowhere);
    }
}
