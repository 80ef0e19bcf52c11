//! Signing keys as they are stored (semantics 7): one algorithm each, by setting, sealed
//! by a key that is derived from `KEYWARD_SECRET` and bound to its row.

use std::fmt::Write as _;
use std::sync::Barrier;

use keyward::domain::algorithm::Algorithm;
use keyward::service::Code;
use keyward::service::keys;
use keyward::store::signing_keys::list;

use crate::support::{Forge, SIGNING_KEY, text};

const ALICE: &str = "alice@example.com";

// A change of the setting makes a key at the next start; until it signs, and after, the
// tokens of the old one stay good, here and on a replica that was not restarted.
both!(each_algorithm_of_the_setting_signs, |kw| {
    let (old, _) = kw.signed_in(ALICE);
    for (name, kind) in [
        ("ES256", "EC"),
        ("EdDSA", "OKP"),
        ("HS256", ""),
        ("RS256", "RSA"),
    ] {
        let restarted = kw.replica_with(&[("KEYWARD_JWT_ALGORITHM", name)]);
        let count = kw.count("signing_keys");
        keys::prepare(&restarted.kw).unwrap();
        keys::prepare(&restarted.kw).unwrap();
        assert_eq!(kw.count("signing_keys"), count + 1, "{name}: one key");
        kw.catch_up();
        let early = text(&restarted.login(ALICE), "access_token");
        assert_ne!(Forge::header_of(&early)["alg"], name, "not without notice");
        for keyward in [kw, &restarted] {
            keyward.advance(keys::NOTICE.as_secs());
        }
        let token = text(&restarted.login(ALICE), "access_token");
        let header = Forge::header_of(&token);
        assert_eq!(header["alg"], name);
        assert_eq!(header["typ"], "JWT");
        for keyward in [kw, &restarted] {
            assert_eq!(keyward.me(&token), 200, "{name}");
            assert_eq!(keyward.me(&early), 200, "{name}");
            let body = keyward.get("/.well-known/jwks.json").send().json();
            let published = body["keys"].as_array().unwrap();
            let own = published.iter().find(|key| key["kid"] == header["kid"]);
            // Whoever knows the key of HS256 can sign, so it is not published.
            assert_eq!(own.is_none(), name == "HS256");
            if let Some(own) = own {
                assert_eq!((&own["alg"], &own["kty"]), (&name.into(), &kind.into()));
            }
            let info = keyward.get("/v1/api/auth/tokenInfo").bearer(&token).send();
            assert_eq!(info.json()["header"]["alg"], name);
        }
    }
    assert_eq!(kw.me(&old), 401, "expired by now, not forgotten");
    kw.get("/auth/me")
        .bearer(&old)
        .send()
        .refused(401, "TOKEN_EXPIRED");
});

both!(a_private_key_is_stored_sealed, |kw| {
    keys::rotate(&kw.kw).unwrap();
    let stored = kw.read(list);
    assert_eq!(stored.len(), 2);
    for key in &stored {
        assert!(key.sealed.len() > 1000);
        // No part of the key in clear: not its integers, not its DER.
        for part in SIGNING_KEY.windows(16).skip(28).step_by(64) {
            assert!(!key.sealed.windows(16).any(|window| window == part));
        }
    }
    // The same bytes sealed twice are not the same box.
    assert_ne!(stored[0].sealed, stored[1].sealed);
});

both!(another_secret_opens_nothing_and_says_so, |kw| {
    kw.signed_in(ALICE);
    let before = (kw.state(), kw.count("signing_keys"));
    let other = [(
        "KEYWARD_SECRET",
        "another secret: 0123456789abcdefghijklmnopqrst",
    )];
    for algorithm in ["RS256", "ES256"] {
        let all = [other[0], ("KEYWARD_JWT_ALGORITHM", algorithm)];
        let error = kw.start_again(&all).err().unwrap();
        assert_eq!(error.code, Code::Defect);
        let cause = error.cause.unwrap();
        assert!(cause.contains("KEYWARD_SECRET is not the one"), "{cause}");
        assert!(!cause.contains("0123456789"), "{cause}");
        assert_eq!(
            (kw.state(), kw.count("signing_keys")),
            before,
            "{algorithm}"
        );
    }
    // Nothing was left behind that the right one could not open.
    assert!(kw.start_again(&[]).is_ok());
});

// A box is bound to its row: a key can not be passed off as another, nor changed.
both!(a_sealed_key_that_was_moved_or_changed_stays_shut, |kw| {
    keys::rotate(&kw.kw).unwrap();
    let stored = kw.read(list);
    let mut changed = stored[0].sealed.clone();
    changed[40] ^= 1;
    for sealed in [stored[1].sealed.clone(), changed, Vec::new()] {
        let hex = hex(&sealed);
        let row = format!("WHERE kid = '{}'", stored[0].id);
        kw.execute(
            &format!("UPDATE signing_keys SET private_sealed = x'{hex}' {row}"),
            &format!("UPDATE signing_keys SET private_sealed = decode('{hex}', 'hex') {row}"),
        );
        let error = kw.start_again(&[]).err().unwrap();
        assert!(error.cause.unwrap().contains("can not be opened"));
    }
});

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

both!(replicas_that_begin_together_make_one_key, |kw| {
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256] {
        kw.execute("DELETE FROM signing_keys", "DELETE FROM signing_keys");
        let setting = [("KEYWARD_JWT_ALGORITHM", algorithm.as_str())];
        let replicas: Vec<_> = (0..4).map(|_| kw.replica_with(&setting)).collect();
        let begun: Vec<_> = replicas.iter().map(|replica| replica.kw.clone()).collect();
        let together = Barrier::new(begun.len());
        std::thread::scope(|scope| {
            for keyward in &begun {
                let together = &together;
                scope.spawn(move || {
                    together.wait();
                    keys::prepare(keyward).unwrap();
                });
            }
        });
        assert_eq!(kw.count("signing_keys"), 1, "{algorithm:?}");
        for keyward in &begun {
            let held = keys::list(keyward);
            assert_eq!(held.len(), 1, "{algorithm:?}");
            let key = &held[0];
            assert_eq!(key.id, kw.read(list)[0].id);
            assert_eq!(key.algorithm, algorithm);
            assert!(
                key.activates_at <= keyward.clock.now(),
                "the first one signs at once"
            );
        }
    }
});
