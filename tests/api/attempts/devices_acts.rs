//! What its owner does about an account that strangers guess at: change the password and
//! the second factor, from a browser that signed in before. Strangers can not keep him from
//! it (row B14), and the mark of that browser buys nobody more guesses than the two budgets
//! that an account has (M4).

use serde_json::{Value, json};

use crate::support::{Answer, Ask, PASSWORD, TestKeyward, WRONG, account_of, text};

const ALICE: &str = "alice@example.com";
const NEW: &str = "another battery staple";

/// Where its second factor stands when the owner acts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Factor {
    None,
    Waits,
    On,
}

/// An account that its owner is signed in to from a known browser.
struct Owner<'a> {
    kw: &'a TestKeyward,
    access: String,
    mark: String,
    /// Marks that are none of this account's, as it stands.
    others: Vec<String>,
    /// Of the second factor, where there is one.
    secret: String,
}

impl<'a> Owner<'a> {
    fn new(kw: &'a TestKeyward, factor: Factor) -> Self {
        kw.account("mallory@example.com");
        let foreign = sign_in(kw, "mallory@example.com", PASSWORD, "", "");
        kw.account(ALICE);
        let answer = sign_in(kw, ALICE, PASSWORD, "", "");
        let mark = answer.device().unwrap();
        let mut owner = Self {
            kw,
            access: text(&answer.json(), "access_token"),
            others: vec![foreign.device().unwrap(), "A".repeat(mark.len())],
            mark,
            secret: String::new(),
        };
        if factor == Factor::Waits {
            let begun = kw.begin_enrolment(&owner.access);
            owner.secret = text(&begun.json(), "secret");
        } else if factor == Factor::On {
            owner.secret = kw.enrol(&owner.access).secret;
            let answer = sign_in(kw, ALICE, PASSWORD, &owner.code(), "");
            let before = std::mem::replace(&mut owner.mark, answer.device().unwrap());
            // It was given for the password alone.
            owner.others.push(before);
            kw.advance(30);
        }
        kw.execute("DELETE FROM limits", "DELETE FROM limits");
        owner
    }

    fn code(&self) -> String {
        self.kw.code(&self.secret, 0)
    }

    /// Asks for an act, as a browser with that mark or without one.
    fn ask(&self, act: &Act, mark: &str) -> Answer {
        let (method, path) = act.route.split_once(' ').unwrap();
        let ask: Ask = self.kw.ask(method, path);
        let ask = ask.bearer(&self.access).device(mark);
        ask.json(&(act.body)(self)).send()
    }

    /// Everything that an act changes, and the counters.
    fn state(&self) -> (String, String, Option<String>, Vec<String>, Vec<String>) {
        let (kw, account) = (self.kw, account_of(&self.access));
        (
            kw.state(),
            kw.factor_state(&self.access),
            kw.record_of(account),
            kw.audit(account),
            kw.counters(),
        )
    }

    /// A stranger fails a hundred times: no attempt of the account's is looked at any more.
    fn lock_out(&self) {
        self.kw.exhaust(ALICE);
        let suspend = "UPDATE limits SET failures = 100 WHERE failures = 5";
        self.kw.execute(suspend, suspend);
        sign_in(self.kw, ALICE, PASSWORD, &self.code_if_any(), "").limited(900);
    }

    /// Six digits that are no code of these hours.
    fn wrong_digits(&self) -> String {
        self.kw.code(&self.secret, 1000)
    }

    fn code_if_any(&self) -> String {
        if self.secret.is_empty() {
            String::new()
        } else {
            self.code()
        }
    }
}

/// By cookie, with a code and from a known browser where they are not empty.
fn sign_in(kw: &TestKeyward, email: &str, password: &str, otp: &str, mark: &str) -> Answer {
    let mut body = json!({ "email": email, "password": password, "mode": "cookie" });
    if !otp.is_empty() {
        body["otp"] = json!(otp);
    }
    kw.post("/auth/login").device(mark).json(&body).send()
}

/// Something that proves a secret again: with the right ones, and with a wrong one.
struct Act {
    route: &'static str,
    body: fn(&Owner) -> Value,
    wrong: fn(&Owner) -> Value,
}

const CHANGE: Act = Act {
    route: "POST /auth/password/change",
    body: |_| json!({ "currentPassword": PASSWORD, "newPassword": NEW }),
    wrong: |_| json!({ "currentPassword": WRONG, "newPassword": NEW }),
};

const BEGIN: Act = Act {
    route: "POST /auth/mfa/totp",
    body: |_| json!({ "password": PASSWORD }),
    wrong: |_| json!({ "password": WRONG }),
};

/// A recovery code by its form, which nobody has.
const WRONG_CODE: &str = "AAAA-BBBB-CCCC-DDDD";

const CONFIRM: Act = Act {
    route: "POST /auth/mfa/totp/confirm",
    body: |owner| json!({ "otp": owner.code() }),
    wrong: |owner| json!({ "otp": owner.wrong_digits() }),
};

