//! A proper tree of whatever the messages of a file claim about each other.
//!
//! What must hold, for any claims: every message that says something is there once, below a message before it or at the
//! beginning; messages that say nothing are left out and what follows them moves up; no circle is followed for ever.

use std::collections::{HashMap, HashSet};

use app::model::{MessageAuthor, Part, Timestamp};

use super::{ForeignMessage, MAX_MESSAGES};

/// A message as the file has it.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) id: String,
    /// The id of another one; of none that is there: a first message.
    pub(super) parent: Option<String>,
    /// `None`: it says nothing, or is not for people.
    pub(super) said: Option<Said>,
}

#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) author: MessageAuthor,
    pub(super) parts: Vec<Part>,
    pub(super) model: Option<String>,
    pub(super) created_at: Option<Timestamp>,
}

/// The messages, parents before children; the place of the leaf; whether something was left out.
pub(super) struct Grown {
    pub(super) messages: Vec<ForeignMessage>,
    pub(super) leaf: usize,
    pub(super) is_cut: bool,
}

/// `leaf`: the id of the message it was left at; unknown: the last one. `None`: nobody says anything.
pub(super) fn grow(mut nodes: Vec<Node>, leaf: Option<&str>) -> Option<Grown> {
    let mut is_cut = nodes.len() > MAX_MESSAGES;
    nodes.truncate(MAX_MESSAGES);
    let mut places: HashMap<String, usize> = HashMap::new();
    for (place, node) in nodes.iter().enumerate() {
        // Of two with the same id the first one counts.
        places.entry(node.id.clone()).or_insert(place);
    }
    let parents: Vec<Option<usize>> = nodes
        .iter()
        .enumerate()
        .map(|(place, node)| {
            let parent = node.parent.as_ref().and_then(|parent| places.get(parent)).copied();
            parent.filter(|parent| *parent != place)
        })
        .collect();
    let (order, has_circle) = parents_first(&parents);
    is_cut |= has_circle;

    let mut grown = Growing { messages: Vec::new(), at: vec![None; nodes.len()], children: children(&parents) };
    let mut kept = HashSet::new();
    for place in order {
        let parent = parents.get(place).copied().flatten().filter(|parent| kept.contains(parent));
        kept.insert(place);
        let said = nodes.get_mut(place).and_then(|node| node.said.take());
        grown.add(place, parent, said);
    }
    let leaf = leaf.and_then(|id| places.get(id)).and_then(|place| grown.at.get(*place).copied().flatten());
    let last = grown.messages.len().checked_sub(1)?;
    Some(Grown { leaf: leaf.map_or(last, |leaf| leaf.message), messages: grown.messages, is_cut })
}

/// How many messages answer each.
fn children(parents: &[Option<usize>]) -> Vec<usize> {
    let mut children = vec![0; parents.len()];
    for parent in parents.iter().flatten() {
        if let Some(count) = children.get_mut(*parent) {
            *count += 1;
        }
    }
    children
}

/// All places, each behind its parent. A circle is opened where it was met first; `true`: there was one.
fn parents_first(parents: &[Option<usize>]) -> (Vec<usize>, bool) {
    let (mut order, mut has_circle) = (Vec::with_capacity(parents.len()), false);
    let (mut done, mut on_the_way) = (vec![false; parents.len()], vec![false; parents.len()]);
    for start in 0..parents.len() {
        let mut way = Vec::new();
        let mut next = Some(start);
        while let Some(place) = next {
            if done.get(place).copied().unwrap_or(true) {
                break;
            }
            if on_the_way.get(place).copied().unwrap_or(false) {
                has_circle = true;
                break;
            }
            if let Some(mark) = on_the_way.get_mut(place) {
                *mark = true;
            }
            way.push(place);
            next = parents.get(place).copied().flatten();
        }
        for place in way.into_iter().rev() {
            if let Some(mark) = done.get_mut(place) {
                *mark = true;
            }
            order.push(place);
        }
    }
    (order, has_circle)
}

