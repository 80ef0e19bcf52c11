//! A client that goes away during its sign-in leaves no session that nobody knows of (row
//! H14), also where its password was hashed already.

use std::sync::Mutex;
use std::sync::mpsc::channel;

use keyward::service::sessions::login;
use keyward::service::{Code, Error};

use crate::support::{TestKeyward, login_request};

// On SQLite, whose one writer can be kept busy; the check is the same on both.
#[test]
fn h14_a_client_that_left_while_its_password_was_hashed_begins_no_session() {
    let kw = TestKeyward::with(&[
        ("KEYWARD_PASSWORD_THREADS", "1"),
        ("KEYWARD_PASSWORD_QUEUE", "3"),
    ]);
    let account = kw.account("alice@example.com");
    let request = login_request("alice@example.com");
    let hashing = kw.kw.lane.seat().unwrap();
    let (seat, waiting) = kw.kw.lane.seat().unwrap();
    let (open, gate) = channel::<()>();
    let (free, writer) = channel::<()>();
    let answer = std::thread::scope(|scope| {
        // The lane's one thread stands at a gate until the sign-in is behind it.
        let gate = Mutex::new(gate);
        let stand = move || gate.lock().unwrap().recv();
        let first = scope.spawn(move || hashing.0.run(stand).unwrap());
        let sign_in = scope.spawn(|| login::login(&kw.kw, &seat, request));
        while kw.count("limits") == 0 {}
        let busy = kw.kw.clone();
        let (began, has_begun) = channel();
        let writing = scope.spawn(move || {
            busy.store.write(move |_| {
                began.send(()).unwrap();
                let _ = writer.recv();
                Ok::<_, Error>(())
            })
        });
        has_begun.recv().unwrap();
        open.send(()).unwrap();
        first.join().unwrap().unwrap();
        // What is hashed after the sign-in's password: by then that one is.
        let (after, _after) = kw.kw.lane.seat().unwrap();
        after.run(|| ()).unwrap();
        drop(waiting);
        free.send(()).unwrap();
        writing.join().unwrap().unwrap();
        sign_in.join().unwrap()
    });
    assert_eq!(
        answer.err().map(|error| error.code),
        Some(Code::ServiceUnavailable)
    );
    assert_eq!((kw.count("sessions"), kw.count("login_attempts")), (0, 0));
    assert!(!kw.audit(account).contains(&"login_succeeded".to_owned()));
    // The next one waits for its answer.
    kw.login("alice@example.com");
    assert_eq!(kw.count("sessions"), 1);
}
