//! A section of the settings: settings that belong together, and the struct that they fill.
//! An entry of [`section!`] is the one place in which a setting stands: its doc, its field,
//! its name, its default and its parser. Everything else reads the table that comes out.

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

/// ```text
/// section! {
///     /// What the struct is.
///     Listen, "The title in .env.example" {
///         /// What the setting decides: help and .env.example print this.
///         field: Type = NAME_OF_THE_SETTING, "default", parser;
///         /// One that is never printed, and one whose spaces count besides.
///         field: Type = NAME, "", parser, secret;
///         field: Type = NAME, "", parser, verbatim;
///     }
/// }
/// ```
///
/// A parser takes the text and gives the value, or says what the text must be. It gets the
/// default where the setting is absent, so that a default is checked as a value is.
macro_rules! section {
    (@secret) => { false };
    (@secret $flag:ident) => { true };
    (@verbatim verbatim) => { true };
    (@verbatim $($flag:ident)?) => { false };
    (
        $(#[doc = $about:literal])+
        $name:ident, $title:literal {
            $(
                $(#[doc = $doc:literal])+
                $field:ident: $type:ty = $setting:ident, $default:literal, $parse:expr
                $(, $flag:ident)?;
            )+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Clone)]
        #[allow(clippy::doc_markdown, reason = "help prints the docs of settings as plain text")]
        pub struct $name {
            $(
                $(#[doc = $doc])+
                pub $field: $type,
            )+
        }

        impl $name {
            pub const SECTION: $crate::config::settings::declare::Section =
                $crate::config::settings::declare::Section {
                    title: $title,
                    settings: &[$(
                        $crate::config::settings::declare::Setting {
                            name: stringify!($setting),
                            default: $default,
                            // Each line of a doc comment begins with a space.
                            doc: concat!($($doc),+).trim_ascii_start(),
                            secret: $crate::config::settings::declare::section!(@secret $($flag)?),
                            verbatim: $crate::config::settings::declare::section!(@verbatim $($flag)?),
                        },
                    )+],
                };

            /// Reads all of them, so that every fault is told, before it gives up.
            pub(in crate::config) fn read(
                reader: &mut $crate::config::reader::Reader<'_>,
            ) -> Option<Self> {
                let mut settings = Self::SECTION.settings.iter();
                $(let $field = reader.value(settings.next()?, $parse);)+
                Some(Self { $($field: $field?,)+ })
            }
        }
    };
}
pub(in crate::config) use section;
