//! Arguments: how they are described to juniper, and how what came is read.

use std::convert::Infallible;

use juniper::meta::{Argument as MetaArgument, EnumValue, MetaType};
use juniper::{
    ArcStr, Arguments, DefaultScalarValue, FromInputValue, GraphQLType, GraphQLValue, InputValue,
    ParseScalarResult, ParseScalarValue, Registry, ScalarToken,
};
use serde_json::{Map, Value as Json};

use crate::http::graphql::resolver_context::Asked;
use crate::http::graphql::table::{Argument, Field, Input, Kind, Words};
use crate::http::request::fields::Fields;
use crate::http::request::strict_json;
use crate::service::{Error, Result};

/// The arguments as the members of a JSON body, which the readers of REST bodies take. What is
/// null, and may be, is absent.
pub(super) fn read(field: &Field, arguments: &Arguments) -> Result<Fields> {
    let mut members = Map::new();
    for argument in field.arguments {
        if let Some(given) = arguments.get_input_value(argument.name) {
            add(json_of(&given.item, argument)?, argument, &mut members);
        }
    }
    Ok(Fields::from(members))
}

fn add(value: Json, argument: &Argument, members: &mut Map<String, Json>) {
    if !value.is_null() {
        members.insert(argument.name.to_owned(), value);
    }
}

/// One value where a list is wanted is a list of it.
fn json_of(given: &InputValue, argument: &Argument) -> Result<Json> {
    Ok(match (given, argument.of.list) {
        (InputValue::List(list), true) => {
            let list = list.iter().map(|it| one_of(&it.item, argument));
            Json::Array(list.collect::<Result<_>>()?)
        }
        (InputValue::Null, true) => Json::Null,
        (given, true) => Json::Array(vec![one_of(given, argument)?]),
        (given, false) => one_of(given, argument)?,
    })
}

fn one_of(given: &InputValue, argument: &Argument) -> Result<Json> {
    Ok(match given {
        InputValue::Null | InputValue::Variable(_) => Json::Null,
        InputValue::Enum(word) => word_of(word, argument)?,
        InputValue::Scalar(DefaultScalarValue::Int(number)) => match argument.of.kind {
            Kind::Id => number.to_string().into(),
            _ => (*number).into(),
        },
        InputValue::Scalar(DefaultScalarValue::Float(number)) => (*number).into(),
        InputValue::Scalar(DefaultScalarValue::Boolean(truth)) => (*truth).into(),
        InputValue::Scalar(DefaultScalarValue::String(text)) => word_of(text, argument)?,
        InputValue::List(_) => return Err(wrong(argument)),
        InputValue::Object(members) => {
            let Kind::Input(input) = argument.of.kind else {
                return Err(wrong(argument));
            };
            let mut object = Map::new();
            for (name, value) in members {
                let known = input.members.iter().find(|it| it.name == name.item);
                let known = known.ok_or_else(|| wrong(argument))?;
                add(json_of(&value.item, known)?, known, &mut object);
            }
            Json::Object(object)
        }
    })
}

/// A word of a list must be on it: the library does not look at those in a document.
fn word_of(text: &str, argument: &Argument) -> Result<Json> {
    match argument.of.kind {
        Kind::OneOf(words) if !words.all.contains(&text) => {
            let words = words.taken.join(", ");
            let name = argument.name;
            Err(Error::payload(format!(
                "\"{name}\" must be one of [{words}]"
            )))
        }
        Kind::Json => strict_json::object(text.as_bytes())
            .map(Json::Object)
            .map_err(|_| Error::payload(format!("\"{}\" is no object of JSON", argument.name))),
        _ => Ok(text.into()),
    }
}

fn wrong(argument: &Argument) -> Error {
    Error::payload(format!("\"{}\" is of another type", argument.name))
}

/// An argument, for juniper.
pub(super) fn taken(
    argument: &Argument,
    registry: &mut Registry,
) -> MetaArgument<DefaultScalarValue> {
    match argument.of.kind {
        Kind::Text | Kind::Object(_) => input::<String>(registry, argument, &()),
        Kind::Id => input::<Id>(registry, argument, &()),
        Kind::Whole => input::<i32>(registry, argument, &()),
        Kind::Truth => input::<bool>(registry, argument, &()),
        Kind::OneOf(words) => input::<Word>(registry, argument, &words),
        Kind::Json => input::<FreeForm>(registry, argument, &()),
        Kind::Input(of) => input::<Members>(registry, argument, &of),
    }
}

