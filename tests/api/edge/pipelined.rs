//! Requests that are sent before the answers to those before them came.

use crate::support::TestKeyward;

/// RFC 9112 section 9.6: what comes after it is not answered, and the connection ends. A proxy
/// that saw the same bytes takes them for nobody's request.
#[test]
fn attack_l10_nothing_is_answered_after_connection_close() {
    let kw = TestKeyward::new();
    let head = |method: &str, version: &str, more: &str| {
        format!("{method} HTTP/{version}\r\nHost: x\r\n{more}\r\n")
    };
    let next = head("GET /server/ping", "1.1", "");
    let post = "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n";
    let chunked = "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\
                   Connection: close\r\n";
    let lasts = [
        head("GET /server/ping", "1.1", "Connection: close\r\n"),
        head("GET /health/ready", "1.1", "Connection: close\r\n"),
        head("GET /nothing", "1.1", "Connection: Close\r\n"),
        head(
            "GET /server/ping",
            "1.1",
            "Connection: keep-alive, CLOSE\r\n",
        ),
        head(
            "GET /server/ping",
            "1.1",
            "Connection: x\r\nConnection: close\r\n",
        ),
        head("GET /docs/rapidoc.js", "1.1", "Connection: close\r\n"),
        head("GET /server/ping", "1.0", ""),
        head("POST /auth/refresh", "1.1", post) + "{}",
        head("POST /auth/refresh", "1.1", chunked) + "2\r\n{}\r\n0\r\n\r\n",
    ];
    // One before it is answered as ever.
    let sent = lasts.iter().map(|last| format!("{next}{last}{next}{next}"));
    for (last, answers) in lasts.iter().zip(kw.over_the_wire(sent.collect())) {
        let answered = answers.matches("x-request-id: ").count();
        assert_eq!(answered, 2, "{last}: {answers}");
        let told = answers.to_lowercase().matches("connection: close").count();
        assert_eq!(told, 1, "{last}: {answers}");
    }
}

#[test]
fn attack_l10_all_that_are_sent_at_once_before_it_are_answered() {
    let kw = TestKeyward::new();
    let next = "GET /server/ping HTTP/1.1\r\nHost: x\r\n\r\n";
    let last = "GET /server/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let answers = kw.over_the_wire(vec![format!("{next}{next}{next}{last}")]);
    assert_eq!(
        answers[0].matches("x-request-id: ").count(),
        4,
        "{answers:?}"
    );
}
