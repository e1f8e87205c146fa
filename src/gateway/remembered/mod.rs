//! Pages that were made before: the same bytes of the site under the same recipe give the same page, so it is not decoded, changed and coded
//! again. All that the page came of is compared byte by byte, so that no page stands for another; its address is asked where it
//! decides what is edited.
//!
//! Only bodies are remembered. Headers are each answer's own.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher as _, Hash as _, Hasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;

use crate::rewrite::{PageCounts, PageEdits, Recipe};

/// The longest body of a site that is remembered, in bytes; pages that many visitors ask for are shorter.
pub(super) const LONGEST_BODY: u64 = 256 * 1024;

/// What is remembered of all pages together, in bytes: those of the sites and those that were made of them. Some thousand pages in gzip.
const REMEMBERED_BYTES: usize = 32 * 1024 * 1024;

/// Parts with a lock each, so that cores seldom meet at one.
const SHARDS: usize = 8;

/// What a page takes besides its bytes, in bytes: the recipe and its place, roughly.
const OVERHEAD_BYTES: usize = 1024;

/// Bytes of a body that are taken, evenly, to find a page by.
const SAMPLES: usize = 64;

/// Pages, found by a hash of samples under a key of this process.
pub(super) struct RememberedPages {
    shards: [Mutex<Shard>; SHARDS],
    key: RandomState,
    shard_bytes: usize,
}

/// A page that was made.
pub(super) struct RememberedPage {
    recipe: Recipe,
    origin: Bytes,
    /// The page.
    pub(super) body: Bytes,
    /// What was judged in it.
    pub(super) counts: PageCounts,
}

impl RememberedPage {
    fn size(&self) -> usize {
        let Recipe { injection, edits, .. } = &self.recipe;
        let edits = edits.as_ref().map_or(0, PageEdits::held_bytes);
        self.origin.len() + self.body.len() + injection.script.len() + injection.banner.len() + edits + OVERHEAD_BYTES
    }
}

impl Default for RememberedPages {
    fn default() -> Self {
        Self::bounded(REMEMBERED_BYTES)
    }
}

impl RememberedPages {
    fn bounded(bytes: usize) -> Self {
        Self { shards: Default::default(), key: RandomState::new(), shard_bytes: bytes / SHARDS }
    }

    /// The page that this body of a site became under this recipe.
    pub(super) fn find(&self, recipe: &Recipe, origin: &VecDeque<Bytes>) -> Option<Arc<RememberedPage>> {
        let place = self.place(recipe, origin);
        let page = self.shard(place).find(place)?;
        (is_same(&page.origin, origin) && page.recipe == *recipe).then(|| {
            self.shard(place).used(place);
            page
        })
    }

    /// Remembers what a body became.
    pub(super) fn keep(&self, recipe: Recipe, origin: &VecDeque<Bytes>, body: &[Bytes], counts: PageCounts) {
        let place = self.place(&recipe, origin);
        // Copies: what came shares its memory with what came beside it.
        let whole = |parts: &mut dyn Iterator<Item = &Bytes>| {
            parts.fold(Vec::new(), |mut whole, part| {
                whole.extend_from_slice(part);
                whole
            })
        };
        let (origin, body) = (whole(&mut origin.iter()).into(), whole(&mut body.iter()).into());
        self.shard(place).keep(place, Arc::new(RememberedPage { recipe, origin, body, counts }), self.shard_bytes);
    }

    /// Where a page is looked for. Nothing depends on whether two pages share it: then the later one takes it.
    fn place(&self, recipe: &Recipe, origin: &VecDeque<Bytes>) -> u64 {
        let mut state = self.key.build_hasher();
        recipe.plan.hash(&mut state);
        recipe.edits.hash(&mut state);
        for bytes in [&recipe.injection.script, &recipe.injection.banner] {
            sample(std::iter::once(bytes), &mut state);
        }
        sample(origin.iter(), &mut state);
        state.finish()
    }

    fn shard(&self, place: u64) -> std::sync::MutexGuard<'_, Shard> {
        self.shards[(place % SHARDS as u64) as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_same(whole: &[u8], parts: &VecDeque<Bytes>) -> bool {
    let mut rest = whole;
    parts.iter().all(|part| {
        let same = rest.starts_with(part);
        rest = rest.get(part.len()..).unwrap_or_default();
        same
    }) && rest.is_empty()
}

/// Takes the same bytes however the whole is parted.
fn sample<'a>(parts: impl Iterator<Item = &'a Bytes> + Clone, state: &mut impl Hasher) {
    let length = parts.clone().map(Bytes::len).sum::<usize>();
    let step = length.div_ceil(SAMPLES).max(1);
    let (mut taken, mut count, mut next) = ([0; SAMPLES], 0, 0);
    for part in parts {
        while let Some(byte) = part.get(next) {
            taken[count] = *byte;
            (count, next) = (count + 1, next + step);
        }
        next -= part.len();
    }
    state.write_usize(length);
    state.write(&taken[..count]);
}

/// Pages in the order in which they go: those that were asked for again after they were made outlive those that were not.
#[derive(Default)]
struct Shard {
    pages: HashMap<u64, Slot>,
    new: VecDeque<u64>,
    proven: VecDeque<u64>,
    bytes: usize,
    new_bytes: usize,
}

struct Slot {
    page: Arc<RememberedPage>,
    used: bool,
    is_new: bool,
}

impl Shard {
    fn find(&self, place: u64) -> Option<Arc<RememberedPage>> {
        self.pages.get(&place).map(|slot| slot.page.clone())
    }

    fn used(&mut self, place: u64) {
        if let Some(slot) = self.pages.get_mut(&place) {
            slot.used = true;
        }
    }

    fn keep(&mut self, place: u64, page: Arc<RememberedPage>, most_bytes: usize) {
        let size = page.size();
        if size > most_bytes {
            return;
        }
        self.bytes += size;
        match self.pages.get_mut(&place) {
            Some(slot) => {
                let before = std::mem::replace(&mut slot.page, page).size();
                self.bytes -= before;
                if slot.is_new {
                    self.new_bytes = self.new_bytes + size - before;
                }
            }
            None => {
                self.new_bytes += size;
                self.new.push_back(place);
                self.pages.insert(place, Slot { page, used: false, is_new: true });
            }
        }
        while self.bytes > most_bytes {
            self.forget_one(most_bytes / 4);
        }
    }

    /// Moves a page back, or forgets it. Of new ones a quarter may wait to be asked for again.
    fn forget_one(&mut self, most_new_bytes: usize) {
        let of_new = self.new_bytes > most_new_bytes || self.proven.is_empty();
        let queue = if of_new { &mut self.new } else { &mut self.proven };
        let Some(place) = queue.pop_front() else { return };
        let Some(slot) = self.pages.get_mut(&place) else { return };
        let size = slot.page.size();
        if of_new {
            self.new_bytes -= size;
            slot.is_new = false;
        }
        if std::mem::take(&mut slot.used) {
            self.proven.push_back(place);
        } else {
            self.pages.remove(&place);
            self.bytes -= size;
        }
    }
}

#[cfg(test)]
mod tests;
