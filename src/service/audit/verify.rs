//! Whether the audit log is what was sealed: nothing removed, altered or put in.

use std::collections::{HashMap, HashSet};

use crate::domain::event::What;
use crate::service::audit::chain::{
    FOREIGN, GONE, Head, client_digest, content_digest, is_bare, is_ours, link, nothing,
};
use crate::service::audit::seal::{LATE, sealed_to};
use crate::service::error::Result;
use crate::service::keyward::Keyward;
use crate::store;
use crate::store::audit::audit_events::AuditEntry;
use crate::store::audit::audit_seals::{Chain, Kind, Seal};
use crate::store::audit::{audit_events, audit_seals, unreadable_rows};
use crate::support::clock::Timestamp;

const PAGE: i64 = 1000;

/// What is counted in one row is sealed an hour later, and nothing is later than that by itself.
const TWO_HOURS: i64 = 7_200_000;

/// So many faults are told one by one.
const MOST_TOLD: usize = 20;

/// What was found.
#[derive(Clone, Debug)]
pub struct Report {
    /// The first faults, in words, and how many there are.
    pub faults: Vec<String>,
    pub faulty: usize,
    /// Events that are there as they were sealed.
    pub sealed: usize,
    /// Of these, those whose address was forgotten with an account.
    pub forgotten: usize,
    /// Young events that wait for their seal.
    pub waiting: usize,
    /// Of these, rows that count what happens again within their hour, and are sealed after it.
    pub counting: usize,
    /// When the first seal that is kept was made: a log that was emptied of its seals begins anew.
    pub since: Option<Timestamp>,
    /// Events that were sealed more than two hours after they happened, as those are that were there
    /// before the chain began.
    pub sealed_late: usize,
    /// To be kept elsewhere.
    pub head: Head,
}

/// Reads the whole log. `kept` is a head from before, which must be in the chain.
///
/// # Errors
/// `SERVICE_UNAVAILABLE`. What is wrong with the log stands in the report.
pub fn verify(kw: &Keyward, kept: Option<&Head>) -> Result<Report> {
    let mut tries = 3;
    loop {
        let (before, report) = verify_once(kw, kept)?;
        tries -= 1;
        if report.faulty == 0 || tries == 0 {
            return Ok(report);
        }
        // A purge went on meanwhile.
        let now = kw.store.read(audit_seals::chain)?;
        let place = |chain: &Chain| (chain.base_seq, chain.purged_before);
        if now.as_ref().map(place) == Some(place(&before)) || now.is_none() {
            return Ok(report);
        }
    }
}

fn verify_once(kw: &Keyward, kept: Option<&Head>) -> Result<(Chain, Report)> {
    // In this order: a seal that is added in between is in neither.
    let last = kw.store.read(audit_seals::last)?;
    let found = kw.store.read(audit_seals::chain)?;
    let missing = found.is_none();
    let chain = found.unwrap_or_else(|| nothing(kw));
    let first = kw
        .store
        .read(|db| audit_seals::after(db, chain.base_seq, 1))?;
    let mut eye = Eye {
        kw,
        report: Report {
            faults: Vec::new(),
            faulty: 0,
            sealed: 0,
            forgotten: 0,
            waiting: 0,
            counting: 0,
            since: first
                .first()
                .map(|seal| Timestamp::from_millis(seal.sealed_at)),
            sealed_late: 0,
            head: Head {
                seq: chain.seq,
                hash: chain.hash.clone(),
            },
        },
        chain: &chain,
        torn: HashSet::new(),
    };
    if missing && last > 0 {
        eye.fault(GONE);
    } else if !is_ours(kw, &chain) {
        eye.fault(FOREIGN);
    } else if last > chain.seq {
        eye.fault(format!(
            "the seals go on to {last}, and the chain ends at {}",
            chain.seq
        ));
    }
    eye.unreadable()?;
    eye.seals()?;
    eye.events()?;
    if let Some(kept) = kept {
        eye.kept(kept)?;
    }
    let report = eye.report;
    Ok((chain, report))
}

struct Eye<'a> {
    kw: &'a Keyward,
    chain: &'a Chain,
    report: Report,
    /// The ids of events that nobody can read.
    torn: HashSet<String>,
}

