#![doc = include_str!("README.md")]

// Rules: pure, in the order in which a request meets them.
pub mod analytics;
pub mod consent;
pub mod cookies;
pub mod fields;
pub mod inventory;
pub mod ledger;
pub mod prefixes;
pub mod rereading;
pub mod rewrite;
pub mod routing;
pub mod statistics;
pub mod timestamp;
pub mod trace_context;
pub mod visitor;

// Our own pages.
pub mod admin;
pub mod pages;

// Edges: bytes, files, clocks.
pub mod acme;
pub mod clock;
pub mod durable;
pub mod export;
pub mod geo;
pub mod mail;
pub mod sockets;
pub mod store;
pub mod telemetry;
pub mod upstream;
pub mod witness;

// The order of a request, and what starts it.
pub mod cli;
pub mod config;
pub mod gateway;
pub mod server;
