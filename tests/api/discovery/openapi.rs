//! The description of the interface: `openapi.yaml` has the operations of the route table
//! and no others, is served as it stands, and holds together.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use keyward::domain::mail_letter::LetterPurpose;
use keyward::http::routes::{Guard, TABLE};
use serde_json::{Value, json};
use strum::VariantArray as _;

use crate::support::{Answer, TestKeyward, text};

const TEXT: &str = include_str!("../../../openapi.yaml");

pub const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_saphyr::from_str(TEXT).unwrap())
}

/// What a node says, or what it refers to says.
pub fn resolve(node: &'static Value) -> &'static Value {
    match node["$ref"].as_str() {
        Some(to) => document().pointer(to.strip_prefix('#').unwrap()).unwrap(),
        None => node,
    }
}

/// Path, method and operation.
pub fn operations() -> Vec<(&'static str, &'static str, &'static Value)> {
    let paths = document()["paths"].as_object().unwrap();
    let of_path = |(path, item): (&'static String, &'static Value)| {
        METHODS
            .into_iter()
            .filter_map(move |method| Some((path.as_str(), method, item.get(method)?)))
    };
    paths.iter().flat_map(of_path).collect()
}

/// Why a value is not what a schema of the document describes; empty where it is.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    // References inside it are to the whole document.
    let mut schema = schema.clone();
    schema["components"] = document()["components"].clone();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let faults = validator.iter_errors(value);
    faults.map(|fault| fault.to_string()).collect()
}

/// Asserts that an answer stands in the document, under this method and path.
#[track_caller]
pub fn assert_documented(method: &str, path: &str, answer: &Answer) -> &'static Value {
    let operation = &document()["paths"][path][method];
    let response = &operation["responses"][answer.status.to_string()];
    assert!(!response.is_null(), "{method} {path}: {answer:?}");
    let response = resolve(response);
    if let Some(headers) = response["headers"].as_object() {
        for (name, header) in headers {
            let header = resolve(header);
            match answer.header(&name.to_lowercase()) {
                None => assert_ne!(header["required"], json!(true), "{name}: {answer:?}"),
                Some(value) => {
                    let value = match header["schema"]["type"].as_str() {
                        Some("integer") => value.parse::<i64>().unwrap().into(),
                        _ => json!(value),
                    };
                    assert_eq!(faults(&header["schema"], &value), [""; 0], "{name}");
                }
            }
        }
    }
    let Some(content) = response["content"].as_object() else {
        assert_eq!(answer.body, "", "{method} {path}");
        return response;
    };
    let (media_type, content) = content.iter().next().unwrap();
    let declared = answer.header("content-type").unwrap();
    assert_eq!(declared.split(';').next(), Some(media_type.as_str()));
    let body = match media_type.as_str() {
        "application/json" => answer.json(),
        "application/yaml" => serde_saphyr::from_str(&answer.body).unwrap(),
        _ => json!(answer.body),
    };
    let faults = faults(&content["schema"], &body);
    assert_eq!(faults, [""; 0], "{method} {path}: {answer:?}");
    response
}

#[test]
fn the_route_table_and_the_document_name_the_same_operations() {
    let documented: BTreeSet<(String, String)> = operations()
        .into_iter()
        .map(|(path, method, _)| (path.to_owned(), method.to_owned()))
        .collect();
    let mut mounted = BTreeSet::new();
    for row in TABLE.iter().flat_map(|group| group.rows) {
        let methods = match row.method {
            "ANY" => METHODS.to_vec(),
            method => vec![
                METHODS
                    .into_iter()
                    .find(|it| it.eq_ignore_ascii_case(method))
                    .unwrap(),
            ],
        };
        mounted.extend(
            methods
                .into_iter()
                .map(|it| (row.path.to_owned(), it.to_owned())),
        );
    }
    assert_eq!(documented, mounted);
}

#[test]
fn tags_are_the_groups_of_the_table_but_for_what_every_dialect_shares() {
    for group in TABLE {
        for row in group.rows {
            let method = if row.method == "ANY" {
                "get".to_owned()
            } else {
                row.method.to_lowercase()
            };
            let tags = &document()["paths"][row.path][method]["tags"];
            assert_eq!(tags, &json!([group.name]), "{}", row.path);
        }
    }
}

