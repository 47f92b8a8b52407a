//! The tabs of one browser among themselves: what one says to the others, and a lock that one of them holds.

use std::{cell::RefCell, rc::Rc};

use js_sys::{Function, Object, Promise, Reflect};
use leptos::{prelude::window, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;

use crate::model::{ConversationId, TenantCode};

/// The channel of [`tell`], one for each tenant.
#[must_use]
pub fn notices(tenant: &TenantCode) -> String {
    let mut name = String::from("steward-notices-");
    name.push_str(tenant.as_str());
    name
}

/// Tells the other tabs that what `conversation` holds was changed by hand; what the stream carries they know anyway.
pub fn tell(tenant: &TenantCode, conversation: ConversationId) {
    if let Some(channel) = Channel::open(&notices(tenant), |_| {}) {
        channel.say(&conversation.to_string());
    }
}

/// Speaks and listens until dropped.
pub struct Channel {
    channel: web_sys::BroadcastChannel,
    _on_message: Closure<dyn FnMut(web_sys::MessageEvent)>,
}

impl Channel {
    /// `None` where the browser has no such channel.
    pub fn open(name: &str, on_text: impl Fn(String) + 'static) -> Option<Self> {
        // Where there is none, naming it throws.
        Reflect::get(&window(), &"BroadcastChannel".into()).ok().filter(JsValue::is_truthy)?;
        let channel = web_sys::BroadcastChannel::new(name).ok()?;
        let on_message = Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
            if let Some(text) = event.data().as_string() {
                on_text(text);
            }
        });
        channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Some(Self { channel, _on_message: on_message })
    }

    pub fn say(&self, text: &str) {
        let _nobody_may_listen = self.channel.post_message(&text.into());
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}

/// A wish for a lock of this origin, and the lock itself once it is ours. Held until dropped, taken by another tab, or the
/// tab goes.
pub struct Lock(Rc<RefCell<Held>>);

#[derive(Default)]
struct Held {
    /// Nobody wants it any more.
    is_dropped: bool,
    release: Option<Function>,
}

impl Lock {
    /// Asks for the lock `name`; `steal` takes it from whoever has it. `on_granted` when it is ours; `on_lost` when it was
    /// taken. `None` where the browser has no locks.
    pub fn ask(
        name: &str,
        steal: bool,
        on_granted: impl FnOnce() + 'static,
        on_lost: impl FnOnce() + 'static,
    ) -> Option<Self> {
        let locks = Reflect::get(&window().navigator(), &"locks".into()).ok().filter(JsValue::is_truthy)?;
        let request: Function = Reflect::get(&locks, &"request".into()).ok()?.dyn_into().ok()?;
        let options = Object::new();
        Reflect::set(&options, &"steal".into(), &steal.into()).ok()?;
        let held = Rc::new(RefCell::new(Held::default()));
        let granted = {
            let held = held.clone();
            Closure::once_into_js(move |_lock: JsValue| -> JsValue {
                if held.borrow().is_dropped {
                    return JsValue::UNDEFINED;
                }
                let until_released = Promise::new(&mut |release, _| held.borrow_mut().release = Some(release));
                on_granted();
                until_released.into()
            })
        };
        let ended: Promise = request.call3(&locks, &name.into(), &options, &granted).ok()?.dyn_into().ok()?;
        let of = held.clone();
        spawn_local(async move {
            // Fails when another tab took it.
            let is_taken = JsFuture::from(ended).await.is_err();
            if is_taken && !of.borrow().is_dropped {
                on_lost();
            }
        });
        Some(Self(held))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let mut held = self.0.borrow_mut();
        held.is_dropped = true;
        if let Some(release) = held.release.take() {
            let _released_before = release.call0(&JsValue::UNDEFINED);
        }
    }
}
