//! How a GraphQL schema is served: as a table of fields, by POST and for reading by GET, within
//! limits. It knows no dialect: a dialect writes its fields down, and `http/schemas.rs` puts them
//! together.

/// How much one document may have carried out.
mod bounds;
/// What a document asks for.
mod document;
/// A document, read before the library reads it.
mod first_reading;
/// The grammar of documents.
mod grammar;
/// Arguments.
mod inputs;
/// What a look at the schema costs.
mod introspection_cost;
/// Names, numbers, texts and signs.
mod lexer;
/// A part of a list.
mod list_page;
/// The values of documents.
mod literals;
/// What a document may say that GraphQL has no word for.
mod loose;
/// Which media type the answer has.
mod media_type;
/// What is said of a document that is refused.
pub mod refusal_words;
/// What is asked for.
mod request;
/// What a resolver may ask of the request.
pub mod resolver_context;
/// The schema, as the library sees it.
mod schema;
/// One request: read, carried out and answered.
mod serve;
/// What stands between quotes.
mod string_literals;
/// The schema, as data.
pub mod table;
/// The variables of a request.
mod variables;
/// How wide a document may be.
mod width;

pub use first_reading::tightened;
pub use loose::Loose;
pub use schema::{Root, root};
pub use serve::{Beside, Schema, serve};
