//! Stories about whole pages, and the rules of headers as tables.

mod codings;
mod headers;
mod pages;
mod policies;
mod sniffing;
mod support;
