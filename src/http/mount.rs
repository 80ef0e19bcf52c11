//! Mounts the route table, and answers for what is not in it.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use actix_web::dev::{HttpServiceFactory, ServiceRequest};
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, LOCATION};
use actix_web::{HttpRequest, HttpResponse, guard, web};

use crate::http::error_response::{Http, Keyward, Refusal, refuse};
use crate::http::request::accepted::is_preferred_to_json;
use crate::http::request::web_policy::Web;
use crate::http::routes::{Group, Row, TABLE};

impl Group {
    fn is_on(&self, web: &Web) -> bool {
        self.dialect
            .is_none_or(|dialect| web.dialects.contains(&dialect))
            && (!self.test_mode || web.test_mode)
    }
}

/// Mounts every row that is on.
pub(in crate::http) fn mount(config: &mut web::ServiceConfig, web: &Web) {
    let mut paths: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in TABLE
        .iter()
        .filter(|group| group.is_on(web))
        .flat_map(|group| group.rows)
        .filter(|row| (row.on)(web))
    {
        paths.entry(row.path).or_default().push(row);
    }
    // Resources are tried one after another, those with a variable by a regular expression: a
    // token check must not wait for sixty of them, and mere questions come before the rest.
    let (mut fixed, variable): (Vec<_>, Vec<_>) =
        paths.iter().partition(|(path, _)| !path.contains('{'));
    fixed.sort_by_key(|(_, rows)| {
        rows.iter()
            .map(|row| (row.method != "ANY", !row.cheap))
            .min()
    });
    for (path, rows) in fixed.into_iter().chain(variable) {
        config.service(resource(path, rows));
    }
    config.default_service(web::to(no_such_route));
}

/// Paths that are the same with a slash behind them: Hypi's pages print one.
const WITH_SLASH: [&str; 2] = ["/graphql", "/v1/graphql"];

/// The path as the table has it.
fn of_table(path: &str) -> &str {
    let short = path.strip_suffix('/');
    short.filter(|it| WITH_SLASH.contains(it)).unwrap_or(path)
}

fn resource(path: &'static str, rows: &[&Row]) -> impl HttpServiceFactory + 'static {
    let mut spellings = vec![path.to_owned()];
    if WITH_SLASH.contains(&path) {
        spellings.push(format!("{path}/"));
    }
    let mut resource = web::resource(spellings);
    let mut allowed: Vec<&str> = Vec::new();
    for row in rows {
        let route = (row.handler)(row.terms());
        let route = match row.method {
            "ANY" => route,
            "GET" if row.head => {
                allowed.push("HEAD");
                route.guard(guard::Any(guard::Get()).or(guard::Head()))
            }
            method => route.method(Method::from_bytes(method.as_bytes()).unwrap_or_default()),
        };
        allowed.push(row.method);
        resource = resource.route(route);
    }
    let allow = allowed.join(", ");
    resource.default_service(web::to(move |request: HttpRequest| {
        let words = format!("That method is not allowed here: this path is asked by {allow}.");
        let error = Refusal::http(Http::MethodNotAllowed, words);
        let mut response = refuse_at(request.match_info().as_str(), &error);
        if let Ok(value) = allow.parse() {
            response.headers_mut().insert(ALLOW, value);
        }
        std::future::ready(response)
    }))
}

async fn no_such_route(request: HttpRequest) -> HttpResponse {
    if request.uri().path() == "/" && is_opened_in_a_browser(&request) {
        // No path from the root: behind a proxy the page may be under another one.
        return HttpResponse::SeeOther()
            .insert_header((LOCATION, "docs"))
            .finish();
    }
    let path: String = request.uri().path().chars().take(256).collect();
    refuse_at(
        request.match_info().as_str(),
        &Refusal::http(Http::RouteNotFound, format!("Route {path} doesn't exist.")),
    )
}

/// Whether a page is asked for: clients of an interface name JSON, or anything.
fn is_opened_in_a_browser(request: &HttpRequest) -> bool {
    request.method() == Method::GET && is_preferred_to_json(request, "text/html")
}

/// What is refused before a handler is reached, in the shape of the path's dialect.
pub(in crate::http) fn refuse_at(path: &str, refusal: &Refusal) -> HttpResponse {
    let path = of_table(path);
    let own = rows()
        .filter(|row| row.path == path)
        .find_map(|row| row.refuse);
    let below = |group: &&Group| group.prefix.is_some_and(|prefix| path.starts_with(prefix));
    let refuse = own
        .or_else(|| TABLE.iter().find(below).map(|group| group.refuse))
        .unwrap_or(refuse::<Keyward>);
    refuse(refusal)
}

fn rows() -> impl Iterator<Item = &'static Row> {
    TABLE.iter().flat_map(|group| group.rows)
}

/// The path as routes are compared with it: without the percent signs of letters that need
/// none. Whatever is decided by a path goes by this, or another spelling would escape it.
pub(in crate::http) fn path(request: &ServiceRequest) -> &str {
    of_table(request.match_info().as_str())
}

/// Whether the request is a mere question, by its row. A question after a path that no row
/// has is one, too.
pub(in crate::http) fn is_frequent(request: &ServiceRequest) -> bool {
    static BY_PATH: LazyLock<HashMap<&str, Vec<&Row>>> = LazyLock::new(|| {
        let mut by_path: HashMap<_, Vec<_>> = HashMap::new();
        for row in rows() {
            by_path.entry(row.path).or_default().push(row);
        }
        by_path
    });
    let asks = matches!(*request.method(), Method::GET | Method::HEAD);
    let mut rows = BY_PATH.get(path(request)).into_iter().flatten();
    let row = rows.find(|row| row.method == "ANY" || (asks && row.method == "GET"));
    row.map_or(asks, |row| row.cheap)
}
