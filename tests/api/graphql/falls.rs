//! Documents that the library would fall over: none is a defect, and none tells more than another.

use serde_json::{Value, json};

use crate::graphql::{ALICE, alice, code, in_demo_as};
use crate::support::{Answer, TestKeyward};

const BOTH: [&str; 3] = ["/graphql", "/graphql/system", "/v1/graphql"];

/// Not carried out, and no defect.
#[track_caller]
fn refused(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    let body = answer.json();
    assert_eq!(body.get("data"), None, "{body}");
    body
}

// A default was looked up in the schema without asking whether its type is there.
both!(
    graphql_01_a_default_of_a_type_that_is_not_there_is_not_valid,
    |kw| {
        let (token, _) = alice(kw);
        let (_, viewer) = in_demo_as(kw, "viewer@example.com", "viewer");
        let before = kw.state();
        for document in [
            "query($x: Nope = 1) { __typename }",
            "query($x: Nope! = 1) { __typename }",
            "query($x: [[Nope!]]! = [[1]]) { __typename }",
            "query($x: Nope = null) { __typename }",
            "query($x: Nope = {a: \"\"\"b\"\"\"}) { __typename }",
            "query($x: [Nope] = [\"\"\"b\"\"\", \"\\u{41}\"], $y: Int = 1) { __typename }",
            "query A { __typename } query B($x: Nope = 1) { __typename }",
            "mutation($x: Nope = 1) { logout { success } }",
            "subscription($x: Nope = 1) { logout { success } }",
            "query($x: Float = 1) { __typename }",
            "query($x: Float = 1.5e300) { __typename }",
            "query($v: ID = \"x\") { __typename }",
            "query($v: Viewer = {id: 1}) { __typename }",
            "query($v: Query = 1) { __typename }",
            "query($v: __Type = 1) { __typename }",
        ] {
            for path in BOTH {
                for token in [None, Some(token.as_str()), Some(&viewer), Some("eyJ.bad")] {
                    for name in [json!(null), json!("A")] {
                        let body = json!({ "query": document, "operationName": name });
                        let answer = kw.asks_with(path, &body, token);
                        let body = refused(&answer);
                        assert_eq!(code(&body), "GRAPHQL_VALIDATION_FAILED", "{document}");
                    }
                }
            }
        }
        assert_eq!(kw.state(), before);
    }
);

// Whoever is nobody learns of no type by its default, and is told of the token.
both!(
    graphql_01_h_33_a_default_tells_no_stranger_which_types_there_are,
    |kw| {
        let (alice, manager) = in_demo_as(kw, ALICE, "manager");
        let of = |name: &str| format!("query($x: {name} = {{a: 1}}) {{ __typename }}");
        let said = refused(&kw.asks("/v1/graphql", &of("Nope"), None));
        for name in ["LoginInput", "SetUserRoleInput", "User", "Viewer", "Float"] {
            let body = refused(&kw.asks("/v1/graphql", &of(name), None));
            assert_eq!(body, said, "{name}");
            assert!(!body.to_string().contains(name));
        }
        let set = format!(
            "mutation($i: SetUserRoleInput! = {{userId: \"{alice}\", role: \"viewer\"}}) {{ \
             setUserRole(setUserRoleInput: $i) {{ success }} }}"
        );
        let path = "/v1/graphql";
        let before = kw.state();
        let body = refused(&kw.asks(path, &set, None));
        assert_eq!(code(&body), "UNAUTHENTICATED");
        assert!(!body.to_string().contains("SetUserRole"), "{body}");
        kw.advance(906);
        let body = refused(&kw.asks(path, &set, Some(&manager)));
        assert_eq!(code(&body), "TOKEN_EXPIRED");
        assert_eq!(kw.state(), before);
        // To a viewer it is as if it was nowhere.
        let (_, viewer) = in_demo_as(kw, "viewer@example.com", "viewer");
        let hidden = refused(&kw.asks(path, &set, Some(&viewer)));
        let nothing = set
            .replace("SetUserRoleInput", "SetUserRoleInpux")
            .replace("setUserRole(", "setUserRolx(")
            .replace("setUserRoleInput", "setUserRoleInpux");
        assert_eq!(hidden, refused(&kw.asks(path, &nothing, Some(&viewer))));
    }
);

