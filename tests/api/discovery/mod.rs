//! What others read about this service.

mod docs;
mod openapi;
mod openapi_administration;
mod openapi_answers;
mod openapi_api_keys;
mod openapi_bodies;
mod openapi_readers;
mod public;
