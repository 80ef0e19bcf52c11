//! What texts are made of: characters of names, fields to fill in, and HTML in lines.

pub mod browser_name;
pub mod merge_fields;
pub mod name_characters;
pub mod plain_text;
