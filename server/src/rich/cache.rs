//! What was worked out, kept in two generations: the young one fills, then becomes the old one, and the old one goes. What
//! is asked for again moves to the young one.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use app::model::{CodeSpans, MathMl, RichContent, RichSource};
use sha2::{Digest as _, Sha256};

/// A generation holds so many bytes and entries.
const MAX_BYTES: usize = 8 * 1024 * 1024;
const MAX_ENTRIES: usize = 20_000;

type Hash = [u8; 32];

#[derive(Default)]
struct Cache {
    young: HashMap<Hash, Option<RichContent>>,
    old: HashMap<Hash, Option<RichContent>>,
    bytes: usize,
}

static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);

/// `None`: not worked out yet. `Some(None)`: nothing came of it.
#[expect(clippy::option_option, reason = "unknown and known to be nothing differ")]
pub(super) fn find(source: &RichSource) -> Option<Option<RichContent>> {
    let hash = hash(source);
    // A panic elsewhere cannot leave half an entry.
    CACHE.lock().unwrap_or_else(PoisonError::into_inner).find(&hash)
}

pub(super) fn keep(source: &RichSource, content: Option<RichContent>) {
    let hash = hash(source);
    CACHE.lock().unwrap_or_else(PoisonError::into_inner).keep(hash, content);
}

fn hash(source: &RichSource) -> Hash {
    let mut sha = Sha256::new();
    match source {
        RichSource::Code { language, text } => {
            sha.update(b"code\0");
            sha.update(language);
            sha.update(b"\0");
            sha.update(text);
        }
        RichSource::Math { tex, display } => {
            sha.update(if *display { b"disp\0" } else { b"line\0" });
            sha.update(tex);
        }
    }
    sha.finalize().into()
}

impl Cache {
    #[expect(clippy::option_option, reason = "unknown and known to be nothing differ")]
    fn find(&mut self, hash: &Hash) -> Option<Option<RichContent>> {
        if let Some(found) = self.young.get(hash) {
            return Some(found.clone());
        }
        let found = self.old.remove(hash)?;
        self.keep(*hash, found.clone());
        Some(found)
    }

    fn keep(&mut self, hash: Hash, content: Option<RichContent>) {
        if self.bytes >= MAX_BYTES || self.young.len() >= MAX_ENTRIES {
            self.old = std::mem::take(&mut self.young);
            self.bytes = 0;
        }
        self.bytes += size_of::<Hash>()
            + match &content {
                Some(RichContent::Code(CodeSpans(text)) | RichContent::Math(MathMl(text))) => text.len(),
                None => 0,
            };
        self.young.insert(hash, content);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_of(n: u32) -> Hash {
        Sha256::digest(n.to_be_bytes()).into()
    }

    #[test]
    fn memory_is_bounded_and_what_is_used_stays() {
        let mut cache = Cache::default();
        let content = Some(RichContent::Math(MathMl("x".repeat(1_000))));
        for n in 0..60_000 {
            cache.keep(hash_of(n), content.clone());
            assert!(cache.find(&hash_of(0)).is_some(), "used all the time");
            assert!(cache.young.len() + cache.old.len() <= 2 * (MAX_BYTES / 1_000 + 1));
        }
        assert!(cache.find(&hash_of(1)).is_none(), "long unused");
    }
}
