//! Which faces are served.

use std::str::FromStr;

use strum::{IntoStaticStr, VariantArray};

use crate::config::settings::declare::section;
use crate::config::values::parse::{boolean, list};

section! {
    /// Faces besides Keyward's own, and how they answer.
    Faces, "Faces" {
        /// Which faces are served besides Keyward's own, comma separated. none: no other.
        dialects: Vec<Dialect> = KEYWARD_DIALECTS, "directus,oisp,hypi,haltian,propeller", list(str::parse);
        /// Whether bodies of the Directus face stand inside {"data": ...}: clients before version 11 of
        /// @directus/sdk, and those in Python, need it.
        directus_envelope: bool = KEYWARD_DIRECTUS_ENVELOPE, "false", boolean;
    }
}

/// A face that can be switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub enum Dialect {
    Directus,
    Oisp,
    Hypi,
    Haltian,
    Propeller,
}

impl Dialect {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.into()
    }
}

impl FromStr for Dialect {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut all = Self::VARIANTS.iter().copied();
        all.find(|it| it.as_str() == text)
            .ok_or_else(|| format!("of directus, oisp, hypi, haltian and propeller, not {text:?}"))
    }
}
