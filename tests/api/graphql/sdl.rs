//! The schemas as text in `docs/graphql`, one for each role. `KEYWARD_WRITE=1 cargo test --test api
//! sdl` writes them anew; tests/clients compares what graphql-js makes of them.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::graphql::{ALICE, in_demo_as};
use crate::support::{TestKeyward, text};

const WHOLE: &str = "{ __schema { types { name kind interfaces { name } fields { name args { name type { ...of } } type { ...of } } \
                     inputFields { name type { ...of } } enumValues { name } } } } \
                     fragment of on __Type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";

const EVERYWHERE: &[&str] = &["String", "Int", "Float", "Boolean", "ID"];

/// In the order and the manner of graphql-js.
fn printed(schema: &Value) -> String {
    let types = sorted(&schema["types"]);
    let types = types.iter().filter(|it| {
        let name = text(it, "name");
        !name.starts_with("__") && !EVERYWHERE.contains(&name.as_str())
    });
    let blocks: Vec<String> = types.map(block).collect();
    blocks.join("\n\n") + "\n"
}

fn sorted(list: &Value) -> Vec<Value> {
    let mut list = list.as_array().cloned().unwrap_or_default();
    list.sort_by_key(|it| text(it, "name"));
    list
}

fn block(of: &Value) -> String {
    let name = text(of, "name");
    let (word, members) = match of["kind"].as_str().unwrap() {
        "SCALAR" => return format!("scalar {name}"),
        "ENUM" => ("enum", &of["enumValues"]),
        "INPUT_OBJECT" => ("input", &of["inputFields"]),
        "OBJECT" => ("type", &of["fields"]),
        "INTERFACE" => ("interface", &of["fields"]),
        kind => panic!("{name} is a {kind}"),
    };
    let interfaces: Vec<_> = sorted(&of["interfaces"])
        .iter()
        .map(|it| text(it, "name"))
        .collect();
    let implements = match interfaces.as_slice() {
        [] => String::new(),
        names => format!(" implements {}", names.join(" & ")),
    };
    let mut block = format!("{word} {name}{implements} {{\n");
    for member in sorted(members) {
        write!(block, "  {}", text(&member, "name")).unwrap();
        let arguments: Vec<String> = sorted(&member["args"])
            .iter()
            .map(|it| format!("{}: {}", text(it, "name"), type_of(&it["type"])))
            .collect();
        if !arguments.is_empty() {
            write!(block, "({})", arguments.join(", ")).unwrap();
        }
        if word != "enum" {
            write!(block, ": {}", type_of(&member["type"])).unwrap();
        }
        block.push('\n');
    }
    block + "}"
}

fn type_of(of: &Value) -> String {
    match of["kind"].as_str().unwrap() {
        "NON_NULL" => format!("{}!", type_of(&of["ofType"])),
        "LIST" => format!("[{}]", type_of(&of["ofType"])),
        _ => text(of, "name"),
    }
}

fn assert_written(name: &str, kw: &TestKeyward, (path, token): (&str, Option<&str>)) {
    let body = kw.asks(path, WHOLE, token).json();
    assert_eq!(body.get("errors"), None, "{body}");
    let found = printed(&body["data"]["__schema"]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/graphql");
    let file = folder.join(format!("{name}.graphql"));
    if std::env::var_os("KEYWARD_WRITE").is_some() {
        std::fs::write(&file, &found).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert_eq!(
        found, written,
        "KEYWARD_WRITE=1 writes docs/graphql/{name}.graphql"
    );
}

#[test]
fn h_34_h_35_the_schemas_stand_in_docs_role_by_role_as_sdl() {
    let kw = TestKeyward::new();
    assert_written("merged", &kw, ("/graphql", None));
    for (role, email) in [("viewer", ALICE), ("manager", "bob@example.com")] {
        let (_, token) = in_demo_as(&kw, email, role);
        let name = format!("haltian-{role}");
        assert_written(&name, &kw, ("/v1/graphql", Some(&token)));
    }
}
