//! The file as written: tables whose keys are taken one by one, with their place. Unknown keys, wrong types and missing keys
//! become faults here, all of them in one reading.

use std::ops::{Range, RangeInclusive};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    context::{Advice, Context},
    fault::Fault,
    keys::{self, Section},
    suggestion,
};

/// A table of the file.
pub(super) struct Table<'a> {
    pub(super) context: &'a Context,
    /// Where its header or its braces stand.
    pub(super) span: Range<usize>,
    section: &'static Section,
    entries: DeTable<'a>,
}

/// Reads the text of a loading; a mistake of syntax is the only fault then.
pub(super) fn parse(context: &Context) -> Option<Table<'_>> {
    match DeTable::parse(&context.document.text) {
        Ok(root) => Some(Table::new(context, 0..0, &keys::TOP, root.into_inner())),
        Err(error) => {
            let message = error.message().trim_end().replace('\n', ", ");
            let fault = Fault::at(
                &context.document,
                error.span().unwrap_or(0..0),
                format!("not TOML: {message}"),
                "write it by the rules of TOML 1.0: `key = \"text\"`, `[table]`, `[[list of tables]]`".to_owned(),
            );
            context.add(fault);
            None
        }
    }
}

impl<'a> Table<'a> {
    fn new(context: &'a Context, span: Range<usize>, section: &'static Section, entries: DeTable<'a>) -> Self {
        let names = || section.keys.iter().map(|(name, _)| *name);
        for key in entries.keys() {
            let written = key.get_ref().as_ref();
            if !names().any(|name| name == written) {
                let remedy = suggestion::nearest(written, names()).map_or_else(
                    || format!("known here: {}", names().collect::<Vec<_>>().join(", ")),
                    |name| format!("did you mean `{name}`?"),
                );
                context.fault(key.span(), format!("unknown key `{written}` in {}", section.place()), remedy);
            }
        }
        Self { context, span, section, entries }
    }

