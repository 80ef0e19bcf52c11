//! Two transactions of PostgreSQL side by side, at the worst moment: what one has looked at, the
//! other one changes before it commits. (SQLite has one writer.)

use std::thread::{ScopedJoinHandle, scope};

use keyward::domain::algorithm::Algorithm;
use keyward::domain::id::OrganizationId;
use keyward::domain::organization::{Name, Scope};
use keyward::domain::password::Password;
use keyward::service::audit::seal;
use keyward::service::organizations::list;
use keyward::service::roles::validate::New;
use keyward::service::roles::{of_organization, of_service};
use keyward::service::second_factor::enrol;
use keyward::service::upkeep::spray_alarm;
use keyward::service::{Code, Error, Keyward, keys};
use keyward::store::signing_keys;

use crate::organizations::{invite, make, person};
use crate::support::{Gate, PASSWORD, TestKeyward, WRONG, actor};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

fn postgres(settings: &[(&str, &str)]) -> Option<[TestKeyward; 2]> {
    let kw = TestKeyward::postgres(settings)?;
    let replica = kw.replica();
    Some([kw, replica])
}

/// Runs both: the second one begins when the first one waits, and the gate is opened when both do.
fn one_by_one<T: Send, U: Send>(
    gate: Gate,
    first: impl FnOnce() -> T + Send,
    second: impl FnOnce() -> U + Send,
) -> (T, U) {
    scope(|scope| {
        // Dropped, and so open, where an assertion fails.
        let gate = gate;
        let first: ScopedJoinHandle<'_, T> = scope.spawn(first);
        gate.waits(1);
        let second = scope.spawn(second);
        gate.waits(2);
        gate.open();
        (first.join().unwrap(), second.join().unwrap())
    })
}

type Making<'a> = &'a (dyn Fn(&Keyward, &str) -> Result<(), Error> + Sync);

// A name is shown, and trusted: it means one role, in whatever letters.
#[test]
fn o4_of_two_roles_of_one_name_that_are_made_at_once_one_is_postgres() {
    let Some([kw, replica]) = postgres(&[]) else {
        return;
    };
    let alice = person(&kw, ALICE);
    let acme: OrganizationId = make(&kw, &alice, "Acme").parse().unwrap();
    let by = actor(&kw.kw, &alice);
    let new = |name: &str| New {
        name: Name::parse(name).unwrap(),
        description: String::new(),
        permissions: [].into(),
        factor_from: None,
    };
    let of_service: Making<'_> =
        &|kw, name| of_service::make_role(kw, new(name), Scope::Service).map(drop);
    let of_all: Making<'_> =
        &|kw, name| of_service::make_role(kw, new(name), Scope::Organization).map(drop);
    let of_one: Making<'_> =
        &|kw, name| of_organization::make_role(kw, &by, acme, new(name)).map(drop);
    let pairs = [
        (of_service, of_service),
        (of_service, of_one),
        (of_one, of_service),
        (of_all, of_one),
    ];
    for (number, (first, second)) in pairs.into_iter().enumerate() {
        let gate = Gate::before(&kw, "INSERT", "roles");
        let (one, other) = one_by_one(
            gate,
            || first(&kw.kw, &format!("Auditor{number}")),
            || second(&replica.kw, &format!("auditor{number}")),
        );
        assert!(one.is_ok(), "{number}: {one:?}");
        let refused = other.expect_err(&format!("{number}: a second one of the name"));
        assert_eq!(refused.code, Code::Conflict, "{number}: {refused}");
        kw.execute("", "DROP FUNCTION gate CASCADE");
    }
}

#[test]
fn b7_two_replicas_tell_once_of_failed_sign_ins_postgres() {
    let Some([kw, replica]) = postgres(&[("KEYWARD_FAILURE_ALARM", "1")]) else {
        return;
    };
    kw.sign_in(ALICE, WRONG).refused(401, "INVALID_CREDENTIALS");
    let gate = Gate::before(&kw, "INSERT", "audit_events");
    let told = |kw: &Keyward| spray_alarm::failed_sign_ins(kw).unwrap();
    one_by_one(gate, || told(&kw.kw), || told(&replica.kw));
    assert_eq!(kw.count("audit_events WHERE what = 'sign_ins_failing'"), 1);
}

// A start with another algorithm adds its key; who replaces all keys meanwhile knows of it.
#[test]
fn j21_a_replacement_undoes_no_other_algorithm_postgres() {
    let Some([kw, _]) = postgres(&[]) else {
        return;
    };
    let started = kw.replica_with(&[("KEYWARD_JWT_ALGORITHM", "ES256")]);
    let gate = Gate::at(&kw, "SELECT pg_advisory_xact_lock(5389712665)");
    let ((), replaced) = one_by_one(
        gate,
        || keys::prepare(&started.kw).unwrap(),
        || keys::replace_compromised(&kw.kw),
    );
    let refused = replaced.unwrap_err();
    assert_eq!(refused.code, Code::ServiceUnavailable, "{refused}");
    let youngest = || kw.read(signing_keys::list).pop().unwrap().algorithm;
    assert_eq!(youngest(), Algorithm::Es256);
    assert_eq!(kw.count("signing_keys"), 2, "none was replaced");
    // The next one makes a key of the new algorithm.
    keys::replace_compromised(&kw.kw).unwrap();
    assert_eq!(youngest(), Algorithm::Es256);
    assert_eq!(kw.count("signing_keys"), 1);
}

