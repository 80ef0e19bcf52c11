//! How a GraphQL schema is served: as a table of fields, by POST and for reading by GET, within
//! limits. It knows no dialect: a dialect writes its fields down, and `http/schemas.rs` puts them
//! together.

/// Which media type the answer has.
mod accept;
/// What a resolver may ask of the request.
pub mod asked;
/// How much one document may have carried out.
mod bounds;
/// What a document asks for.
mod document;
/// Arguments.
mod inputs;
/// The values of documents.
mod literals;
/// What a document may say that GraphQL has no word for.
mod loose;
/// A part of a list.
mod pages;
/// A document, read before the library reads it.
mod read;
/// The grammar of documents.
mod reader;
/// What is asked for.
mod request;
/// The schema, as the library sees it.
mod schema;
/// One request: read, carried out and answered.
mod serve;
/// The schema, as data.
pub mod table;
/// What stands between quotes.
mod texts;
/// Names, numbers, texts and signs.
mod tokens;
/// The variables of a request.
mod variables;
/// What a look at the schema costs.
mod walk;
/// How wide a document may be.
mod width;
/// What is said of a document that is refused.
pub mod words;

pub use loose::Loose;
pub use read::tightened;
pub use schema::{Root, root};
pub use serve::{Schema, serve};
