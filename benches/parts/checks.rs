//! A check of who calls, as `/auth/verify` makes it: of an access token that is known, and of an
//! API key that is. A key should cost at most a ninth more.

use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;

use criterion::Criterion;
use keyward::app::{App, World};
use keyward::config;
use keyward::domain::identifier::Username;
use keyward::domain::organization::Name;
use keyward::domain::session::{Client, Mode};
use keyward::service::accounts::profile_edit::Edit;
use keyward::service::accounts::{administer as accounts, guest};
use keyward::service::api_keys::administer;
use keyward::service::api_keys::rules::New;
use keyward::service::keys;
use keyward::service::tokens::authenticate::authenticate;
use keyward::service::tokens::authenticate_api_key;

pub fn checks(c: &mut Criterion) {
    let folder = std::env::temp_dir().join(format!("keyward-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let url = format!("sqlite://{}/keyward.db", folder.display());
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("KEYWARD_SECRET", "0123456789abcdefghijklmnopqrstuvwxyz"),
        ("KEYWARD_PUBLIC_URL", "http://localhost:8080"),
        ("KEYWARD_GUESTS", "on"),
    ];
    let settings: BTreeMap<String, String> = settings
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let config = config::read(&settings, false).unwrap_or_else(|_| panic!("settings"));
    let app = App::open(&config, World::real(&config)).unwrap_or_else(|_| panic!("a start"));
    let kw = &app.keyward;
    keys::prepare(kw).expect("a signing key");
    let token = guest::begin(kw, Mode::Json, Client::default()).expect("a guest");
    let token = token.access;
    let machine = Username::parse("ci-bot").expect("a username");
    let machine = accounts::add_machine(kw, machine, (Edit::default(), None)).expect("a machine");
    let new = New {
        name: Name::parse("ci").expect("a name"),
        scope: BTreeSet::new(),
        organization: None,
        expires_at: None,
    };
    let key = administer::make(kw, machine, new).expect("a key").text;
    authenticate(kw, &token).expect("a good token");
    authenticate_api_key::look_up(kw, &key).expect("a good key");
    c.bench_function("check an access token that is known", |b| {
        b.iter(|| authenticate(kw, black_box(&token)));
    });
    c.bench_function("check an API key that is known", |b| {
        b.iter(|| authenticate_api_key::remembered(kw, black_box(&key)));
    });
    let _ = std::fs::remove_dir_all(folder);
}