// As the purge removes one that has been over for long.
#[test]
fn a_key_that_goes_meanwhile_hinders_no_revocation_postgres() {
    let Some([kw, _]) = postgres(&[]) else {
        return;
    };
    let machine = kw.machine("robot", &[]);
    kw.key_in(machine, &[], None);
    kw.key_in(machine, &[], None);
    let first = kw.keys_of(machine)[0].id;
    let gate = Gate::at(&kw, &format!("DELETE FROM api_keys WHERE id = '{first}'"));
    scope(|scope| {
        let gate = gate;
        let revokes =
            scope.spawn(|| keyward::service::api_keys::administer::revoke_all_of(&kw.kw, machine));
        gate.waits(1);
        gate.open();
        assert_eq!(revokes.join().unwrap().unwrap(), 1, "the other one");
    });
    assert!(kw.keys_of(machine).is_empty());
    assert_eq!(kw.count("audit_events WHERE what = 'api_key_revoked'"), 1);
}

// Two processes look at what is unsealed; the one whose look is older writes last.
#[test]
fn an_older_look_moves_no_end_of_the_audit_chain_back_postgres() {
    let Some([kw, replica]) = postgres(&[]) else {
        return;
    };
    kw.account(ALICE);
    seal::seal(&kw.kw).unwrap();
    kw.account(BOB);
    replica.advance(200);
    let later = replica.kw.clock.now().millis();
    let gate = Gate::at(&kw, "UPDATE audit_chain SET seq = seq");
    let (sealed, again) = one_by_one(
        gate,
        || seal::seal(&replica.kw).unwrap(),
        || seal::seal(&kw.kw).unwrap(),
    );
    // Where the machine is slow the first one may have given up, and come second.
    assert_eq!(sealed + again, 1);
    assert_eq!(
        kw.count(&format!("audit_chain WHERE sealed_to > {later}")),
        1
    );
}

// Who accepts moves from the one table to the other.
#[test]
fn o1_an_organization_is_seen_once_while_it_is_joined_postgres() {
    let Some([kw, _]) = postgres(&[]) else {
        return;
    };
    let alice = person(&kw, ALICE);
    let bob = person(&kw, BOB);
    let by = actor(&kw.kw, &bob);
    let account = by.account();
    for table in ["invitations", "memberships"] {
        let acme = make(&kw, &alice, table);
        assert_eq!(invite(&kw, &alice, &acme, (BOB, "viewer")).status, 202);
        let accept = format!(
            "LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE;
             DELETE FROM invitations WHERE place = '{acme}';
             INSERT INTO memberships (organization_id, account_id, role, state, created_at, \
             updated_at) VALUES ('{acme}', '{account}', 'viewer', 'active', 0, 0)"
        );
        let gate = Gate::at(&kw, &accept);
        let seen = scope(|scope| {
            let gate = gate;
            let seen = scope.spawn(|| list::mine(&kw.kw, &by));
            gate.waits(1);
            gate.open();
            seen.join().unwrap().unwrap()
        });
        let acmes = seen.iter().filter(|(_, it, _)| it.id.to_string() == acme);
        assert_eq!(acmes.count(), 1, "{table}: {seen:?}");
    }
}

// No code was shown, so none is wrong: the answer is the one that whoever comes later has.
#[test]
fn m10_a_factor_that_is_switched_on_meanwhile_is_not_overwritten_postgres() {
    let Some([kw, _]) = postgres(&[]) else {
        return;
    };
    let (access, _) = kw.signed_in(ALICE);
    assert_eq!(kw.begin_enrolment(&access).status, 200);
    let by = actor(&kw.kw, &access);
    let (id, shown) = (
        by.account(),
        enrol::Shown {
            password: Password::parse(PASSWORD).unwrap(),
            second: None,
        },
    );
    let confirm = format!(
        "UPDATE accounts SET epoch = epoch WHERE id = '{id}';
         UPDATE factors SET confirmed_at = 0 WHERE account_id = '{id}'"
    );
    let gate = Gate::at(&kw, &confirm);
    let refused = scope(|scope| {
        let gate = gate;
        let begun = scope.spawn(|| {
            let (seat, _waiting) = kw.kw.lane.seat().unwrap();
            enrol::begin(&kw.kw, &seat, &by, &shown).map(|_| ())
        });
        gate.waits(1);
        gate.open();
        begun.join().unwrap().unwrap_err()
    });
    assert_eq!(refused.code, Code::Conflict, "{refused}");
    assert_eq!(kw.count("factors"), 1);
    assert_eq!(kw.count("factors WHERE confirmed_at = 0"), 1);
}
