//! An attempt that the password lane did not get to was not looked at, so it is not counted:
//! overload must not become a lock-out (semantics 5, row S18). Nor does it lend a guess.

use std::thread;
use std::time::Duration;

use keyward::domain::password::Password;
use keyward::domain::session::Client;
use keyward::lanes::password_lane::Seat;
use keyward::service::accounts::change_password::{NewPassword, change_password};
use keyward::service::actor::Actor;
use keyward::service::second_factor::enrol::{self, Shown};
use keyward::service::second_factor::require_proof::{Proof, RemovalProof};
use keyward::service::second_factor::{recovery_codes, remove};
use keyward::service::sessions::login;
use keyward::service::{Code, Error, Keyward};
use keyward::support::secret::SecretString;

use crate::support::{Fault, PASSWORD, TestKeyward, WRONG, actor, login_request, shut, wait_until};

const ALICE: &str = "alice@example.com";
const NEW: &str = "another battery staple";

const ONE_THREAD: &[(&str, &str)] = &[
    ("KEYWARD_PASSWORD_THREADS", "1"),
    ("KEYWARD_PASSWORD_QUEUE", "10"),
];

/// An account with a second factor, whose acts are asked for with the right password, from
/// a network of its own.
struct Owner {
    email: &'static str,
    access: String,
    code: String,
    client: Client,
}

impl Owner {
    fn new(kw: &TestKeyward, email: &'static str) -> Self {
        let [owner] = Self::all(kw, [email]);
        owner
    }

