//! Which media type an answer has, as GraphQL over HTTP would have it (docs/DIALECTS.md).

use actix_web::http::header::{ACCEPT, HeaderMap};

/// The media type under which a status means something.
pub(super) const OF_GRAPHQL: &str = "application/graphql-response+json";

/// A weight in thousandths.
type Weight = u16;

/// Whether the caller would rather have the media type of GraphQL than `application/json`. It is
/// for whoever names it: `*/*` and `application/*` are for the older one, and so is a header
/// that takes neither.
#[must_use]
pub(super) fn takes_graphql(headers: &HeaderMap) -> bool {
    let lists = headers.get_all(ACCEPT).filter_map(|it| it.to_str().ok());
    let ranges = lists.flat_map(|list| list.split(','));
    let ranges: Vec<(String, Weight)> = ranges.filter_map(range).collect();
    let of = |names: &[&str]| {
        // The most exact range counts.
        names.iter().find_map(|name| {
            let weights = ranges.iter().filter(|it| it.0 == *name).map(|it| it.1);
            weights.max()
        })
    };
    let graphql = of(&[OF_GRAPHQL]).unwrap_or(0);
    let json = of(&["application/json", "application/*", "*/*"]).unwrap_or(0);
    let is_named = of(&["application/json"]).is_some();
    // What is named wins over what merely would do as well.
    graphql > 0 && (graphql >= json || !is_named)
}

/// One range in small letters, and its weight; `None` where it can not be read.
fn range(text: &str) -> Option<(String, Weight)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let mut weight = 1000;
    for part in parts {
        if let Some((key, value)) = part.split_once('=')
            && key.trim().eq_ignore_ascii_case("q")
        {
            weight = thousandths(value.trim())?;
        }
    }
    (!name.is_empty()).then_some((name, weight))
}

/// RFC 9110 section 12.4.2: 0 to 1, with at most three digits behind the dot.
fn thousandths(text: &str) -> Option<Weight> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 || !part.bytes().all(|it| it.is_ascii_digit()) {
        return None;
    }
    let part: Weight = format!("{part:0<3}").parse().ok()?;
    match whole {
        "0" => Some(part),
        "1" if part == 0 => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

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
            ("application/*", false),
            ("*/*", false),
            ("text/html", false),
            ("text/html, application/graphql-response+json;q=0.5", true),
            ("", false),
            (",;,q=1", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
            assert_eq!(takes_graphql(&headers), graphql, "{accept}");
        }
        assert!(!takes_graphql(&HeaderMap::new()));
        let mut two = HeaderMap::new();
        for line in ["text/html", "application/graphql-response+json"] {
            two.append(ACCEPT, HeaderValue::from_static(line));
        }
        assert!(takes_graphql(&two));
    }
}
