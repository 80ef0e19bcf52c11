//! What a caller would rather be answered with: media types by `Accept`, languages by
//! `Accept-Language`. A weight of 0 refuses (RFC 9110 section 12.4.2), and a range with a weight that
//! is none counts as not there.

use actix_web::HttpRequest;
use actix_web::http::header::{Accept, AcceptLanguage, Header as _, Quality};

/// Whether the caller would rather have this media type than `application/json`. It is for whoever
/// names it: `*/*` and ranges like `text/*` are for JSON, and so is a header that takes neither.
#[must_use]
pub(in crate::http) fn is_preferred_to_json(request: &HttpRequest, media_type: &str) -> bool {
    let Ok(accepted) = Accept::parse(request) else {
        return false;
    };
    let weight_of = |name: &str| {
        let named = accepted.iter().filter(|it| it.item.essence_str() == name);
        named.map(|it| it.quality).max()
    };
    let wanted = weight_of(media_type).unwrap_or(Quality::ZERO);
    let json = weight_of("application/json");
    // What is named wins over what merely would do as well.
    wanted > Quality::ZERO && json.is_none_or(|json| wanted >= json)
}

/// The tags of the languages that the caller takes, the most wanted first.
pub(super) fn languages(request: &HttpRequest) -> Vec<String> {
    let Ok(mut accepted) = AcceptLanguage::parse(request) else {
        return Vec::new();
    };
    accepted.retain(|it| it.quality > Quality::ZERO);
    let ranked = accepted.ranked();
    let tags = ranked.iter().filter_map(|tag| tag.item());
    tags.map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{ACCEPT, ACCEPT_LANGUAGE};
    use actix_web::test::TestRequest;

    use super::*;

    const OF_GRAPHQL: &str = "application/graphql-response+json";

    fn accepts(lists: &[&str]) -> HttpRequest {
        let request = TestRequest::default();
        let append = |request: TestRequest, list: &&str| request.append_header((ACCEPT, *list));
        lists.iter().fold(request, append).to_http_request()
    }

    #[test]
    fn the_media_type_that_weighs_most_is_taken() {
        for (accept, graphql) in [
            ("application/graphql-response+json", true),
            ("Application/GraphQL-Response+JSON;Q=0.1", true),
            ("application/graphql-response+json; charset=utf-8", true),
            (
                "application/graphql-response+json, application/json;q=0.9",
                true,
            ),
            ("application/json, application/graphql-response+json", true),
            (
                "application/graphql-response+json;q=0.9, application/json;q=1",
                false,
            ),
            (
                "application/graphql-response+json;q=0.9,application/json",
                false,
            ),
            ("application/graphql-response+json;q=0.1, */*", true),
            ("application/graphql-response+json;q=0, */*", false),
            ("application/graphql-response+json;q=0.000", false),
            ("application/graphql-response+json;q=2", false),
            ("application/graphql-response+json;q=0.1234", false),
            ("application/graphql-response+json;q=x", false),
            ("application/json", false),
            ("application/json;q=0", false),
            ("application/*", false),
            ("*/*", false),
            ("text/html", false),
            ("text/html, application/graphql-response+json;q=0.5", true),
            ("", false),
            (",;,q=1", false),
        ] {
            let request = accepts(&[accept]);
            assert_eq!(
                is_preferred_to_json(&request, OF_GRAPHQL),
                graphql,
                "{accept}"
            );
        }
        assert!(!is_preferred_to_json(&accepts(&[]), OF_GRAPHQL));
        let two = accepts(&["text/html", OF_GRAPHQL]);
        assert!(is_preferred_to_json(&two, OF_GRAPHQL));
    }

    #[test]
    fn a_language_that_is_refused_is_not_taken() {
        for (accept, taken) in [
            ("nl-BE, en;q=0.5", &["nl-BE", "en"][..]),
            ("de;q=0.3, fi;q=0.7", &["fi", "de"]),
            ("de;q=0, fi;q=0.1", &["fi"]),
            ("de;q=0", &[]),
            ("de;q=0.000, *", &[]),
            ("de;q=2", &[]),
            ("", &[]),
        ] {
            let request = TestRequest::default().insert_header((ACCEPT_LANGUAGE, accept));
            assert_eq!(languages(&request.to_http_request()), taken, "{accept}");
        }
    }
}