    /// Whether the key is there, whatever it holds.
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.contains_key(key)
    }

    /// Whether the key is there and holds something else than an empty list.
    pub(super) fn is_set(&self, key: &str) -> bool {
        let is_empty = |value: &DeValue<'_>| value.as_array().is_some_and(|values| values.is_empty());
        self.entries.get(key).is_some_and(|value| !is_empty(value.get_ref()))
    }

    /// Reports an empty list where one must hold something. To be called before it is taken.
    pub(super) fn refuse_empty(&self, key: &str) {
        if let Some(value) = self.entries.get(key).filter(|_| !self.is_set(key)) {
            let what = format!("`{key}` in {} is empty", self.section.place());
            self.context.fault(value.span(), what, format!("write for instance `{}`", self.section.example(key)));
        }
    }

    /// Reports those of the keys that are missing. To be called before they are taken.
    pub(super) fn require(&self, required: &[&str]) {
        for key in required.iter().filter(|key| !self.has(key)) {
            self.missing(key, "");
        }
    }

    /// Reports a missing key, with the reason why it must be there.
    pub(super) fn missing(&self, key: &str, reason: &str) {
        self.context.fault(
            self.span.clone(),
            format!("missing `{key}` in {}{reason}", self.section.place()),
            format!("write for instance `{}`", self.section.example(key)),
        );
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Spanned<String>> {
        self.parsed(key, |text| Ok(text.to_owned()))
    }

    /// A text that `parse` understands.
    pub(super) fn parsed<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, Advice>,
    ) -> Option<Spanned<T>> {
        let value = self.take(key)?;
        self.element(key, value, "a text in quotation marks", &parse)
    }

    /// A list of texts that `parse` understands; those that it does not are reported and left out.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        parse: impl Fn(&str) -> Result<T, Advice>,
    ) -> Option<Spanned<Vec<Spanned<T>>>> {
        let value = self.take(key)?;
        let span = value.span();
        match value.into_inner() {
            DeValue::Array(values) => {
                let kind = "a list of texts";
                let read = values.into_iter().filter_map(|value| self.element(key, value, kind, &parse)).collect();
                Some(Spanned::new(span, read))
            }
            other => self.wrong_type(key, span, "a list of texts in brackets", &other),
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, key: &'static str) -> Option<Spanned<bool>> {
        let value = self.take(key)?;
        let span = value.span();
        match value.into_inner() {
            DeValue::Boolean(boolean) => Some(Spanned::new(span, boolean)),
            other => self.wrong_type(key, span, "true or false", &other),
        }
    }

    /// A whole number within bounds.
    pub(super) fn number(&mut self, key: &'static str, bounds: RangeInclusive<u32>) -> Option<u32> {
        let value = self.take(key)?;
        let span = value.span();
        let number = match value.into_inner() {
            DeValue::Integer(integer) => u32::from_str_radix(integer.as_str(), integer.radix()).ok(),
            other => return self.wrong_type(key, span, "a whole number", &other),
        };
        let inside = number.filter(|number| bounds.contains(number));
        if inside.is_none() {
            let (least, most) = (bounds.start(), bounds.end());
            self.context.fault(
                span,
                format!("`{key}` in {} is out of bounds", self.section.place()),
                format!("write a number from {least} to {most}"),
            );
        }
        inside
    }

    /// A number from 0 to 1.
    pub(super) fn share(&mut self, key: &'static str) -> Option<Spanned<f64>> {
        let value = self.take(key)?;
        let span = value.span();
        let number: Option<f64> = match value.into_inner() {
            DeValue::Float(float) => float.as_str().parse().ok(),
            DeValue::Integer(integer) => u8::from_str_radix(integer.as_str(), integer.radix()).ok().map(f64::from),
            other => return self.wrong_type(key, span, "a number from 0 to 1", &other),
        };
        let inside = number.filter(|number| (0.0..=1.0).contains(number));
        if inside.is_none() {
            let what = format!("`{key}` in {} is out of bounds", self.section.place());
            self.context.fault(span.clone(), what, "write a number from 0 to 1: 0.01 is one in a hundred");
        }
        inside.map(|number| Spanned::new(span, number))
    }

    /// A table below this one.
    pub(super) fn table(&mut self, key: &'static str, section: &'static Section) -> Option<Self> {
        let value = self.take(key)?;
        let span = value.span();
        match value.into_inner() {
            DeValue::Table(entries) => Some(Table::new(self.context, span, section, entries)),
            other => self.wrong_type(key, span, "a table", &other),
        }
    }

    /// A list of tables below this one, empty when the key is not there.
    pub(super) fn tables(&mut self, key: &'static str, section: &'static Section) -> Vec<Self> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let span = value.span();
        let values = match value.into_inner() {
            DeValue::Array(values) => values,
            other => return self.wrong_type(key, span, "a list of tables", &other).unwrap_or_default(),
        };
        let mut tables = Vec::new();
        for value in values {
            let span = value.span();
            match value.into_inner() {
                DeValue::Table(entries) => tables.push(Table::new(self.context, span, section, entries)),
                other => drop(self.wrong_type::<()>(key, span, "a list of tables", &other)),
            }
        }
        tables
    }

    /// Whether the key holds a table rather than a single value.
    pub(super) fn holds_table(&self, key: &str) -> bool {
        self.entries.get(key).is_some_and(|value| value.get_ref().is_table())
    }

    fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'a>>> {
        debug_assert!(self.section.keys.iter().any(|(name, _)| *name == key), "`{key}` is in the table of keys");
        self.entries.remove(key)
    }

    fn element<T>(
        &self,
        key: &str,
        value: Spanned<DeValue<'a>>,
        kind: &str,
        parse: &impl Fn(&str) -> Result<T, Advice>,
    ) -> Option<Spanned<T>> {
        let span = value.span();
        let text = match value.into_inner() {
            DeValue::String(text) => text,
            other => return self.wrong_type(key, span, kind, &other),
        };
        let read = if text.trim().is_empty() {
            Err(Advice::new("it is empty", format!("write for instance `{}`", self.section.example(key))))
        } else {
            parse(&text)
        };
        match read {
            Ok(parsed) => Some(Spanned::new(span, parsed)),
            Err(Advice { what, remedy, is_secret }) => {
                let what = format!("`{key}` in {}: {what}", self.section.place());
                if is_secret {
                    self.context.secret_fault(span, what, remedy);
                } else {
                    self.context.fault(span, what, remedy);
                }
                None
            }
        }
    }

    fn wrong_type<T>(&self, key: &str, span: Range<usize>, expected: &str, actual: &DeValue<'_>) -> Option<T> {
        let actual = match actual {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.context.fault(
            span,
            format!("`{key}` in {} must be {expected}, not {actual}", self.section.place()),
            format!("write for instance `{}`", self.section.example(key)),
        );
        None
    }
}
