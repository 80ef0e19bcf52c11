//! A token that has no room for an application's words, and what a proxy is told of it.

use serde_json::json;

use crate::organizations::{make, member, person};
use crate::support::{Forge, text};

const ALICE: &str = "alice@example.com";
const BOB: &str = "bob@example.com";

both!(
    clients_39_a_proxy_is_told_that_words_were_left_out,
    &[("KEYWARD_MAX_TOKEN_BYTES", "1500")],
    |kw| {
        let alice = person(kw, ALICE);
        let acme = make(kw, &alice, "Acme");
        let many: Vec<String> = (0..100).map(|n| format!("device-{n}:update")).collect();
        let path = format!("/auth/organizations/{acme}/roles");
        let body = json!({ "name": "Fitter", "permissions": many });
        let made = kw.post(&path).bearer(&alice).json(&body).send();
        assert_eq!(made.status, 201, "{made:?}");
        let (bob, _) = member(kw, &alice, &acme, (BOB, "Fitter"));
        let reference = text(&Forge::claims_of(&bob), "perm_ref");
        let verify = |access: &str| {
            let ask = kw.get("/auth/verify").bearer(access);
            ask.header("x-keyward-permissions-ref", "mine").send()
        };
        let said = verify(&bob);
        assert_eq!(said.header("x-keyward-permissions"), Some(""));
        assert_eq!(said.header("x-keyward-permissions-ref"), Some(&*reference));
        // Of whose token all is told, and of who may nothing.
        let nobody = person(kw, "carol@example.com");
        for access in [&alice, &nobody] {
            let said = verify(access);
            let there = said.headers.iter();
            let there = there.filter(|(name, _)| name == "x-keyward-permissions-ref");
            assert_eq!(there.count(), 1);
            assert_eq!(said.header("x-keyward-permissions-ref"), Some(""));
        }
    }
);