    fn all<const N: usize>(kw: &TestKeyward, emails: [&'static str; N]) -> [Self; N] {
        let mut network = 0;
        let enrolled = emails.map(|email| (email, kw.with_factor(email)));
        enrolled.map(|(email, (access, _, factor))| {
            network += 1;
            Self {
                email,
                access,
                code: kw.code(&factor.secret, 0),
                client: Client {
                    address: Some(format!("2001:db8:{network}::1").parse().unwrap()),
                    ..Client::default()
                },
            }
        })
    }

    fn actor(&self, kw: &Keyward) -> Actor {
        Actor {
            client: self.client.clone(),
            ..actor(kw, &self.access)
        }
    }

    fn proof(&self) -> Proof {
        Proof {
            password: password(PASSWORD),
            second: self.code(),
        }
    }

    fn code(&self) -> SecretString {
        self.code.clone().into()
    }

    /// Somebody fails to sign in as the owner, from the same place.
    #[track_caller]
    fn is_guessed_at(&self, kw: &TestKeyward) {
        let peer = format!("[{}]", self.client.address.unwrap());
        let answer = kw.ask_sign_in(self.email, WRONG).peer(&peer).send();
        answer.refused(401, "INVALID_CREDENTIALS");
    }
}

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

type Act = fn(&Keyward, &Seat, &Owner) -> Result<(), Error>;

/// Every act that proves a password.
const ACTS: [Act; 5] = [sign_in, change, begin, disable, renew];

fn sign_in(kw: &Keyward, seat: &Seat, owner: &Owner) -> Result<(), Error> {
    let request = login::Request {
        otp: Some(owner.code()),
        client: owner.client.clone(),
        ..login_request(owner.email)
    };
    login::login(kw, seat, request).map(drop)
}

fn change(kw: &Keyward, seat: &Seat, owner: &Owner) -> Result<(), Error> {
    let (present, new) = (password(PASSWORD), password(NEW));
    let otp = Some(owner.code());
    let typed = NewPassword { present, new, otp };
    change_password(kw, seat, &owner.actor(kw), &typed).map(drop)
}

fn begin(kw: &Keyward, seat: &Seat, owner: &Owner) -> Result<(), Error> {
    let shown = Shown {
        password: password(PASSWORD),
        second: None,
    };
    enrol::begin(kw, seat, &owner.actor(kw), &shown).map(drop)
}

fn disable(kw: &Keyward, seat: &Seat, owner: &Owner) -> Result<(), Error> {
    let proof = RemovalProof::PasswordAndCode(owner.proof());
    remove::remove(kw, seat, &owner.actor(kw), &proof).map(drop)
}

fn renew(kw: &Keyward, seat: &Seat, owner: &Owner) -> Result<(), Error> {
    recovery_codes::renew(kw, seat, &owner.actor(kw), &owner.proof()).map(drop)
}

#[track_caller]
fn assert_not_done(answer: Result<(), Error>) {
    let error = answer.unwrap_err();
    assert_eq!(error.code, Code::ServiceUnavailable, "{error}");
    assert_eq!(error.retry_after, Some(1));
}

/// What none of these acts may have changed.
fn everything(kw: &TestKeyward, owner: &Owner) -> impl PartialEq + std::fmt::Debug + use<> {
    let account = kw.session_of(&owner.access).account;
    (
        kw.counters(),
        kw.state(),
        (kw.record_of(account), kw.factor_state(&owner.access)),
        (kw.audit(account), kw.attempts(account)),
    )
}

// Also where each failure costs a wait by now: what was not looked at must not add to it.
both!(s18_h14_whose_client_left_the_queue_has_not_failed, |kw| {
    let owner = Owner::new(kw, ALICE);
    for failures in [0, 3, 7] {
        kw.execute("DELETE FROM limits", "DELETE FROM limits");
        for _ in 0..failures {
            owner.is_guessed_at(kw);
            kw.advance(8);
        }
        let before = everything(kw, &owner);
        for act in ACTS {
            let (seat, waiting) = kw.kw.lane.seat().unwrap();
            drop(waiting);
            assert_not_done(act(&kw.kw, &seat, &owner));
            assert_eq!(everything(kw, &owner), before);
        }
        // The next one is looked at, and counted.
        owner.is_guessed_at(kw);
        assert_eq!(kw.counters_at(failures + 1), 4);
    }
});

both!(
    s18_who_waited_for_too_long_has_not_failed,
    ONE_THREAD,
    |kw| {
        let acts: [Act; 3] = [sign_in, change, disable];
        let owners = Owner::all(kw, [ALICE, "bob@example.com", "carol@example.com"]);
        let before = owners.each_ref().map(|owner| everything(kw, owner));
        assert_eq!(kw.count("limits WHERE failures > 0"), 0);
        let gates = shut(&kw.kw);
        let answers = thread::scope(|scope| {
            let asked = owners.iter().zip(acts).map(|(owner, act)| {
                let kw = kw.kw.clone();
                scope.spawn(move || {
                    let (seat, _waiting) = kw.lane.seat().unwrap();
                    act(&kw, &seat, owner)
                })
            });
            let asked: Vec<_> = asked.collect();
            // Each was counted: by its account, and by three networks.
            wait_until(|| kw.counters_at(1) == 12);
            thread::sleep(Duration::from_millis(8500));
            drop(gates);
            let answers = asked.into_iter().map(|it| it.join().unwrap());
            answers.collect::<Vec<_>>()
        });
        answers.into_iter().for_each(assert_not_done);
        assert_eq!(owners.each_ref().map(|it| everything(kw, it)), before);
        for (owner, act) in owners.iter().zip(acts) {
            let (seat, _waiting) = kw.kw.lane.seat().unwrap();
            assert!(act(&kw.kw, &seat, owner).is_ok(), "{}", owner.email);
        }
    }
);

// The present password was right, and the new one was not made a record of.
both!(
    s18_a_change_whose_new_password_is_not_hashed_has_not_failed,
    ONE_THREAD,
    |kw| {
        let owner = Owner::new(kw, ALICE);
        owner.is_guessed_at(kw);
        let before = everything(kw, &owner);
        let lane = &kw.kw.lane;
        let first = shut(&kw.kw);
        // One of the two that were to stand may stand twice, and the other one waits.
        let queued = lane.queued();
        let (seat, waiting) = lane.seat().unwrap();
        let answer = thread::scope(|scope| {
            let (inner, owner) = (kw.kw.clone(), &owner);
            let asked = scope.spawn(move || change(&inner, &seat, owner));
            // Of the addresses; the session's own counter stands at one.
            wait_until(|| kw.counters_at(2) == 3);
            wait_until(|| lane.queued() == queued + 1);
            // Both threads stand again once the password before them was compared.
            let inner = kw.kw.clone();
            let second = scope.spawn(move || shut(&inner));
            // Its two jobs are behind that of the password.
            wait_until(|| lane.queued() == queued + 3);
            drop(first);
            let second = second.join().unwrap();
            drop(waiting);
            drop(second);
            asked.join().unwrap()
        });
        assert_not_done(answer);
        assert_eq!(everything(kw, &owner), before);
        let (seat, _waiting) = kw.kw.lane.seat().unwrap();
        assert!(change(&kw.kw, &seat, &owner).is_ok());
    }
);

// Who leaves takes back his own attempt and nobody else's.
both!(
    s18_b2_failures_of_others_meanwhile_stay_counted,
    ONE_THREAD,
    |kw| {
        let owner = Owner::new(kw, ALICE);
        let stored = kw.state();
        let replica = kw.replica();
        let gates = shut(&kw.kw);
        let (seat, waiting) = kw.kw.lane.seat().unwrap();
        let answer = thread::scope(|scope| {
            let (inner, asks) = (kw.kw.clone(), &owner);
            let asked = scope.spawn(move || sign_in(&inner, &seat, asks));
            wait_until(|| kw.counters_at(1) == 4);
            for _ in 0..4 {
                owner.is_guessed_at(&replica);
            }
            drop(waiting);
            drop(gates);
            asked.join().unwrap()
        });
        assert_not_done(answer);
        assert_eq!((kw.counters_at(4), kw.counters_at(5)), (4, 0));
        // Nor was the wait forgotten that the last of them has to be waited for.
        kw.sign_in(ALICE, PASSWORD).limited(1);
        assert_eq!(kw.state(), stored);
    }
);

// As far as it can be done: the answer is the same, and the attempt stays a failure.
both!(s18_b16_what_can_not_be_given_back_stays_counted, |kw| {
    let owner = Owner::new(kw, ALICE);
    kw.execute("DELETE FROM limits", "DELETE FROM limits");
    let stored = kw.state();
    kw.inject(Fault::Fails, "DELETE", "limits");
    let (seat, waiting) = kw.kw.lane.seat().unwrap();
    drop(waiting);
    assert_not_done(sign_in(&kw.kw, &seat, &owner));
    kw.mend();
    assert_eq!((kw.state(), kw.counters_at(1)), (stored, 4));
});