/// Numbers that look like chance, the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    /// Of several, of different lengths.
    fn some(&mut self, most: usize, mut each: impl FnMut(&mut Self) -> String) -> String {
        let count = self.below(most + 1);
        (0..count).map(|_| each(self) + " ").collect()
    }
}

const TYPES: &[&str] = &[
    "String",
    "Int",
    "Float",
    "Boolean",
    "ID",
    "JSONObject",
    "Nope",
    "Query",
    "Mutation",
    "Subscription",
    "_EmptySubscription",
    "__Schema",
    "__Type",
    "__TypeKind",
    "__Field",
    "__Directive",
    "__DirectiveLocation",
    "LoginInput",
    "AccountInput",
    "EmailEventInput",
    "Gender",
    "auth_mode",
    "directus_users",
    "Account",
    "User",
    "GCIPUser",
    "Login",
    "Viewer",
    "Tokens",
    "SetUserRoleInput",
    "RefreshTokenInput",
    "ChangeResult",
    "Organization",
    "Role",
];

const VALUES: &[&str] = &[
    "1",
    "-0",
    "1.5",
    "1e300",
    "99999999999",
    "123456789012345678901234567890",
    "\"x\"",
    "\"\"\"x\n y\"\"\"",
    "\"\\u{1F600}\"",
    "true",
    "false",
    "null",
    "[]",
    "[1]",
    "[[null]]",
    "[$x]",
    "{}",
    "{a: 1}",
    "{email: \"a\", password: null}",
    "{email: $x, email: 1}",
    "M",
    "json",
    "$x",
    "$y",
    "$z",
];

const FIELDS: &[&str] = &[
    "viewer",
    "users_me",
    "account",
    "user",
    "login",
    "loginByEmail",
    "auth_login",
    "organization",
    "users",
    "roles",
    "attempts",
    "emails",
    "id",
    "email",
    "name",
    "session",
    "auth_logout",
    "setUserRole",
    "removeUser",
    "publishEmailEvent",
    "userRegister",
    "__schema",
    "__type",
    "queryType",
    "types",
    "fields",
    "args",
    "ofType",
    "kind",
    "directives",
    "nope",
    "__typename",
    "Query",
];

const ARGUMENTS: &[&str] = &[
    "first",
    "after",
    "login",
    "input",
    "email",
    "password",
    "mode",
    "loginInput",
    "name",
    "includeDeprecated",
    "if",
    "variables",
    "username",
    "setUserRoleInput",
    "nope",
];

fn of_type(dice: &mut Dice) -> String {
    let name = dice.one(TYPES);
    let around = dice.one(&["#", "#", "#", "#!", "[#]", "[#!]!", "[[#]]", "[#]!"]);
    around.replace('#', name)
}

fn argument(dice: &mut Dice) -> String {
    format!("{}: {}", dice.one(ARGUMENTS), dice.one(VALUES))
}

fn directive(dice: &mut Dice) -> String {
    let value = dice.one(VALUES);
    let of = dice.one(&[
        "@skip(if: #)",
        "@include(if: #)",
        "@skip(if: $x)",
        "@include(if: $y)",
        "@skip",
        "@deprecated",
        "@deprecated(reason: #)",
        "@specifiedBy(url: #)",
        "@oneOf",
        "@nope(if: #)",
        "@include(if: true, if: #)",
        "@skip(of: #)",
    ]);
    of.replace('#', value)
}

fn directives(dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => dice.some(2, directive),
        _ => String::new(),
    }
}

fn selection(dice: &mut Dice, depth: usize) -> String {
    let inner = |dice: &mut Dice| {
        let inner = selection(dice, depth + 1) + " " + &dice.some(2, |it| selection(it, depth + 1));
        format!("{} {{ {inner} }}", directives(dice))
    };
    match (dice.below(8), depth < 4) {
        (0, true) => format!("... on {}{}", dice.one(TYPES), inner(dice)),
        (1, true) => format!("...{}", inner(dice)),
        (2, _) => format!("...{} {}", dice.one(&["F", "G", "Query"]), directives(dice)),
        (3..=5, true) => {
            let arguments = argument(dice) + " " + &dice.some(1, argument);
            let arguments = match dice.below(2) {
                0 => format!("({arguments})"),
                _ => String::new(),
            };
            format!("{}{arguments}{}", dice.one(FIELDS), inner(dice))
        }
        (_, _) => {
            dice.one(&["__typename", "id", "a: __typename", "name"])
                .to_owned()
                + " "
                + &directives(dice)
        }
    }
}

