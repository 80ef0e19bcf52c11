//! What always holds of a session, whatever is done to it and in whatever order
//! (semantics 1, "Invariants"): long walks of random steps, the same at every run.

use std::time::Duration;

use keyward::domain::session::Session;
use keyward::service::upkeep::threads;
use serde_json::json;

use crate::support::{Forge, TestKeyward, forged_refresh};

/// Numbers that look random and are the same at every run (Knuth's MMIX generator).
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// One session and what its client, its thief and its bystanders hold of it.
struct Walk<'a> {
    kw: &'a TestKeyward,
    replica: TestKeyward,
    row: Session,
    newest_access: String,
    dice: Dice,
}

impl Walk<'_> {
    fn step(&mut self) {
        let kw = if self.dice.below(2) == 0 {
            self.kw
        } else {
            &self.replica
        };
        match self.dice.below(20) {
            0..=9 => self.show(),
            10..=12 => {
                kw.me(&self.newest_access);
            }
            13 => threads::flush_seen(&kw.kw).unwrap(),
            14..=17 => {
                let pause = [1, 29, 31, 3600][usize::try_from(self.dice.below(4)).unwrap()];
                self.kw.advance(pause);
                self.replica.advance(pause);
            }
            18 => {
                let back =
                    Duration::from_secs([5, 90][usize::try_from(self.dice.below(2)).unwrap()]);
                self.kw.kw.clock.step_back(back);
                self.replica.kw.clock.step_back(back);
            }
            _ if self.dice.below(10) == 0 => {
                let token = forged_refresh(self.row.id, self.row.generation.number, &self.row.salt);
                let body = json!({ "refresh_token": token });
                kw.post("/auth/logout").json(&body).send();
            }
            _ => {}
        }
        self.check();
    }

    /// Shows a refresh token of some generation near the current one: the current one,
    /// mostly, or an older one, or one from a future that a restored backup forgot.
    fn show(&mut self) {
        let current = self.row.generation.number;
        let shown = match self.dice.below(8) {
            0..=3 => current,
            4 | 5 => current.saturating_sub(1),
            6 => current.saturating_sub(u32::try_from(2 + self.dice.below(3)).unwrap()),
            _ => current + 1,
        };
        let kw = if self.dice.below(2) == 0 {
            self.kw
        } else {
            &self.replica
        };
        let token = forged_refresh(self.row.id, shown, &self.row.salt);
        let answer = kw.refresh(&token);
        let after = kw.session(&self.row.id.to_string());
        match answer.status {
            200 => {
                let (access, next) = answer.tokens();
                let stands = forged_refresh(after.id, after.generation.number, &after.salt);
                assert_eq!(next, stands, "only the current generation is given out");
                let claims = Forge::claims_of(&access);
                assert_eq!(claims["gen"], json!(after.generation.number));
                assert!(
                    self.row.ended.is_none(),
                    "signed for a session that had ended"
                );
                assert!(
                    shown == current || shown + 1 == current,
                    "{shown} of {current}"
                );
                let moved = u32::from(answer.outcome() == "fresh");
                assert_eq!(after.generation.number, current + moved);
                self.newest_access = access;
            }
            401 | 429 => assert_eq!(after.generation, self.row.generation, "{answer:?}"),
            _ => panic!("{answer:?}"),
        }
    }

    /// What the row may never do, between any two steps.
    fn check(&mut self) {
        let after = self.kw.session(&self.row.id.to_string());
        assert!(
            after.generation.number >= self.row.generation.number,
            "gen went back"
        );
        assert_eq!(after.absolute_expires_at, self.row.absolute_expires_at);
        if self.row.ended.is_some() {
            assert_eq!(after, self.row, "what has ended does not change");
        }
        let unchanging = |row: &Session| {
            (
                row.id,
                row.account,
                row.salt,
                row.created_at,
                row.account_epoch,
                row.authentication.clone(),
            )
        };
        assert_eq!(unchanging(&after), unchanging(&self.row));
        self.row = after;
    }
}

both!(r_invariants_hold_on_every_path, |kw| {
    let (mut reused, mut logged_out, mut generations) = (0, 0, 0);
    for seed in 0..20 {
        let (access, _) = kw.signed_in(&format!("alice{seed}@example.com"));
        let mut walk = Walk {
            kw,
            replica: kw.replica(),
            row: kw.session_of(&access),
            newest_access: access,
            dice: Dice(seed),
        };
        for _ in 0..50 {
            walk.step();
        }
        generations += walk.row.generation.number;
        match walk.row.ended.map(|ending| ending.reason.as_str()) {
            Some("reuse") => reused += 1,
            Some(_) => logged_out += 1,
            None => {}
        }
    }
    // The walks went where they should: on, and to both kinds of end.
    assert!(
        generations > 50 && reused > 5 && logged_out > 0,
        "{generations} {reused} {logged_out}"
    );
});

// Outside the grace at most one token of a session is accepted: of all generations that
// ever were, the current one alone.
both!(r_invariant_one_token_is_good_outside_the_grace, |kw| {
    let (access, mut token) = kw.signed_in("alice@example.com");
    for _ in 0..5 {
        let (newest, next) = kw.refresh(&token).tokens();
        token = next;
        assert_eq!(kw.me(&newest), 200);
    }
    threads::flush_seen(&kw.kw).unwrap();
    let row = kw.session_of(&access);
    kw.advance(31);
    let accepted = |shown: u32| {
        // Each is shown to the session as it stood: the rows of the others' refusals
        // are put back, for an older token would end the session for all.
        let answer = kw.refresh(&forged_refresh(row.id, shown, &row.salt));
        let back = "UPDATE sessions SET revoked_at = NULL, revoke_reason = NULL, gen = 5";
        kw.execute(back, back);
        answer.status == 200
    };
    let good: Vec<u32> = (0..8).filter(|shown| accepted(*shown)).collect();
    assert_eq!(good, [5]);
});
