//! The table of fields, as juniper sees it: types that learn at run time what they are, and
//! values that are JSON.

use std::collections::BTreeSet;
use std::sync::Arc;

use juniper::meta::{Field as MetaField, MetaType};
use juniper::{
    ArcStr, Arguments, DefaultScalarValue, EmptySubscription, ExecutionResult, Executor,
    FieldError, GraphQLType, GraphQLValue, Registry, RootNode, Value,
};
use serde_json::Value as Json;

use crate::http::graphql::arguments::{Id, Word, read, taken};
use crate::http::graphql::lexer::{Token, tokens};
use crate::http::graphql::limits::introspection_cost::Sizes;
use crate::http::graphql::limits::{DEEPEST, MOST_FIELDS, MOST_TOKENS};
use crate::http::graphql::list_page::chosen;
use crate::http::graphql::refusal_words::Spot;
use crate::http::graphql::resolver_context::Asked;
use crate::http::graphql::table::{Does, EVERYWHERE, Field, Kind, Object, Type, names};
use crate::http::graphql::variables::{Inputs, inputs};
use crate::http::request::fields::Fields;
use crate::service::actor::Actor;
use crate::service::{Error, Result};

type Tree = RootNode<Node<'static>, Node<'static>, EmptySubscription<Asked>>;

/// A schema.
pub struct Root {
    pub(super) tree: Tree,
    /// Every name in it.
    names: BTreeSet<&'static str>,
    /// Those of the fields of its roots.
    tops: BTreeSet<&'static str>,
    /// Those of the fields that may wait for seconds.
    slow: BTreeSet<&'static str>,
    /// Those of the fields of which one may stand in a document.
    once: BTreeSet<&'static str>,
    pub(super) inputs: Inputs,
    pub(super) sizes: Sizes,
}

/// A schema of these fields.
#[must_use]
pub fn root(queries: Vec<&'static Field>, mutations: Vec<&'static Field>) -> Root {
    static NOTHING: Json = Json::Null;
    let of = |name, fields: Vec<_>| Info::Root(name, fields.into());
    let fields = [queries.as_slice(), mutations.as_slice()].concat();
    let tree = Tree::new_with_info(
        Node(&NOTHING),
        Node(&NOTHING),
        EmptySubscription::new(),
        of("Query", queries),
        of("Mutation", mutations),
        (),
    );
    let slow = fields.iter().filter(|field| field.waits);
    let once = fields.iter().filter(|field| field.once);
    Root {
        sizes: Sizes::of(&tree.schema),
        tree: tree
            .limit_depth(DEEPEST)
            .limit_fields(MOST_FIELDS)
            .limit_tokens(MOST_TOKENS),
        names: names(&fields),
        tops: fields.iter().map(|field| field.name).collect(),
        slow: slow.map(|field| field.name).collect(),
        once: once.map(|field| field.name).collect(),
        inputs: inputs(&fields),
    }
}

impl Root {
    #[must_use]
    pub fn without_introspection(self) -> Self {
        Self {
            tree: self.tree.disable_introspection(),
            ..self
        }
    }

    /// Whether a type of it is called so.
    pub(super) fn has_type(&self, name: &str) -> bool {
        self.tree.schema.concrete_type_by_name(name).is_some()
    }

    /// Whether something in it is called so.
    pub(super) fn knows(&self, name: &str) -> bool {
        self.names.contains(name) || EVERYWHERE.contains(&name)
    }

    /// Whether the document may ask for a field that waits for seconds: its name stands
    /// somewhere before arguments. Each of these fields has some that are required.
    pub(super) fn may_wait(&self, document: &str) -> bool {
        // Most documents name none of them.
        self.slow.iter().any(|name| document.contains(name))
            && tokens(document, MOST_TOKENS).is_ok_and(|tokens| {
                let mut pairs = tokens.windows(2);
                let word = |token: &Token| &document[token.at.clone()];
                pairs.any(|pair| self.slow.contains(word(&pair[0])) && word(&pair[1]) == "(")
            })
    }

    /// Whether a field of one of its roots that changes something is called so.
    pub(super) fn changes_by(&self, name: &str) -> bool {
        self.once.contains(name)
    }

    /// Whether a field of one of its roots is called so.
    pub(super) fn begins_with(&self, name: &str) -> bool {
        self.tops.contains(name) || name == "__typename"
    }
}

/// JSON, as an object of the schema.
#[derive(Debug)]
pub struct Node<'v>(&'v Json);

