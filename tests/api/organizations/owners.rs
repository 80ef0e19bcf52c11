//! An organization always has an owner.

use std::sync::Barrier;

use keyward::domain::id::OrganizationId;
use keyward::service::Code;
use keyward::service::organizations::change_member::{Edit, Which, change_member, leave};
use serde_json::json;

use super::{ALICE, BOB, CAROL, change, id_of, invite, make, member, path_of, person, rows};
use crate::support::{PASSWORD, actor};

both!(o5_the_last_owner_stays, |kw| {
    let alice = person(kw, ALICE);
    let acme = make(kw, &alice, "Acme");
    let (admin, _) = member(kw, &alice, &acme, (BOB, "admin"));
    assert_eq!(invite(kw, &alice, &acme, (CAROL, "owner")).status, 202);
    let before = rows(kw);
    let own = path_of(&acme, id_of(&alice));
    let leave = format!("/auth/organizations/{acme}/leave");
    for answer in [
        kw.post(&leave).bearer(&alice).send(),
        change(kw, &alice, &own, &json!({ "role": "admin" })),
        change(kw, &alice, &own, &json!({ "state": "suspended" })),
        kw.delete(&own).bearer(&alice).send(),
        kw.delete("/auth/me")
            .bearer(&alice)
            .json(&json!({ "password": PASSWORD }))
            .send(),
    ] {
        answer.refused(409, "CONFLICT");
    }
    assert_eq!(rows(kw), before);
    // With another one the first may go.
    let path = path_of(&acme, id_of(&admin));
    assert_eq!(
        change(kw, &alice, &path, &json!({ "role": "owner" })).status,
        204
    );
    assert_eq!(kw.post(&leave).bearer(&alice).send().status, 204);
    let alice = kw.sign_in(ALICE, PASSWORD).tokens().0;
    kw.post(&leave)
        .bearer(&alice)
        .send()
        .refused(404, "NOT_FOUND");
});

both!(
    o5_an_organization_that_nobody_else_is_in_goes_with_its_owner,
    |kw| {
        let alice = person(kw, ALICE);
        make(kw, &alice, "Acme");
        let body = json!({ "password": PASSWORD });
        let answer = kw.delete("/auth/me").bearer(&alice).json(&body).send();
        assert_eq!(answer.status, 204, "{answer:?}");
        assert_eq!(rows(kw), [""; 0]);
    }
);

both!(
    o5_s9_of_two_owners_who_demote_each_other_at_once_one_stays,
    |kw| {
        let replica = kw.replica();
        for round in 0..12 {
            let one = person(kw, &format!("one{round}@example.com"));
            let acme = make(kw, &one, &format!("Acme {round}"));
            let (two, _) = member(
                kw,
                &one,
                &acme,
                (&format!("two{round}@example.com"), "owner"),
            );
            let organization: OrganizationId = acme.parse().unwrap();
            let start = Barrier::new(2);
            let outcomes: Vec<_> = std::thread::scope(|scope| {
                let threads = [(kw, &one, &two), (&replica, &two, &one)].map(|(kw, by, of)| {
                    let (kw, start) = (kw.kw.clone(), &start);
                    let (by, account) = (actor(&kw, by), id_of(of));
                    scope.spawn(move || {
                        start.wait();
                        if round % 2 == 0 {
                            let which = Which {
                                organization,
                                account,
                            };
                            let role = Some("viewer".to_owned());
                            change_member(&kw, &by, which, Edit { role, state: None })
                        } else {
                            leave(&kw, &by, organization)
                        }
                    })
                });
                threads.map(|thread| thread.join().unwrap()).into()
            });
            let won = outcomes.iter().filter(|it| it.is_ok()).count();
            assert_eq!(won, 1, "{outcomes:?}");
            let lost = outcomes.into_iter().find_map(Result::err).unwrap();
            let expected = [
                Code::Forbidden,
                Code::Conflict,
                Code::InvalidToken,
                Code::TokenExpired,
                Code::NotFound,
            ];
            assert!(expected.contains(&lost.code), "{lost:?}");
            let owners = format!(
                "memberships WHERE organization_id = '{acme}' AND role = 'owner' AND state = 'active'"
            );
            assert_eq!(kw.count(&owners), 1, "round {round}");
        }
    }
);