impl Eye<'_> {
    fn fault(&mut self, words: impl Into<String>) {
        self.report.faulty += 1;
        if self.report.faults.len() < MOST_TOLD {
            self.report.faults.push(words.into());
        }
    }

    /// What a foreign hand wrote so that no question answers with it.
    fn unreadable(&mut self) -> Result<()> {
        for id in self.kw.store.read(unreadable_rows::torn)? {
            self.fault(unreadable(&id));
            self.torn.insert(id);
        }
        Ok(())
    }

    /// Each seal follows from the one before it, and its event is as it was.
    fn seals(&mut self) -> Result<()> {
        let (mut seq, mut hash) = (self.chain.base_seq, self.chain.base_hash.clone());
        while seq < self.chain.seq {
            let mut seals = self.kw.store.read(|db| audit_seals::after(db, seq, PAGE))?;
            seals.retain(|seal| seal.seq <= self.chain.seq);
            if seals.is_empty() {
                break;
            }
            let ids: Vec<String> = seals.iter().map(|seal| seal.event_id.clone()).collect();
            let events = self.kw.store.read(|db| audit_events::of_ids(db, &ids))?;
            let gone = self.gone(&events)?;
            let by_id: HashMap<&str, &AuditEntry> =
                events.iter().map(|event| (&*event.id, event)).collect();
            for seal in &seals {
                if seal.seq != seq + 1 {
                    self.gap(seq + 1, seal.seq - 1);
                } else if link(self.kw, &hash, seal) != seal.hash {
                    self.fault(format!(
                        "seal {} was altered, that of the event {} of {}",
                        seal.seq,
                        seal.event_id,
                        Timestamp::from_millis(seal.at)
                    ));
                }
                match by_id.get(&*seal.event_id) {
                    Some(event) => self.event(seal, event, &gone),
                    None if seal.at < self.chain.purged_before => {}
                    None if self.torn.contains(&seal.event_id) => {}
                    None => self.fault(about("was removed", seal)),
                }
                (seq, hash) = (seal.seq, seal.hash.clone());
            }
        }
        if seq < self.chain.seq {
            self.gap(seq + 1, self.chain.seq);
        } else if hash != self.chain.hash {
            self.fault(format!("seal {seq}, the last one, was altered"));
        }
        Ok(())
    }

    fn gap(&mut self, from: i64, to: i64) {
        self.fault(format!(
            "the seals {from} to {to} were removed, or nobody can read them"
        ));
    }

    /// The accounts that the events without an address name, and that are not there any more.
    fn gone(&self, events: &[AuditEntry]) -> Result<HashSet<String>> {
        let bare = events.iter().filter(|event| is_bare(event));
        let named: HashSet<String> = bare
            .flat_map(|event| event.account.iter().chain(&event.actor))
            .cloned()
            .collect();
        let ids: Vec<String> = named.iter().cloned().collect();
        let living = self
            .kw
            .store
            .read(|db| audit_seals::living_among(db, &ids))?;
        let living: HashSet<String> = living.into_iter().collect();
        Ok(named.difference(&living).cloned().collect())
    }

    fn event(&mut self, seal: &Seal, event: &AuditEntry, gone: &HashSet<String>) {
        let client = client_digest(self.kw, event, seal.salt.as_deref());
        let forgotten = is_bare(event) && client != seal.client;
        let unaltered = content_digest(self.kw, event, &seal.client) == seal.content
            && (forgotten || client == seal.client);
        let mut named = event.account.iter().chain(&event.actor);
        if !unaltered {
            self.fault(about("was altered", seal));
        } else if forgotten && !named.any(|id| gone.contains(id)) {
            self.fault(about(
                "has lost address and browser, and no account of it was deleted",
                seal,
            ));
        } else {
            self.report.sealed += 1;
            self.report.forgotten += usize::from(forgotten);
            let late = seal.sealed_at.saturating_sub(seal.at) > TWO_HOURS;
            self.report.sealed_late += usize::from(late);
        }
    }

    /// Each event has a seal, or is young enough to wait for one.
    fn events(&mut self) -> Result<()> {
        let (mut at, mut id) = (i64::MIN, String::new());
        loop {
            let (page, seals) = self.kw.store.read(|db| {
                let page = audit_events::after(db, (at, &id), PAGE)?;
                let ids: Vec<String> = page.iter().map(|event| event.id.clone()).collect();
                Ok::<_, store::Error>((page, audit_seals::of_events(db, &ids)?))
            })?;
            let sealed: HashSet<&str> = seals.iter().map(|seal| &*seal.event_id).collect();
            for event in page.iter().filter(|it| !sealed.contains(&*it.id)) {
                if self.may_wait(event) {
                    self.report.waiting += 1;
                    self.report.counting += usize::from(is_counted(event));
                } else {
                    self.fault(format!(
                        "the event {} of {} has no seal: it was put in afterwards",
                        event.id,
                        Timestamp::from_millis(event.at)
                    ));
                }
            }
            match page.last() {
                Some(last) => (at, id) = (last.at, last.id.clone()),
                None => return Ok(()),
            }
        }
    }

    fn may_wait(&self, event: &AuditEntry) -> bool {
        let kind = if is_counted(event) {
            Kind::Counted
        } else {
            Kind::Single
        };
        event.at >= sealed_to(self.chain, kind).saturating_sub(LATE)
            || event.at < self.chain.purged_before
    }

    fn kept(&mut self, kept: &Head) -> Result<()> {
        let Chain { seq, base_seq, .. } = *self.chain;
        let found = self.kw.store.read(|db| audit_seals::lookup(db, kept.seq))?;
        let hash = match found {
            _ if kept.seq == base_seq => Some(self.chain.base_hash.clone()),
            found => found.map(|seal| seal.hash),
        };
        if kept.seq > seq {
            self.fault(format!(
                "the chain ends at seal {seq}, before the head that was kept: its end was cut off, \
                 or an older database stands in its place"
            ));
        } else if kept.seq < base_seq {
            self.fault(
                "the head that was kept is older than what is kept of the log: nothing can be \
                 said of it. Keep a younger one",
            );
        } else if hash.as_ref() != Some(&kept.hash) {
            self.fault(format!(
                "seal {} is another one than the head that was kept: the log was written anew",
                kept.seq
            ));
        }
        Ok(())
    }
}

fn is_counted(event: &AuditEntry) -> bool {
    event.what.parse().is_ok_and(What::is_counted)
}

pub(super) fn unreadable(id: &str) -> String {
    format!("the event {id} was altered: its columns hold what nobody can read")
}

fn about(what: &str, seal: &Seal) -> String {
    format!(
        "the event {} of {}, seal {}, {what}",
        seal.event_id,
        Timestamp::from_millis(seal.at),
        seal.seq
    )
}