/// Which object it is.
#[derive(Clone)]
pub enum Info {
    Root(&'static str, Arc<[&'static Field]>),
    Object(&'static Object),
    Interface(&'static Object),
}

impl Info {
    fn name(&self) -> &'static str {
        match self {
            Self::Root(name, _) => name,
            Self::Object(object) | Self::Interface(object) => object.name,
        }
    }

    fn fields(&self) -> Box<dyn Iterator<Item = &'static Field> + '_> {
        match self {
            Self::Root(_, fields) => Box::new(fields.iter().copied()),
            Self::Object(object) | Self::Interface(object) => {
                let is_field = |it: &&Field| !matches!(it.does, Does::Implements(_));
                Box::new(object.fields.iter().filter(is_field))
            }
        }
    }

    fn interfaces(&self) -> impl Iterator<Item = &'static Object> {
        let fields = match self {
            Self::Object(object) => object.fields,
            Self::Root(..) | Self::Interface(_) => &[],
        };
        fields.iter().filter_map(|it| match it.does {
            Does::Implements(interface) => Some(interface),
            _ => None,
        })
    }
}

impl GraphQLType for Node<'_> {
    fn name(info: &Info) -> Option<ArcStr> {
        Some(info.name().into())
    }

    fn meta(info: &Info, registry: &mut Registry) -> MetaType {
        if matches!(info, Info::Root(..)) {
            with_scalars(registry);
        }
        let fields: Vec<_> = info.fields().map(|it| described(it, registry)).collect();
        if matches!(info, Info::Interface(_)) {
            let interface = registry.build_interface_type::<Self>(info, &fields);
            return interface.into_meta();
        }
        let interfaces = info.interfaces();
        let interfaces: Vec<_> = interfaces
            .map(|it| registry.get_type::<Node>(&Info::Interface(it)))
            .collect();
        registry
            .build_object_type::<Self>(info, &fields)
            .interfaces(&interfaces)
            .into_meta()
    }
}

impl GraphQLValue for Node<'_> {
    type Context = Asked;
    type TypeInfo = Info;

    fn type_name(&self, info: &Info) -> Option<ArcStr> {
        <Self as GraphQLType>::name(info)
    }

    /// Without it `__typename` panics.
    fn concrete_type_name(&self, _: &Asked, info: &Info) -> String {
        info.name().to_owned()
    }

    fn resolve_field(
        &self,
        info: &Info,
        name: &str,
        arguments: &Arguments,
        executor: &Executor<Asked>,
    ) -> ExecutionResult {
        let Some(field) = info.fields().find(|field| field.name == name) else {
            return Err(FieldError::from("There is no such field."));
        };
        if executor.context().rehearses(field.once) {
            // No null, which would end it early.
            return Ok(Value::scalar(true));
        }
        let done = read(field, arguments).and_then(|fields| done(self.0, field, &fields, executor));
        match done {
            Ok(value) => rendered(&field.of, &value, executor),
            Err(error) => Err(refused(field, &error, executor)),
        }
    }
}

/// GraphQL's own scalars are types of each schema, whether a field is of them or not.
fn with_scalars(registry: &mut Registry) {
    registry.get_type::<String>(&());
    registry.get_type::<i32>(&());
    registry.get_type::<f64>(&());
    registry.get_type::<bool>(&());
    registry.get_type::<Id>(&());
}

fn done(on: &Json, field: &Field, fields: &Fields, executor: &Executor<Asked>) -> Result<Json> {
    let asked = executor.context();
    if field.once {
        asked.spend()?;
    }
    match field.does {
        Does::Member if field.of.list => chosen(on.get(field.name), fields),
        Does::Member | Does::Implements(_) => Ok(on.get(field.name).cloned().unwrap_or_default()),
        Does::Public(act) => act(asked, fields),
        Does::Account(act) => {
            let actor = asked.system()?;
            admit(field, &actor)?;
            actor.require_account()?;
            act(asked, fields, &actor)
        }
        Does::Guest(act) => {
            let actor = asked.actor()?;
            admit(field, &actor)?;
            act(asked, fields, &actor)
        }
        Does::SignedIn(act) => {
            let actor = asked.actor()?;
            admit(field, &actor)?;
            actor.require_account()?;
            act(asked, fields, &actor)
        }
    }
}

/// As the mount of a route does: whoever lacks a second factor that is asked for switches one on
/// first, and whoever acts for another only looks.
fn admit(field: &Field, actor: &Actor) -> Result<()> {
    if !field.enrolling {
        actor.require_enrolled()?;
    }
    if field.once {
        actor.require_own()?;
    }
    Ok(())
}

