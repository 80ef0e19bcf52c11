//! A setting as the table tells it.

/// What the table says of one setting.
pub struct Setting {
    pub name: &'static str,
    /// The text that stands for an absent or empty value; empty where absence has a meaning
    /// of its own, told in `doc`.
    pub default: &'static str,
    pub doc: &'static str,
    /// Whether its value must never be printed.
    pub secret: bool,
    /// Whether spaces around the value belong to it, as they may to a password (P11).
    pub verbatim: bool,
}

pub struct Section {
    pub title: &'static str,
    pub settings: &'static [Setting],
}
