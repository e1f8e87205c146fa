//! Consent records of ISO/IEC TS 27560 in JSON-LD, by the W3C guide to 27560 with the Data Privacy Vocabulary (DPV).
//!
//! One JSON-LD document with the records in its `@graph`, one record a line: programs for linked data read a file as one document,
//! and its context stands once, written out, so that nothing is fetched. A removed record leaves a line that says when and why.

use std::io::{self, Write};

use serde_json::json;

use super::{
    Content, Ending, Row, Told,
    record::{consent_record, context, no_longer_valid},
};
use crate::ledger::{Act, hex::hex};

/// Writes rows as one JSON-LD document.
pub struct JsonLdExport<W: Write> {
    output: W,
    separator: &'static str,
}

impl<W: Write> JsonLdExport<W> {
    /// Writes the context.
    ///
    /// # Errors
    ///
    /// What the output says.
    pub fn new(mut output: W) -> io::Result<Self> {
        write!(output, "{{\"@context\":{},\"@graph\":[", context())?;
        Ok(Self { output, separator: "\n" })
    }

    /// Writes one record, with what ended it since. Of a removed event nothing has to be told.
    ///
    /// # Errors
    ///
    /// What the output says; `InvalidInput` where an event comes without its notice, since a record without it is not complete.
    pub fn write(&mut self, row: &Row, told: &Told<'_>, ending: Option<Ending>) -> io::Result<()> {
        let separator = std::mem::replace(&mut self.separator, ",\n");
        self.output.write_all(separator.as_bytes())?;
        let record = match &row.content {
            Content::Removed { on, by } => json!({
                "@id": format!("urn:kelisim:leaf:{}", row.index.0), "@type": "kelisim:RemovedRecord",
                "kelisim:leafIndex": row.index.0, "kelisim:leafHash": hex(&row.leaf_hash.0),
                "kelisim:removedOn": on.date(), "kelisim:removedBy": by.name(),
            }),
            Content::Kept(event, _) => {
                if told.notice.is_none() {
                    return Err(io::Error::new(io::ErrorKind::InvalidInput, "the notice of an event is missing"));
                }
                let mut record = consent_record(event, told);
                record["kelisim:leafIndex"] = row.index.0.into();
                record["kelisim:leafHash"] = hex(&row.leaf_hash.0).into();
                record["kelisim:endedByLeaf"] = ending.map(|ending| ending.by.0).into();
                record["kelisim:endedOn"] = ending.map(|ending| ending.on()).into();
                let given = Act::of(event, told.ended).allowed;
                if let (Some(statuses), Some(ending)) = (record["dpv:hasConsentStatus"].as_array_mut(), ending)
                    && !given.is_empty()
                {
                    statuses.push(no_longer_valid(given, ending));
                }
                record
            }
        };
        write!(self.output, "{record}")
    }

    /// Ends the document and flushes it.
    ///
    /// # Errors
    ///
    /// What the output says.
    pub fn finish(mut self) -> io::Result<()> {
        self.output.write_all(b"\n]}\n")?;
        self.output.flush()
    }
}