fn rendered(of: &Type, value: &Json, executor: &Executor<Asked>) -> ExecutionResult {
    match (value, of.kind) {
        (Json::Null, _) => Ok(Value::null()),
        (Json::Array(list), Kind::Object(object)) => {
            let nodes: Vec<_> = list.iter().map(Node).collect();
            executor.resolve(&Info::Object(object), &nodes)
        }
        (value, Kind::Object(object)) => executor.resolve(&Info::Object(object), &Node(value)),
        (Json::Number(number), Kind::Whole) if narrow(number).is_none() => {
            Err(FieldError::from("This number is larger than an Int holds."))
        }
        (Json::Object(_), _) => Ok(Value::scalar(value.to_string())),
        (value, _) => Ok(value_of(value)),
    }
}

/// A number of 32 bits.
fn narrow(number: &serde_json::Number) -> Option<i32> {
    number.as_i64().and_then(|it| i32::try_from(it).ok())
}

/// JSON in the library's words.
fn value_of(json: &Json) -> Value {
    match json {
        Json::Null => Value::null(),
        Json::Bool(truth) => Value::scalar(*truth),
        Json::String(text) => Value::scalar(text.clone()),
        Json::Number(number) => match narrow(number) {
            Some(whole) => Value::scalar(whole),
            None => number.as_f64().map_or(Value::Null, Value::scalar),
        },
        Json::Array(list) => Value::list(list.iter().map(value_of).collect()),
        Json::Object(members) => {
            let members = members.iter().map(|(name, it)| (name, value_of(it)));
            Value::object(members.collect())
        }
    }
}

fn refused(field: &Field, error: &Error, executor: &Executor<Asked>) -> FieldError {
    executor.context().note(error);
    let at = executor.new_error(FieldError::from(""));
    let spot = Spot {
        line: at.location().line() + 1,
        column: at.location().column() + 1,
        path: at.path().to_vec(),
    };
    let (message, extensions) = (field.say)(error, &spot);
    FieldError::new(message, value_of(&extensions))
}

fn described(field: &Field, registry: &mut Registry) -> MetaField<DefaultScalarValue> {
    let mut meta = match field.of.kind {
        Kind::Text | Kind::Json | Kind::Input(_) => output::<String>(registry, field, &()),
        Kind::Id => output::<Id>(registry, field, &()),
        Kind::Whole => output::<i32>(registry, field, &()),
        Kind::Truth => output::<bool>(registry, field, &()),
        Kind::OneOf(words) => output::<Word>(registry, field, &words),
        Kind::Object(object) => output::<Node>(registry, field, &Info::Object(object)),
    };
    for argument in field.arguments {
        meta = meta.argument(taken(argument, registry));
    }
    meta
}

fn output<T: GraphQLType>(
    registry: &mut Registry,
    field: &Field,
    info: &T::TypeInfo,
) -> MetaField<DefaultScalarValue> {
    match (field.of.list, field.of.required) {
        (false, false) => registry.field::<Option<T>>(field.name, info),
        (false, true) => registry.field::<T>(field.name, info),
        (true, false) => registry.field::<Option<Vec<T>>>(field.name, info),
        (true, true) => registry.field::<Vec<T>>(field.name, info),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::graphql::table::{argument, public};

    static LOGIN: Field = public(
        "login",
        Type::TEXT,
        &[argument("email", Type::TEXT.required())],
        |_, _| Ok(Json::Null),
    )
    .waiting();
    static USER: Field = public(
        "user",
        Type::TEXT,
        &[argument("login", Type::TEXT.required())],
        |_, _| Ok(Json::Null),
    );

    #[test]
    fn a_document_that_may_wait_is_known_by_the_name_of_a_field() {
        let root = root(vec![&LOGIN, &USER], Vec::new());
        for document in [
            "{ login(email: \"x\") }",
            "{ a: login,,# (\n\u{feff}( email: \"x\") }",
            "query login { user(login: \"x\") login(email: \"x\") }",
            "{ ...a } fragment a on Query { login(email: \"x\") }",
        ] {
            assert!(root.may_wait(document), "{document}");
        }
        for document in [
            "{ user(login: \"x\") }",
            "query login { login: user(login: \"login(\") }",
            "{ user(login: \"\"\"login(\"\"\") } # login(",
            "{ logins(email: 1) _login(email: 1) }",
            // It is carried out by nobody.
            "{ login(email: \"x) }",
        ] {
            assert!(!root.may_wait(document), "{document}");
        }
    }
}
