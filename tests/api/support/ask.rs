//! One request and its answer.

use actix_http::{Payload, Request};
use actix_web::error::PayloadError;
use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::test::TestRequest;
use actix_web::web::Bytes;
use futures_util::future::LocalBoxFuture;
use futures_util::stream;
use serde_json::Value;

use super::{TestKeyward, text};

pub struct Ask<'a> {
    to: &'a TestKeyward,
    request: TestRequest,
}

impl<'a> Ask<'a> {
    pub(super) fn new(to: &'a TestKeyward, method: &str, path: &str) -> Self {
        let request = TestRequest::with_uri(path)
            .method(Method::from_bytes(method.as_bytes()).unwrap())
            .peer_addr("127.0.0.1:50000".parse().unwrap());
        Self { to, request }
    }

    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.request = self.request.append_header((name, value));
        self
    }

    /// A header of any bytes.
    pub fn header_value(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.request = self.request.append_header((name, value));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// The refresh cookie, under the name that Keyward gives it.
    pub fn cookie(self, token: &str) -> Self {
        self.header("cookie", &format!("__Host-keyward_refresh={token}"))
    }

    /// The mark of a browser that signed in before; none where it is empty.
    pub fn device(self, mark: &str) -> Self {
        if mark.is_empty() {
            return self;
        }
        self.header("cookie", &format!("__Host-keyward_device={mark}"))
    }

    /// A JSON body, declared as such.
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.request = self
            .request
            .set_payload(body.into())
            .append_header(("content-type", content_type));
        self
    }

    /// A body without a media type.
    pub fn bare_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.request = self.request.set_payload(body.into());
        self
    }

    pub fn peer(mut self, address: &str) -> Self {
        self.request = self
            .request
            .peer_addr(format!("{address}:50000").parse().unwrap());
        self
    }

    pub fn send(self) -> Answer {
        let to = self.to;
        to.wait(self.into_future())
    }

    /// Sends a JSON body that comes late: `meanwhile` is done when the handler asks for it, after
    /// the guard of the route has judged the head.
    pub fn dripped(self, body: &Value, meanwhile: impl FnOnce() + 'static) -> Answer {
        let bytes = Bytes::from(body.to_string());
        let body = stream::once(async move {
            meanwhile();
            Ok::<_, PayloadError>(bytes)
        });
        let to = self.to;
        let request = self
            .request
            .append_header(("content-type", "application/json"))
            .to_request();
        let payload = Payload::Stream {
            payload: Box::pin(body) as _,
        };
        to.wait(to.send(request.replace_payload(payload).0))
    }

    pub(super) fn into_future(self) -> LocalBoxFuture<'static, Answer> {
        let request: Request = self.request.to_request();
        self.to.send(request)
    }
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub(super) fn new(status: u16, headers: Vec<(String, String)>, body: String) -> Self {
        Self {
            status,
            headers,
            body,
        }
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The first header of that name (lower case).
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(name, _)| name == "set-cookie")
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// Those that set or clear the refresh cookie.
    pub fn refresh_cookies(&self) -> Vec<&str> {
        let mut cookies = self.set_cookies();
        cookies.retain(|text| text.contains("keyward_refresh="));
        cookies
    }

    /// The value of the refresh cookie that this answer sets.
    pub fn cookie(&self) -> Option<String> {
        let cookie = self
            .set_cookies()
            .into_iter()
            .find(|text| text.contains("keyward_refresh="))?;
        let value = cookie.split_once('=')?.1.split(';').next()?;
        Some(value.to_owned())
    }

    /// The mark of its browser that this answer sets.
    pub fn device(&self) -> Option<String> {
        let cookies = self.set_cookies().into_iter();
        let mut marks = cookies.filter_map(|it| it.strip_prefix("__Host-keyward_device="));
        let mark = marks.next()?.split(';').next()?;
        Some(mark.to_owned())
    }

    /// The stable code of a refusal in the shape of Directus.
    #[track_caller]
    pub fn code(&self) -> String {
        let body = self.json();
        let code = &body["errors"][0]["extensions"]["code"];
        code.as_str()
            .unwrap_or_else(|| panic!("no code in {self:?}"))
            .to_owned()
    }

    /// The access token and the refresh token of a sign-in or refresh in mode json.
    #[track_caller]
    pub fn tokens(&self) -> (String, String) {
        assert_eq!(self.status, 200, "{self:?}");
        let body = self.json();
        (text(&body, "access_token"), text(&body, "refresh_token"))
    }

    /// How a refresh was answered: fresh, replayed or recovered.
    #[track_caller]
    pub fn outcome(&self) -> &str {
        assert_eq!(self.status, 200, "{self:?}");
        self.header("x-keyward-refresh")
            .unwrap_or_else(|| panic!("no outcome in {self:?}"))
    }

    /// Asserts a refusal, status and code, that gives no token away.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) {
        for token in ["kwr1_", "eyJ"] {
            assert!(!self.body.contains(token), "{self:?}");
        }
        assert!(self.cookie().is_none_or(|it| it.is_empty()), "{self:?}");
        assert_eq!(
            (self.status, self.code().as_str()),
            (status, code),
            "{self:?}"
        );
        if status == 401 {
            let challenge = self.header("www-authenticate").unwrap_or_default();
            assert!(challenge.starts_with("Bearer"), "{self:?}");
        }
    }
}