fn variable(dice: &mut Dice, name: &str) -> String {
    let default = match dice.below(3) {
        0 => String::new(),
        _ => format!(" = {}", dice.one(VALUES)),
    };
    format!("${name}: {}{default} {} ", of_type(dice), directives(dice))
}

/// Declared and used as the schema has it, so that documents come as far as the fields.
const WELL_USED: &[(&str, &str)] = &[
    ("", "a: __typename"),
    ("($x: Boolean!)", "a: __typename @skip(if: $x)"),
    (
        "($x: Boolean = true, $y: Boolean! = false)",
        "a: __typename @include(if: $x) ... @skip(if: $y) { b: __typename }",
    ),
    ("($x: Boolean = null)", "a: __typename @include(if: $x)"),
    (
        "($x: String! = \"User\")",
        "__type(name: $x) { name fields { name } }",
    ),
    (
        "($x: Boolean! = true)",
        "__type(name: \"Query\") { fields(includeDeprecated: $x) { name } }",
    ),
    (
        "($x: String = \"a\")",
        "viewer { id } user(login: $x) { id }",
    ),
    (
        "($x: Int = 1, $y: String)",
        "account { attempts(first: $x, after: $y) { at } }",
    ),
    (
        "($x: Int = 1, $y: String)",
        "users(first: $x, after: $y) { id ... on User { email } }",
    ),
];

fn operation(dice: &mut Dice, name: &str) -> String {
    if dice.below(3) == 0 {
        let (declared, used) = WELL_USED[dice.below(WELL_USED.len())];
        return format!("query {name}{declared} {{ {used} }} ");
    }
    let kind = dice.one(&["query", "query", "mutation", "subscription"]);
    let mut variables = variable(dice, "x");
    variables += &dice.some(1, |it| variable(it, "y"));
    let directives = directives(dice);
    // Well used, so that more than the rule about use is asked.
    let used = dice.one(&[
        "",
        "t: __typename @skip(if: $x)",
        "__type(name: $x) { name }",
        "user(login: $x) { id }",
        "login(input: $x) { __typename }",
    ]);
    format!(
        "{kind} {name}({variables}) {directives} {{ {used} {} {} }} ",
        selection(dice, 0),
        dice.some(2, |it| selection(it, 0))
    )
}

fn document(dice: &mut Dice) -> String {
    let mut document = operation(dice, "A");
    if dice.below(2) == 0 {
        return document;
    }
    document += &dice.some(1, |it| operation(it, "B"));
    document += &dice.some(2, |it| {
        let name = it.one(&["F", "G"]);
        let on = it.one(TYPES);
        format!(
            "fragment {name} on {on} {} {{ {} }}",
            directives(it),
            selection(it, 2)
        )
    });
    document
}

fn values(dice: &mut Dice) -> Value {
    let mut given = serde_json::Map::new();
    for name in ["x", "y"] {
        let value = match dice.below(8) {
            0 | 1 => continue,
            2 => json!(null),
            3 => json!(true),
            4 => json!("x"),
            5 => json!(18_446_744_073_709_551_615_u64),
            6 => json!([[null, 1.5]]),
            _ => json!({ "email": "a", "password": { "a": [] } }),
        };
        given.insert(name.to_owned(), value);
    }
    Value::Object(given)
}

#[test]
fn graphql_01_no_document_of_chance_is_a_defect() {
    let kw = TestKeyward::new();
    let (token, _) = alice(&kw);
    let (_, viewer) = in_demo_as(&kw, "viewer@example.com", "viewer");
    let (_, manager) = in_demo_as(&kw, "manager@example.com", "manager");
    let mut dice = Dice(2026);
    let mut carried_out = 0;
    for _ in 0..1500 {
        let body = json!({
            "query": document(&mut dice),
            "operationName": dice.one(&["A", "A", "A", "B", ""]),
            "variables": values(&mut dice),
        });
        let path = dice.one(&["/graphql", "/v1/graphql"]);
        let of = [None, Some(token.as_str()), Some(&viewer), Some(&manager)];
        let answer = kw.asks_with(path, &body, of[dice.below(4)]);
        assert!([200, 400].contains(&answer.status), "{body}: {answer:?}");
        carried_out += usize::from(answer.json().get("data").is_some());
    }
    assert!(carried_out > 20, "some are valid: {carried_out}");
}
