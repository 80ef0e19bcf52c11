//! A token's text: one spelling, one form, of a bounded length. A deny list by the
//! text of a token would be worth nothing; Keyward revokes the session.

use super::{forgeries, refuses};

both!(j18_another_spelling_of_a_token_is_refused, |kw| {
    refuses(kw, forgeries::altered_in_their_text);
});

both!(j19_a_long_token_and_another_form_are_refused, |kw| {
    refuses(kw, forgeries::of_another_form);
});