const DISABLE: Act = Act {
    route: "DELETE /auth/mfa/totp",
    body: |owner| json!({ "password": PASSWORD, "otp": owner.code() }),
    wrong: |owner| json!({ "password": WRONG, "otp": owner.code() }),
};

const RENEW: Act = Act {
    route: "POST /auth/mfa/recovery-codes",
    body: |owner| json!({ "password": PASSWORD, "otp": owner.code() }),
    wrong: |owner| json!({ "password": WRONG, "otp": owner.code() }),
};

const TFA_GENERATE: Act = Act {
    route: "POST /users/me/tfa/generate",
    body: |_| json!({ "password": PASSWORD }),
    wrong: |_| json!({ "password": WRONG }),
};

const TFA_ENABLE: Act = Act {
    route: "POST /users/me/tfa/enable",
    body: |owner| json!({ "secret": owner.secret, "otp": owner.code() }),
    wrong: |owner| json!({ "secret": owner.secret, "otp": owner.wrong_digits() }),
};

const TFA_DISABLE: Act = Act {
    route: "POST /users/me/tfa/disable",
    body: |owner| json!({ "otp": owner.code() }),
    wrong: |_| json!({ "otp": WRONG_CODE }),
};

/// Strangers keep whoever shows no mark of the account's from the act, the thief of a token
/// among them, and its owner they do not.
fn is_open_to_a_known_browser_alone(kw: &TestKeyward, factor: Factor, act: &Act) {
    let owner = Owner::new(kw, factor);
    owner.lock_out();
    let locked = owner.state();
    let none = ["", "x"].into_iter();
    for mark in none.chain(owner.others.iter().map(String::as_str)) {
        owner.ask(act, mark).limited(900);
        assert_eq!(owner.state(), locked, "{mark:?}");
    }
    let answer = owner.ask(act, &owner.mark);
    assert!([200, 204].contains(&answer.status), "{answer:?}");
    assert_ne!(owner.state(), locked);
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
}

/// The same, and the stranger's failures stay counted: the owner's act proves nothing of him.
fn lifts_no_lock(kw: &TestKeyward, factor: Factor, act: &Act) {
    is_open_to_a_known_browser_alone(kw, factor, act);
    assert_eq!(kw.counters_at(100), 1);
    kw.sign_in(ALICE, PASSWORD).limited(900);
    kw.sign_in(ALICE, NEW).limited(900);
}

both!(b14_a_known_browser_changes_the_password, |kw| {
    is_open_to_a_known_browser_alone(kw, Factor::None, &CHANGE);
    // A new password: whoever guessed at the old one begins anew.
    assert_eq!(kw.count("limits"), 0);
    kw.sign_in(ALICE, PASSWORD)
        .refused(401, "INVALID_CREDENTIALS");
    assert_eq!(kw.sign_in(ALICE, NEW).status, 200);
});

both!(b14_it_changes_the_password_beside_a_second_factor, |kw| {
    lifts_no_lock(kw, Factor::On, &CHANGE);
});

both!(b14_it_begins_to_enrol_a_second_factor, |kw| {
    lifts_no_lock(kw, Factor::None, &BEGIN);
});

both!(b14_it_begins_in_the_words_of_directus, |kw| {
    lifts_no_lock(kw, Factor::None, &TFA_GENERATE);
});

both!(b14_it_confirms_a_second_factor, |kw| {
    lifts_no_lock(kw, Factor::Waits, &CONFIRM);
});

both!(b14_it_confirms_in_the_words_of_directus, |kw| {
    lifts_no_lock(kw, Factor::Waits, &TFA_ENABLE);
});

both!(b14_it_takes_a_second_factor_away, |kw| {
    lifts_no_lock(kw, Factor::On, &DISABLE);
});

both!(b14_it_takes_one_away_in_the_words_of_directus, |kw| {
    lifts_no_lock(kw, Factor::On, &TFA_DISABLE);
});

both!(b14_it_makes_new_recovery_codes, |kw| {
    lifts_no_lock(kw, Factor::On, &RENEW);
});

/// Asks with a wrong secret from the known browser: it is looked at, and found wrong.
#[track_caller]
fn fails(owner: &Owner, act: &Act) {
    let wrong = Act {
        body: act.wrong,
        ..*act
    };
    let answer = owner.ask(&wrong, &owner.mark);
    assert!([400, 401].contains(&answer.status), "{answer:?}");
}

