//! How a GraphQL schema is served: as a table of fields, by POST and for reading by GET, within
//! limits. It knows no dialect: a dialect writes its fields down, and `http/schemas.rs` puts them
//! together.

/// Arguments.
mod arguments;
/// What a document asks for.
mod document;
/// The grammar of documents.
mod grammar;
/// What a document may say that GraphQL has no word for.
mod lenient_field;
/// Names, numbers, texts and signs.
mod lexer;
/// How large a document may be, and what it may ask for.
mod limits;
/// A part of a list.
mod list_page;
/// The values of documents.
mod literals;
/// A document, read before the library reads it.
mod preparse;
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

pub use lenient_field::Loose;
pub use preparse::tightened;
pub use schema::{Root, root};
pub use serve::{Beside, Schema, serve};