/// A row that opens to guests or API keys, or to some of them alone, is marked so, and no other.
#[test]
fn a3_o11_who_may_go_where_stands_in_the_document() {
    for row in TABLE.iter().flat_map(|group| group.rows) {
        let methods = match row.method {
            "ANY" => METHODS.map(str::to_owned).to_vec(),
            method => vec![method.to_lowercase()],
        };
        for method in methods {
            let told = &document()["paths"][row.path][&method]["x-keyward-guard"];
            let guard = match row.guard {
                Guard::Guest
                | Guard::Caller
                | Guard::Account
                | Guard::Administrator
                | Guard::Permission(_) => Some(row.guard.as_str()),
                Guard::Public | Guard::SignedIn => None,
            };
            assert_eq!(told, &json!(guard), "{method} {}", row.path);
            let told = &document()["paths"][row.path][&method]["x-step-up"];
            let wanted = row.fresh.then_some(true);
            assert_eq!(told, &json!(wanted), "{method} {}", row.path);
            let told = &document()["paths"][row.path][&method]["x-mfa-enrolment"];
            let wanted = row.enrolling.then_some(true);
            assert_eq!(told, &json!(wanted), "{method} {}", row.path);
        }
    }
}

#[test]
fn operations_have_ids_of_their_own_and_words() {
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations() {
        assert!(
            ids.insert(text(operation, "operationId")),
            "{method} {path}"
        );
        assert!(!text(operation, "summary").is_empty());
        assert!(operation["security"].is_array(), "{method} {path}");
    }
}

/// What the contract's run excepts, or asks with a session of its own, is there: an exception by an old
/// name is none.
#[test]
fn the_contract_names_operations_that_are_there() {
    let lists = [
        (
            include_str!("../../contract/schemathesis.toml"),
            "include-operation-id = ",
            "\n\n",
        ),
        (
            include_str!("../../contract/hooks.py"),
            "OWN_SESSION = {",
            "}",
        ),
    ];
    let ids: BTreeSet<String> = operations()
        .into_iter()
        .map(|(_, _, operation)| text(operation, "operationId"))
        .collect();
    for (file, begins, ends) in lists {
        for list in file.split(begins).skip(1) {
            let list = list.split(ends).next().unwrap();
            let list = list.split("\nchecks").next().unwrap();
            let list = list.split("\nparameters").next().unwrap();
            let named = list.split('"').skip(1).step_by(2);
            for name in named {
                assert!(ids.contains(name), "{name}");
            }
        }
    }
}

/// Every reference leads somewhere, and nothing under components is left over.
#[test]
fn references_lead_somewhere_and_components_are_used() {
    fn collect(node: &Value, found: &mut BTreeSet<String>) {
        match node {
            Value::Object(members) => {
                if let Some(Value::String(to)) = members.get("$ref") {
                    found.insert(to.clone());
                }
                members.values().for_each(|inner| collect(inner, found));
            }
            Value::Array(items) => items.iter().for_each(|inner| collect(inner, found)),
            _ => {}
        }
    }
    let mut found = BTreeSet::new();
    collect(document(), &mut found);
    for to in &found {
        assert!(document().pointer(&to[1..]).is_some(), "{to}");
    }
    for kind in [
        "headers",
        "links",
        "parameters",
        "requestBodies",
        "responses",
        "schemas",
    ] {
        for name in document()["components"][kind].as_object().unwrap().keys() {
            let to = format!("#/components/{kind}/{name}");
            assert!(found.contains(&to), "{to}");
        }
    }
}

#[test]
fn the_codes_are_a_closed_list() {
    use std::collections::BTreeSet;

    use keyward::http::error_response::Http;
    use keyward::service::Code;
    let acts = Code::VARIANTS.iter().map(|code| code.as_str());
    let http = Http::VARIANTS.iter().map(<&str>::from);
    let codes: BTreeSet<&str> = acts.chain(http).collect();
    let told = document();
    let told = told["components"]["schemas"]["Code"]["enum"].as_array();
    let told: Vec<&str> = told.unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(told.len(), codes.len(), "one of them is told twice");
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), codes);
}

#[test]
fn the_document_is_served_as_it_stands() {
    let answer = TestKeyward::new().get("/openapi.yaml").send();
    assert_documented("get", "/openapi.yaml", &answer);
    assert_eq!(answer.body, TEXT);
}

/// A client that knows the document knows every mail that can be listed.
#[test]
fn every_mail_is_called_as_the_document_says() {
    let at = "/paths/~1test~1mail/get/responses/200/content/application~1json/schema/items/\
              properties/purpose/enum";
    let listed = document().pointer(at).unwrap().as_array().unwrap();
    let listed: BTreeSet<_> = listed.iter().filter_map(Value::as_str).collect();
    let purposes = LetterPurpose::VARIANTS
        .iter()
        .map(|purpose| purpose.as_str());
    assert_eq!(listed, purposes.collect());
}