// All acts and sign-in together have the five free attempts of the known browsers.
both!(m4_b14_acts_of_known_browsers_share_their_budget, |kw| {
    let owner = Owner::new(kw, Factor::On);
    let acts = [CHANGE, DISABLE, RENEW, TFA_DISABLE];
    let (before, stored) = (kw.state(), kw.factor_state(&owner.access));
    for act in &acts {
        fails(&owner, act);
    }
    sign_in(kw, ALICE, WRONG, "", &owner.mark).refused(401, "INVALID_CREDENTIALS");
    // One row of the known browsers, and one of the code that came with TFA_DISABLE.
    assert_eq!((kw.count("limits"), kw.counters_at(5)), (2, 1));
    let spent = kw.counters();
    for act in acts.iter().chain([&BEGIN]) {
        owner.ask(act, &owner.mark).limited(1);
    }
    sign_in(kw, ALICE, PASSWORD, &owner.code(), &owner.mark).limited(1);
    assert_eq!(kw.counters(), spent);
    assert_eq!(
        (kw.state(), kw.factor_state(&owner.access)),
        (before, stored)
    );
    // Beside it there is the account's own, and no third: not for other marks either.
    for mark in ["", "x"]
        .iter()
        .copied()
        .chain(owner.others.iter().map(String::as_str))
    {
        let wrong = Act {
            body: CHANGE.wrong,
            ..CHANGE
        };
        owner.ask(&wrong, mark).refused(401, "INVALID_CREDENTIALS");
    }
    assert_eq!((kw.count("limits"), kw.counters_at(5)), (3, 2));
    for mark in ["", "x", &owner.others[0], &owner.mark] {
        owner.ask(&CHANGE, mark).limited(1);
    }
});

both!(m4_b14_enrolling_shares_the_budget_too, |kw| {
    let owner = Owner::new(kw, Factor::Waits);
    for act in [BEGIN, TFA_GENERATE, CONFIRM, TFA_ENABLE, CHANGE] {
        fails(&owner, &act);
    }
    let stored = owner.state();
    for act in [BEGIN, TFA_GENERATE, CONFIRM, TFA_ENABLE, CHANGE] {
        owner.ask(&act, &owner.mark).limited(1);
    }
    assert_eq!(owner.state(), stored);
    // Of five attempts, and of the two codes among them.
    assert_eq!(kw.count("limits"), 2);
    assert_eq!((kw.counters_at(5), kw.counters_at(2)), (1, 1));
    // Nobody else has to wait for them.
    assert_eq!(kw.sign_in(ALICE, PASSWORD).status, 200);
    assert_eq!(owner.ask(&CONFIRM, "").status, 200);
});

// With the ten of everybody else that makes the two buckets of which M4 is counted.
both!(
    m4_b14_codes_of_known_browsers_are_five_by_whatever_act,
    |kw| {
        let owner = Owner::new(kw, Factor::On);
        let wrong_code = |_: &Owner| json!({ "password": PASSWORD, "otp": WRONG_CODE });
        let disable = Act {
            wrong: wrong_code,
            ..DISABLE
        };
        let renew = Act {
            wrong: wrong_code,
            ..RENEW
        };
        for act in [&disable, &renew, &TFA_DISABLE, &disable] {
            fails(&owner, act);
            kw.advance(60);
        }
        sign_in(kw, ALICE, PASSWORD, WRONG_CODE, &owner.mark).refused(401, "INVALID_OTP");
        kw.advance(60);
        let (before, stored) = (kw.state(), kw.factor_state(&owner.access));
        for act in [&DISABLE, &RENEW, &TFA_DISABLE] {
            let answer = owner.ask(act, &owner.mark);
            answer.refused(429, "REQUESTS_EXCEEDED");
            kw.advance(60);
        }
        assert_eq!(
            (kw.state(), kw.factor_state(&owner.access)),
            (before, stored)
        );
        // The bucket of everybody else is as full as ever.
        assert_eq!(owner.ask(&TFA_DISABLE, "").status, 204);
    }
);

// The password is one factor of two, from a known browser as from elsewhere.
both!(b12_m4_a_change_from_a_known_browser_buys_no_guesses, |kw| {
    let owner = Owner::new(kw, Factor::On);
    for _ in 0..3 {
        fails(&owner, &TFA_DISABLE);
    }
    let counted = kw.counters();
    let answer = owner.ask(&CHANGE, &owner.mark);
    assert_eq!(answer.status, 204, "{answer:?}");
    assert_eq!(kw.counters(), counted);
    assert_eq!(kw.counters_at(3), 2, "attempts, and codes");
});

// A known browser's success is not the stranger's, and the other way round.
both!(b14_m4_two_budgets_do_not_clear_each_other, |kw| {
    let owner = Owner::new(kw, Factor::On);
    for _ in 0..3 {
        kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
        fails(&owner, &CHANGE);
    }
    assert_eq!(kw.counters_at(3), 2);
    assert_eq!(owner.ask(&RENEW, &owner.mark).status, 200);
    // Only the known browsers' row of failures is over.
    assert_eq!(kw.counters_at(3), 1);
    for _ in 0..2 {
        kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
    }
    owner.ask(&RENEW, "").limited(1);
    assert_eq!(owner.ask(&CHANGE, &owner.mark).status, 204);
});
