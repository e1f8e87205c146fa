//! Stories about whole pages, and the rules of headers as tables.

mod codings;
mod edits;
mod foreign;
mod governed;
mod headers;
mod loading;
mod pages;
mod policies;
mod sniffing;
mod support;
