//! How an exchange is asked for: one access token in one place, by somebody who means
//! it; and what may be kept of the answer.

use serde_json::json;

use super::{PATH, exchange, expired};
use crate::support::Ask;

both!(x13_there_is_one_token_and_it_is_an_access_token, |kw| {
    let (access, refresh) = expired(kw);
    let (bob, _) = kw.signed_in("bob@example.com");
    let before = kw.state();
    let ask = |query: &str| kw.get(&format!("{PATH}?{query}"));
    let raw = |query: &str, token: &str| ask(query).header("authorization", token).send();
    for answer in [
        ask(&format!("token={access}")).bearer(&bob).send(),
        ask(&format!("token={access}")).bearer(&access).send(),
        raw(&format!("token={access}"), &bob),
        raw(&format!("token={access}"), &access),
        raw(&format!("token={access}"), &format!("Bearer  {access}")),
        ask(&format!("token={access}&token={bob}")).send(),
        ask(&format!("token={access}&token={access}")).send(),
        ask(&format!("token[]={access}")).send(),
        raw("", &format!("{access},{bob}")),
        raw("", &format!("Bearer {access}, Bearer {bob}")),
        kw.get(PATH).bearer(&access).bearer(&bob).send(),
    ] {
        answer.refused(400, "INVALID_PAYLOAD");
    }
    for answer in [
        exchange(kw, &refresh),
        kw.get(PATH).bearer(&refresh).send(),
        raw("", &refresh),
        exchange(kw, "junk"),
    ] {
        answer.refused(401, "INVALID_TOKEN");
    }
    // Neither a cookie nor another parameter is a token here.
    for answer in [
        kw.get(PATH).send(),
        kw.post(PATH).send(),
        ask("token=").send(),
        ask(&format!("access_token={access}")).send(),
        ask(&format!("TOKEN={access}")).send(),
        kw.get(PATH).cookie(&refresh).send(),
        kw.post(PATH).json(&json!({ "token": access })).send(),
        raw("", &format!("Basic {access}")),
    ] {
        answer.refused(401, "INVALID_CREDENTIALS");
    }
    assert_eq!(kw.state(), before);
});

both!(
    x14_a_page_of_another_site_and_a_prefetch_are_refused,
    |kw| {
        let (access, _) = expired(kw);
        let before = kw.state();
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-purpose", "prefetch"),
            ("sec-purpose", "prefetch;prerender"),
            ("purpose", "prefetch"),
        ] {
            for ask in [
                kw.get(&format!("{PATH}?token={access}")),
                kw.get(PATH).bearer(&access),
                kw.post(PATH).bearer(&access),
            ] {
                let answer = ask.header(name, value).send();
                answer.refused(403, "FORBIDDEN");
            }
        }
        assert_eq!(kw.state(), before);
        let path = format!("{PATH}?token={access}");
        let answer = kw.get(&path).header("sec-fetch-site", "same-origin").send();
        assert_eq!(answer.status, 200, "a page of ours");
    }
);

fn by_script<'a>(ask: Ask<'a>, site: &str) -> Ask<'a> {
    let ask = ask
        .header("origin", "https://app.example.com")
        .header("sec-fetch-mode", "cors");
    ask.header("sec-fetch-site", site)
}

const LISTED: &[(&str, &str)] = &[("KEYWARD_ALLOWED_ORIGINS", "https://app.example.com")];

both!(
    clients_48_x14_a_listed_page_exchanges_by_script,
    LISTED,
    |kw| {
        let (access, _) = expired(kw);
        let before = kw.state();
        let path = format!("{PATH}?token={access}");
        let listed = "https://app.example.com";
        for (origin, mode, site) in [
            (None, "cors", "cross-site"),
            (None, "no-cors", "cross-site"),
            (None, "navigate", "cross-site"),
            (Some(listed), "no-cors", "cross-site"),
            (Some(listed), "navigate", "same-site"),
            (Some("https://evil.example"), "cors", "cross-site"),
            (Some("null"), "cors", "cross-site"),
        ] {
            for ask in [kw.get(&path), kw.post(PATH).bearer(&access)] {
                let ask = ask
                    .header("sec-fetch-site", site)
                    .header("sec-fetch-mode", mode);
                let ask = match origin {
                    Some(origin) => ask.header("origin", origin),
                    None => ask,
                };
                ask.send().refused(403, "FORBIDDEN");
            }
        }
        by_script(kw.get(&path), "cross-site")
            .header("sec-purpose", "prefetch")
            .send()
            .refused(403, "FORBIDDEN");
        assert_eq!(kw.state(), before);
        for ask in [
            by_script(kw.get(&path), "cross-site"),
            by_script(kw.post(PATH).bearer(&access), "same-site"),
        ] {
            let answer = ask.send();
            assert_eq!(answer.status, 200, "{answer:?}");
            assert_eq!(answer.header("access-control-allow-origin"), Some(listed));
        }
    }
);

both!(x15_head_spends_nothing, |kw| {
    let (access, _) = expired(kw);
    let before = kw.state();
    for ask in [
        kw.ask("HEAD", &format!("{PATH}?token={access}")),
        kw.ask("HEAD", PATH).bearer(&access),
    ] {
        let answer = ask.send();
        assert_eq!(answer.status, 405, "{answer:?}");
        assert_eq!(answer.header("allow"), Some("GET, POST"));
    }
    assert_eq!(kw.state(), before);
});

both!(x16_no_cache_keeps_the_answer, |kw| {
    let (access, _) = expired(kw);
    let answer = exchange(kw, &access);
    assert_eq!(answer.header("cache-control"), Some("no-store, private"));
    assert_eq!(answer.header("vary"), Some("Authorization"));
    let answer = exchange(kw, "junk");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
});
