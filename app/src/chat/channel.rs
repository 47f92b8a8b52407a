//! Tells the other tabs of this browser that something changed, so that they look again.

use wasm_bindgen::{JsCast, closure::Closure};

use crate::{
    model::{ConversationId, TenantCode},
    wire,
};

const NAME: &str = "steward";

/// What changed. Tabs of another tenant ignore it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub tenant: TenantCode,
    /// `None`: the list as a whole.
    pub conversation: Option<ConversationId>,
}

impl wire::Read for Notice {
    fn read(json: wire::Json<'_>) -> Option<Self> {
        let (tenant, conversation) = wire::Read::read(json)?;
        Some(Self { tenant, conversation })
    }
}

impl wire::Write for Notice {
    fn write(&self, out: &mut String) {
        (self.tenant.clone(), self.conversation).write(out);
    }
}

/// Sends a notice to the other tabs.
pub fn tell(notice: &Notice) {
    let Ok(channel) = web_sys::BroadcastChannel::new(NAME) else { return };
    let json = wire::write(notice);
    let _nobody_may_listen = channel.post_message(&json.into());
    channel.close();
}

/// Listens until dropped.
pub struct Listener {
    channel: web_sys::BroadcastChannel,
    _on_message: Closure<dyn FnMut(web_sys::MessageEvent)>,
}

impl Listener {
    /// `None` where the browser has no such channel.
    pub fn open(mut on_notice: impl FnMut(Notice) + 'static) -> Option<Self> {
        let channel = web_sys::BroadcastChannel::new(NAME).ok()?;
        let on_message = Closure::<dyn FnMut(web_sys::MessageEvent)>::new(move |event: web_sys::MessageEvent| {
            let notice = event.data().as_string().and_then(|json| wire::read(&json));
            if let Some(notice) = notice {
                on_notice(notice);
            }
        });
        channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Some(Self { channel, _on_message: on_message })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.channel.set_onmessage(None);
        self.channel.close();
    }
}