struct Growing {
    messages: Vec<ForeignMessage>,
    /// Where each node ended: its own message, or the one that what follows it hangs on.
    at: Vec<Option<Place>>,
    children: Vec<usize>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    message: usize,
    /// Nothing branched since that message.
    is_straight: bool,
}

impl Growing {
    fn add(&mut self, place: usize, parent: Option<usize>, said: Option<Said>) {
        let above = parent.and_then(|parent| self.at.get(parent).copied().flatten());
        let is_only_child = parent.and_then(|parent| self.children.get(parent)).is_none_or(|count| *count == 1);
        let above = above.map(|above| Place { is_straight: above.is_straight && is_only_child, ..above });
        let Some(said) = said.filter(|said| !said.parts.is_empty()) else {
            self.set(place, above);
            return;
        };
        // An answer in several pieces (thoughts, tools, text) is one answer, as long as it does not branch in between.
        let joined = above.filter(|above| above.is_straight && said.author == MessageAuthor::Assistant);
        if let Some(message) = joined.and_then(|above| self.messages.get_mut(above.message))
            && message.author == MessageAuthor::Assistant
        {
            message.parts.extend(said.parts);
            message.model = message.model.take().or(said.model);
            self.set(place, above);
            return;
        }
        self.set(place, Some(Place { message: self.messages.len(), is_straight: true }));
        self.messages.push(ForeignMessage {
            parent: above.map(|above| above.message),
            author: said.author,
            parts: said.parts,
            model: said.model,
            created_at: said.created_at,
        });
    }

    fn set(&mut self, place: usize, at: Option<Place>) {
        if let Some(slot) = self.at.get_mut(place) {
            *slot = at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: usize, parent: Option<usize>, who: u8) -> Node {
        let said = (who != 2).then(|| Said {
            author: if who == 0 { MessageAuthor::User } else { MessageAuthor::Assistant },
            parts: vec![Part::Text { text: format!("<{id}>") }],
            model: None,
            created_at: None,
        });
        Node { id: id.to_string(), parent: parent.map(|parent| parent.to_string()), said }
    }

    #[test]
    fn silent_messages_are_left_out_and_pieces_joined() {
        // root (silent) → user → assistant → silent → assistant; another answer to the user's message.
        let nodes = vec![
            node(0, None, 2),
            node(1, Some(0), 0),
            node(2, Some(1), 1),
            node(3, Some(2), 2),
            node(4, Some(3), 1),
            node(5, Some(1), 1),
        ];
        let grown = grow(nodes, Some("4")).expect("a tree");
        let shape: Vec<_> = grown.messages.iter().map(|message| (message.parent, message.parts.len())).collect();
        assert_eq!((shape, grown.leaf, grown.is_cut), (vec![(None, 1), (Some(0), 2), (Some(0), 1)], 1, false));
        assert!(grow(vec![node(0, None, 2)], None).is_none(), "nobody says anything");
    }

    proptest::proptest! {
        #[test]
        fn any_claims_make_a_tree(claims in proptest::collection::vec((proptest::option::of(0usize..12), 0u8..3), 0..10)) {
            let nodes: Vec<Node> = claims.iter().enumerate().map(|(id, (parent, who))| node(id, *parent, *who)).collect();
            let speaking = claims.iter().filter(|(_, who)| *who != 2).count();
            match grow(nodes, Some("3")) {
                None => proptest::prop_assert_eq!(speaking, 0),
                Some(grown) => {
                    let parts: usize = grown.messages.iter().map(|message| message.parts.len()).sum();
                    proptest::prop_assert_eq!(parts, speaking, "each is there once");
                    proptest::prop_assert!(grown.leaf < grown.messages.len());
                    for (place, message) in grown.messages.iter().enumerate() {
                        proptest::prop_assert!(message.parent.is_none_or(|parent| parent < place));
                    }
                }
            }
        }
    }
}
