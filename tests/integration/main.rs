//! The gateway as others meet it: started from a configuration, asked over sockets.

#![allow(missing_docs, unreachable_pub, reason = "a test binary has no public interface")]
#![allow(clippy::unwrap_used, reason = "a story that cannot go on fails where it stands")]

mod harness;

mod access_log;
mod acme;
mod admin_host;
mod administration;
mod analytics;
mod audit;
mod backups;
mod bodies;
mod bundles;
mod choice;
mod cookies;
mod country;
mod dashboard;
mod dependencies;
mod doctor;
mod durability;
mod editions;
mod exceptions;
mod export;
mod faults;
mod first_steps;
mod forwarding;
mod frames;
mod framing;
mod fuzz;
mod handing_over;
mod http2;
mod idle_connections;
mod incident;
mod inventory;
mod leftovers;
mod letters;
mod limits;
mod loading;
mod log_commands;
mod log_import;
mod notice_model;
mod pages;
mod passing;
mod proxy_protocol;
mod proxying;
mod published_log;
mod receipt_page;
mod receipts;
mod records;
mod reload;
mod remembered;
mod restoring;
mod service;
mod settings_pages;
mod shutdown;
mod statistics;
mod stats_commands;
mod tidy;
mod tls;
mod upgrade;
mod upstream_faults;
mod upstream_tls;
mod waiting_lines;
mod withdrawal;
mod witness;
