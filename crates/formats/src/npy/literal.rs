//! The Python literals that a header is made of: strings, booleans and tuples of whole numbers.

/// Reads literals from the front of a text. Every method skips leading spaces and yields `None` on anything unexpected.
pub(super) struct Literals<'a> {
    rest: &'a str,
}

impl<'a> Literals<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// Consumes `mark` if it comes next.
    pub(super) fn eat(&mut self, mark: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(mark) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub(super) fn expect(&mut self, mark: &str) -> Option<()> {
        self.eat(mark).then_some(())
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest.trim().is_empty()
    }

    /// Text in single or double quotes; escapes do not occur in headers.
    pub(super) fn string(&mut self) -> Option<&'a str> {
        let quote = ["'", "\""].into_iter().find(|quote| self.eat(quote))?;
        let (text, rest) = self.rest.split_once(quote)?;
        self.rest = rest;
        (!text.contains('\\')).then_some(text)
    }

    pub(super) fn boolean(&mut self) -> Option<bool> {
        if self.eat("True") {
            return Some(true);
        }
        self.eat("False").then_some(false)
    }

    /// `()`, `(3,)`, `(3, 4)`; Python 2 wrote `3L`.
    pub(super) fn tuple(&mut self) -> Option<Vec<usize>> {
        self.expect("(")?;
        let mut numbers = Vec::new();
        while !self.eat(")") {
            numbers.push(self.number()?);
            self.eat("L");
            if !self.eat(",") {
                self.expect(")")?;
                break;
            }
        }
        Some(numbers)
    }

    fn number(&mut self) -> Option<usize> {
        self.rest = self.rest.trim_start();
        let end = self
            .rest
            .find(|letter: char| !letter.is_ascii_digit())
            .unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at(end);
        self.rest = rest;
        digits.parse().ok()
    }
}
