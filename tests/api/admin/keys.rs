//! Signing keys by the interface.

use serde_json::json;

use super::{administrator, rows};
use crate::support::text;

both!(keys_are_listed_rotated_and_replaced, |kw| {
    let (root, token) = administrator(kw);
    let (_, refresh) = kw.signed_in("alice@example.com");
    let listed = rows(&kw.get("/admin/signing-keys").bearer(&token).send());
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["state"], json!("active"));
    let rotate = || kw.post("/admin/signing-keys/rotate").bearer(&token).send();
    let next = rotate();
    assert_eq!(next.status, 201, "{next:?}");
    rotate().refused(409, "CONFLICT");
    let listed = rows(&kw.get("/admin/signing-keys").bearer(&token).send());
    assert_eq!(listed[1]["id"], next.json()["id"]);
    assert_eq!(listed[1]["state"], json!("next"));
    assert_eq!(listed[1]["signsFrom"], next.json()["signsFrom"]);
    assert_eq!(kw.me(&token), 200);
    let path = "/admin/signing-keys/replace-compromised";
    let replaced = kw.post(path).bearer(&token).send();
    assert_eq!(replaced.status, 201, "{replaced:?}");
    assert_eq!(kw.me(&token), 401);
    let (access, _) = kw.refresh(&refresh).tokens();
    assert_eq!(kw.me(&access), 200);
    let jwks = kw.get("/.well-known/jwks.json").send().json();
    let published = jwks["keys"].as_array().unwrap();
    assert_eq!(published.len(), 1);
    assert_eq!(text(&published[0], "kid"), text(&replaced.json(), "id"));
    for what in ["key_rotated", "key_compromised"] {
        let row = format!("audit_events WHERE what = '{what}' AND actor_id = '{root}'");
        assert_eq!(kw.count(&row), 1);
    }
});
