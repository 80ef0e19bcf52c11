//! The sigma at the end of a word is a sigma (D-12, I10).

use serde_json::json;

use super::{OPEN, code_to, done, register};
use crate::support::{PASSWORD, text};

const SMALL: &str = "νικος@x.example";
const CAPITAL: &str = "ΝΙΚΟΣ@x.example";

both!(
    d_12_i10_a_sigma_finds_its_account_wherever_it_stands,
    OPEN,
    |kw| {
        let body = json!({ "email": SMALL, "username": "άλλος", "password": PASSWORD });
        let made = kw.post("/auth/register").json(&body).send();
        assert_eq!(made.status, 202, "{made:?}");
        let proof = json!({ "token": code_to(kw, SMALL) });
        done(kw, "/auth/email/verify", &proof);
        let access = kw.sign_in(CAPITAL, PASSWORD).tokens().0;
        let me = kw.get("/auth/me").bearer(&access).send().json();
        assert_eq!(text(&me, "email"), SMALL, "as it was written");
        // Nobody registers either a second time.
        assert_eq!(register(kw, CAPITAL, PASSWORD).status, 202);
        let taken = json!({ "username": "ΆΛΛΟΣ", "password": PASSWORD });
        let taken = kw.post("/auth/register").json(&taken).send();
        taken.refused(409, "CONFLICT");
        assert_eq!(kw.count("accounts"), 1);
        assert_eq!(kw.count("emails"), 1);
    }
);
