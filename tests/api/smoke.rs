use crate::support::{Forge, text};

both!(the_tools_work, |kw| {
    let (access, refresh) = kw.signed_in("alice@example.com");
    assert_eq!(kw.me(&access), 200);
    let forged = Forge::ours().sign(&Forge::ours().header(), &Forge::claims_of(&access));
    assert_eq!(forged, access);
    let before = kw.state();
    assert_eq!(kw.state(), before);
    let asks = (0..10)
        .map(|_| {
            kw.post("/auth/refresh")
                .json(&serde_json::json!({ "refresh_token": refresh }))
        })
        .collect();
    let answers = kw.all(asks);
    let first = text(&answers[0].json(), "refresh_token");
    for answer in &answers {
        assert_eq!(text(&answer.json(), "refresh_token"), first, "{answer:?}");
    }
    assert_eq!(kw.session_of(&access).generation.number, 1);
    let replica = kw.replica();
    assert_eq!(replica.me(&access), 200);
    assert_eq!(kw.post("/auth/logout").bearer(&access).send().status, 204);
    kw.get("/auth/me")
        .bearer(&access)
        .send()
        .refused(401, "INVALID_TOKEN");
    replica.catch_up();
    replica
        .get("/auth/me")
        .bearer(&access)
        .send()
        .refused(401, "INVALID_TOKEN");
});
