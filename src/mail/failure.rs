//! Why mail does not leave.

/// Why a message was not sent, in words; a server's words may name the recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// This message will never be taken.
    Refused(String),
    /// It was not taken this time.
    Later(String),
    /// Nothing can be sent now, this message or another.
    Away(String),
    /// The server has the whole message and did not say what became of it: it may be on its way.
    Unknown(String),
}

impl Failure {
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Refused(why) | Self::Later(why) | Self::Away(why) | Self::Unknown(why) => why,
        }
    }

    /// The same without this address.
    #[must_use]
    pub fn without(self, address: &str) -> Self {
        let mend = |why: String| without(&why, address);
        match self {
            Self::Refused(why) => Self::Refused(mend(why)),
            Self::Later(why) => Self::Later(mend(why)),
            Self::Away(why) => Self::Away(mend(why)),
            Self::Unknown(why) => Self::Unknown(mend(why)),
        }
    }
}

/// What a server says, without the address that it was said of. Servers like to repeat it, in
/// small letters, or at a domain that they made of it: whatever has its local part before an `@`
/// is taken for it.
#[must_use]
pub fn without(said: &str, address: &str) -> String {
    let local = address.rsplit_once('@').map_or(address, |(local, _)| local);
    let local = local.to_lowercase();
    let parts_words = |c: char| c.is_whitespace() || "<>()[],;:\"".contains(c);
    let mut out = String::with_capacity(said.len());
    let mut rest = said;
    while !rest.is_empty() {
        let end = rest.find(parts_words).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        let of = word.split_once('@').map(|(of, _)| of.to_lowercase());
        let is_theirs = of.is_some_and(|of| is_of(&of, &local));
        out.push_str(if is_theirs { "the recipient" } else { word });
        let mark = behind.chars().next().map_or(0, char::len_utf8);
        out.push_str(&behind[..mark]);
        rest = &behind[mark..];
    }
    out
}

/// `bob+tag`, `bob=example.com` and `relay!bob` are of bob, too.
fn is_of(said: &str, local: &str) -> bool {
    let said = said.trim_matches(['\'', '`', '{']);
    let person = local.split('+').next().unwrap_or(local);
    said == local
        || said
            .split(['+', '=', '!', '%', '/'])
            .any(|part| part == person)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_34_no_form_of_the_address_stays() {
        for said in [
            "550 <Bob@example.com>: no such user",
            "550 bob@EXAMPLE.com no",
            "550 <BOB@mx7.provider.net>, no",
            "550 \"bob@example.com\": bob+tag@example.com",
            "550 bob@example.com.",
            "250 to=<bob=example.com@list.example>",
        ] {
            let told = without(said, "Bob@example.com");
            assert!(!told.to_lowercase().contains("bob"), "{told}");
            assert!(told.contains("the recipient"), "{told}");
        }
        for said in [
            "250 2.0.0 Ok: queued as 4bXyZ1",
            "250 <123.bobby@mx.example.com> queued",
            "",
        ] {
            assert_eq!(without(said, "bob@example.com"), said);
        }
    }

    #[test]
    fn operators_34_signs_that_an_address_may_have_part_nothing() {
        for (said, address) in [
            ("550 'o'brien@example.com' no", "O'Brien@example.com"),
            ("550 <a{b}@example.com> no", "a{b}@example.com"),
            ("550 bob@example.com no", "bob+shop@example.com"),
        ] {
            let told = without(said, address);
            assert_eq!(told.matches('@').count(), 0, "{told}");
        }
    }
}
