//! A key that was seen of late is checked from memory, as a token is; and its use is written down
//! seldom.

use keyward::service::upkeep::api_key_last_used;

use super::{made, root, verify};
use crate::support::{Fault, TestKeyward, without_the_database};

both!(a_known_key_is_checked_without_the_database, |kw| {
    let root = root(kw);
    let (key, _) = made(kw, &root, ("ci", &["admin"]));
    let (unseen, _) = made(kw, &root, ("other", &["admin"]));
    assert_eq!(verify(kw, &key).status, 200);
    without_the_database(&kw.kw, || {
        for _ in 0..3 {
            assert_eq!(verify(kw, &key).status, 200);
        }
        verify(kw, &unseen).refused(503, "SERVICE_UNAVAILABLE");
    });
    assert_eq!(verify(kw, &unseen).status, 200);
});

both!(
    a_use_is_written_down_within_a_minute_and_not_each_time,
    |kw| {
        let root = root(kw);
        let (key, _) = made(kw, &root, ("ci", &[]));
        let last = |kw: &TestKeyward| {
            kw.rows("SELECT coalesce(CAST(last_used_at AS TEXT), 'never') AS line FROM api_keys")
                .remove(0)
        };
        let begin = kw.kw.clock.now().millis();
        assert_eq!(verify(kw, &key).status, 200);
        assert_eq!(last(kw), "never");
        api_key_last_used::flush(&kw.kw).unwrap();
        assert_eq!(last(kw), begin.to_string());
        // Whatever is asked within half a minute writes nothing.
        kw.inject(Fault::Fails, "UPDATE", "api_keys");
        for _ in 0..10 {
            kw.advance(2);
            assert_eq!(verify(kw, &key).status, 200);
            api_key_last_used::flush(&kw.kw).unwrap();
        }
        kw.mend();
        assert_eq!(last(kw), begin.to_string());
        kw.advance(10);
        assert_eq!(verify(kw, &key).status, 200);
        api_key_last_used::flush(&kw.kw).unwrap();
        assert_eq!(last(kw), (begin + 30_000).to_string());
        // Another process that saw it earlier moves it back by nothing.
        let replica = kw.replica();
        assert_eq!(verify(&replica, &key).status, 200);
        kw.advance(40);
        assert_eq!(verify(kw, &key).status, 200);
        api_key_last_used::flush(&kw.kw).unwrap();
        api_key_last_used::flush(&replica.kw).unwrap();
        assert_eq!(last(kw), (begin + 70_000).to_string());
    }
);

both!(
    operators_59_a_use_is_written_down_when_the_database_is_back,
    |kw| {
        let root = root(kw);
        let (one, _) = made(kw, &root, ("one", &[]));
        let (two, _) = made(kw, &root, ("two", &[]));
        let begin = kw.kw.clock.now().millis();
        let used = || {
            kw.rows("SELECT CAST(last_used_at AS TEXT) AS line FROM api_keys WHERE last_used_at IS NOT NULL")
        };
        for key in [&one, &two] {
            assert_eq!(verify(kw, key).status, 200);
        }
        kw.inject(Fault::Fails, "UPDATE", "api_keys");
        api_key_last_used::flush(&kw.kw).unwrap_err();
        // What comes meanwhile is later, and stays so.
        kw.advance(30);
        assert_eq!(verify(kw, &one).status, 200);
        api_key_last_used::flush(&kw.kw).unwrap_err();
        kw.mend();
        assert_eq!(used(), Vec::<String>::new());
        api_key_last_used::flush(&kw.kw).unwrap();
        let mut lines = used();
        lines.sort();
        assert_eq!(lines, [begin.to_string(), (begin + 30_000).to_string()]);
    }
);
