//! `/docs`: the interface to read and to try, from inside the binary. The viewer is
//! `RapiDoc` 9.3.8 (npm package `rapidoc`, MIT, see the licence beside it), as published;
//! with its fonts switched off it asks no other host for anything.

use std::convert::Infallible;

use actix_web::HttpResponse;
use actix_web::body::{MessageBody, SizedStream};
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::web::Bytes;
use futures_util::stream;

const PAGE: &str = include_str!("../../../assets/rapidoc/index.html");
const VIEWER: &str = include_str!("../../../assets/rapidoc/rapidoc-min.js");

/// Only this origin's scripts and answers; the viewer writes styles into its elements.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

/// What a connection's buffer takes of the viewer at once: whoever does not read must not
/// make it hold all of it (`attack_m7`).
const PIECE: usize = 16 * 1024;

fn in_pieces(text: &'static str) -> impl MessageBody {
    let pieces = text.as_bytes().chunks(PIECE);
    let pieces = pieces.map(|piece| Ok::<_, Infallible>(Bytes::from_static(piece)));
    SizedStream::new(text.len() as u64, stream::iter(pieces))
}

/// `GET /docs`.
pub async fn page() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(PAGE)
}

/// `GET /docs/rapidoc.js`.
pub async fn viewer() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/javascript; charset=utf-8")
        .insert_header((CACHE_CONTROL, "public, max-age=86400"))
        .body(in_pieces(VIEWER))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use actix_web::body::BodySize;
    use futures_util::future::poll_fn;

    use super::*;

    #[actix_web::test]
    async fn attack_m7_the_viewer_is_given_in_pieces() {
        let mut body = pin!(in_pieces(VIEWER));
        assert_eq!(body.size(), BodySize::Sized(VIEWER.len() as u64));
        let mut whole = Vec::new();
        while let Some(piece) = poll_fn(|cx| body.as_mut().poll_next(cx)).await {
            let piece = piece.ok().unwrap();
            assert!(piece.len() <= PIECE);
            whole.extend_from_slice(&piece);
        }
        assert_eq!(whole, VIEWER.as_bytes());
    }
}
