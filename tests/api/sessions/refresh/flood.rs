//! Refresh tokens that look right and are nobody's (row R26): each costs a look at a keyed
//! tag and no more, and one address has only so many a second.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keyward::support::entropy::Entropy;

use crate::support::without_the_database;

both!(r26_random_tokens_cost_no_database_and_then_429, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    let entropy = Entropy::seeded(26);
    let random = || format!("kwr1_{}", URL_SAFE_NO_PAD.encode(entropy.bytes::<61>()));
    assert_eq!(random().len(), refresh.len());
    let ask = |token: &str, peer: &str| {
        let body = serde_json::json!({ "refresh_token": token });
        kw.post("/auth/refresh").json(&body).peer(peer).send()
    };
    let before = kw.state();
    without_the_database(&kw.kw, || {
        // A burst of 200, and fifty a second after that: with the time that they take.
        let refused = (0..20_000).find_map(|number| {
            let answer = ask(&random(), "203.0.113.9");
            if answer.status == 429 {
                return Some((number, answer));
            }
            answer.refused(401, "INVALID_CREDENTIALS");
            None
        });
        let (looked_at, answer) = refused.expect("the address is limited");
        assert!(looked_at >= 200, "{looked_at}");
        answer.refused(429, "REQUESTS_EXCEEDED");
        assert!(answer.header("retry-after").is_some());
        // Another address is not, and the control: what asks the database finds it away.
        ask(&random(), "203.0.113.10").refused(401, "INVALID_CREDENTIALS");
        let control = kw.get("/auth/me").bearer(&access).send();
        control.refused(503, "SERVICE_UNAVAILABLE");
    });
    assert_eq!(kw.state(), before);
});
