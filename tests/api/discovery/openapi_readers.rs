//! What programs of others make of the document: the viewer of `/docs`, and generators of clients.

use serde_json::{Value, json};

use crate::discovery::openapi::{document, faults, operations, resolve};

const TEXT: &str = include_str!("../../../openapi.yaml");

/// Every object of the document that is no example, with its place.
fn objects() -> Vec<(String, &'static Value)> {
    fn collect(node: &'static Value, at: &str, found: &mut Vec<(String, &'static Value)>) {
        let inner: Vec<(String, &Value)> = match node {
            Value::Object(members) => members.iter().map(|(k, it)| (k.clone(), it)).collect(),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                items.map(|(number, it)| (number.to_string(), it)).collect()
            }
            _ => return,
        };
        if node.is_object() {
            found.push((at.to_owned(), node));
        }
        for (name, it) in inner {
            if !["example", "examples", "default", "enum", "const"].contains(&name.as_str()) {
                collect(it, &format!("{at}/{name}"), found);
            }
        }
    }
    let mut found = Vec::new();
    collect(document(), "", &mut found);
    found
}

fn is_of(schema: &Value, kind: &str) -> bool {
    match &schema["type"] {
        Value::Array(kinds) => kinds.contains(&json!(kind)),
        one => one == kind,
    }
}

// RapiDoc takes `example` for a map of examples, drops it, and falls over one with a null inside.
#[test]
fn clients_29_each_body_shows_an_example_that_fits() {
    for (at, node) in objects() {
        let Some(content) = node["content"].as_object() else {
            continue;
        };
        for (media_type, shown) in content {
            assert_eq!(shown.get("example"), None, "{at} {media_type}");
            let examples = shown["examples"].as_object().into_iter().flatten();
            for (name, example) in examples {
                let faults = faults(&shown["schema"], &example["value"]);
                assert_eq!(faults, [""; 0], "{at} {media_type} {name}");
            }
        }
    }
    for (path, method, operation) in operations() {
        let Some(body) = operation.get("requestBody") else {
            continue;
        };
        let content = resolve(body)["content"].as_object().unwrap();
        for shown in content.values() {
            assert!(shown["examples"]["usual"].is_object(), "{method} {path}");
        }
    }
}

// SnakeYAML stops at 50 uses of aliases.
#[test]
fn clients_30_the_document_has_few_aliases() {
    let uses = |sign: &str| {
        let rest = TEXT.split(sign).skip(1);
        rest.filter(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic()))
            .count()
    };
    let uses = uses(": *") + uses("- *") + uses("[*") + uses(", *");
    assert!(uses <= 40, "{uses}");
}

#[test]
fn clients_30_generators_of_clients_read_the_document() {
    for (at, node) in objects() {
        if let Some(links) = node["links"].as_object() {
            for link in links.values() {
                let body = &resolve(link)["requestBody"];
                assert!(body.is_null() || body.is_string(), "{at}: {body}");
            }
        }
        if node["enum"]
            .as_array()
            .is_some_and(|it| it.contains(&Value::Null))
        {
            assert!(is_of(node, "null"), "{at}: null is of no type");
        }
        if is_of(node, "array") {
            assert!(node.get("items").is_some(), "{at}: of what?");
        }
        if let Some(properties) = node["properties"].as_object() {
            // They read the alternatives, and drop the members that stand beside them.
            let alternatives = ["anyOf", "oneOf"].map(|word| node.get(word));
            assert_eq!(alternatives, [None; 2], "{at}");
            for (name, property) in properties {
                assert_ne!(property["type"], json!("null"), "{at}: {name}");
            }
        }
        // A comma ends a text that stands in braces without quotes.
        let members = node.as_object().unwrap();
        let cut = members.iter().find(|(_, it)| it.is_null());
        assert_eq!(cut, None, "{at}");
    }
}