fn input<T: GraphQLType + FromInputValue>(
    registry: &mut Registry,
    argument: &Argument,
    info: &T::TypeInfo,
) -> MetaArgument<DefaultScalarValue> {
    match (argument.of.list, argument.of.required) {
        (false, false) => registry.arg::<Option<T>>(argument.name, info),
        (false, true) => registry.arg::<T>(argument.name, info),
        (true, false) => registry.arg::<Option<Vec<T>>>(argument.name, info),
        (true, true) => registry.arg::<Vec<T>>(argument.name, info),
    }
}

/// One word of a list.
pub(super) struct Word;

impl FromInputValue for Word {
    type Error = Infallible;

    fn from_input_value(_: &InputValue) -> std::result::Result<Self, Infallible> {
        Ok(Self)
    }
}

impl GraphQLType for Word {
    fn name(info: &&'static Words) -> Option<ArcStr> {
        Some(info.name.into())
    }

    fn meta(info: &&'static Words, registry: &mut Registry) -> MetaType {
        let words: Vec<_> = info.all.iter().copied().map(EnumValue::new).collect();
        registry.build_enum_type::<Self>(info, &words).into_meta()
    }
}

impl GraphQLValue for Word {
    type Context = Asked;
    type TypeInfo = &'static Words;

    fn type_name(&self, info: &Self::TypeInfo) -> Option<ArcStr> {
        <Self as GraphQLType>::name(info)
    }
}

/// An id, which is a text, or a whole number of any size and means its digits (section 3.5.5 of the
/// specification). The library's own holds no more than 32 bits.
pub(super) struct Id;

impl FromInputValue for Id {
    type Error = &'static str;

    fn from_input_value(given: &InputValue) -> std::result::Result<Self, Self::Error> {
        match given {
            InputValue::Scalar(DefaultScalarValue::String(_) | DefaultScalarValue::Int(_)) => {
                Ok(Self)
            }
            _ => Err("Expected input scalar `ID`"),
        }
    }
}

impl ParseScalarValue for Id {
    fn from_str(token: ScalarToken<'_>) -> ParseScalarResult {
        match token {
            ScalarToken::Int(digits) => Ok(DefaultScalarValue::String(digits.to_owned())),
            token => <String as ParseScalarValue>::from_str(token),
        }
    }
}

impl GraphQLType for Id {
    fn name((): &()) -> Option<ArcStr> {
        Some("ID".into())
    }

    fn meta(info: &(), registry: &mut Registry) -> MetaType {
        registry.build_scalar_type::<Self>(info).into_meta()
    }
}

impl GraphQLValue for Id {
    type Context = Asked;
    type TypeInfo = ();

    fn type_name(&self, info: &()) -> Option<ArcStr> {
        <Self as GraphQLType>::name(info)
    }
}

/// A text of JSON, under the name that Propeller has for it.
struct FreeForm;

impl FromInputValue for FreeForm {
    type Error = &'static str;

    fn from_input_value(given: &InputValue) -> std::result::Result<Self, Self::Error> {
        match given {
            InputValue::Scalar(DefaultScalarValue::String(_)) => Ok(Self),
            _ => Err("must be JSON"),
        }
    }
}

impl ParseScalarValue for FreeForm {
    fn from_str(token: ScalarToken<'_>) -> ParseScalarResult {
        <String as ParseScalarValue>::from_str(token)
    }
}

impl GraphQLType for FreeForm {
    fn name((): &()) -> Option<ArcStr> {
        Some("JSONObject".into())
    }

    fn meta(info: &(), registry: &mut Registry) -> MetaType {
        registry.build_scalar_type::<Self>(info).into_meta()
    }
}

impl GraphQLValue for FreeForm {
    type Context = Asked;
    type TypeInfo = ();

    fn type_name(&self, info: &()) -> Option<ArcStr> {
        <Self as GraphQLType>::name(info)
    }
}

/// The members of an input.
struct Members;

impl FromInputValue for Members {
    type Error = &'static str;

    /// Each of its members is looked at by the library.
    fn from_input_value(given: &InputValue) -> std::result::Result<Self, Self::Error> {
        match given {
            InputValue::Object(_) => Ok(Self),
            _ => Err("must be an object"),
        }
    }
}

impl GraphQLType for Members {
    fn name(info: &&'static Input) -> Option<ArcStr> {
        Some(info.name.into())
    }

    fn meta(info: &&'static Input, registry: &mut Registry) -> MetaType {
        let members: Vec<_> = info.members.iter().map(|it| taken(it, registry)).collect();
        registry
            .build_input_object_type::<Self>(info, &members)
            .into_meta()
    }
}

impl GraphQLValue for Members {
    type Context = Asked;
    type TypeInfo = &'static Input;

    fn type_name(&self, info: &Self::TypeInfo) -> Option<ArcStr> {
        <Self as GraphQLType>::name(info)
    }
}
