//! Signatures on curves: numbers in their range, in one encoding of one length.

use super::algorithms::{EDDSA, ES256, refuses};
use super::{INVALID, refused_at_every_door};
use crate::support::Forge;

/// The order of the group of P-256 (FIPS 186-4 D.1.2.3).
const N: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

/// `N - s`.
fn negated(s: &[u8]) -> Vec<u8> {
    let mut difference = vec![0; 32];
    let mut borrow = 0;
    for i in (0..32).rev() {
        let value = i16::from(N[i]) - i16::from(s[i]) - borrow;
        borrow = i16::from(value < 0);
        difference[i] = u8::try_from(value.rem_euclid(256)).unwrap();
    }
    difference
}

both!(j17_an_impossible_signature_is_refused, ES256, |kw| {
    refuses(kw, |ours, access| {
        let genuine = Forge::signature_of(access);
        let (r, s) = genuine.split_at(32);
        let (zero, most) = ([0; 32], [0xff; 32]);
        let mut one = zero;
        one[31] = 1;
        let header = ours.header().to_string();
        let claims = Forge::claims_of(access).to_string();
        let signatures: Vec<Vec<u8>> = vec![
            vec![],
            [zero, zero].concat(),
            [r, &zero].concat(),
            [&zero, s].concat(),
            [N, N].concat(),
            [r, &N].concat(),
            [&N, s].concat(),
            [r, &most].concat(),
            [&most, s].concat(),
            [one, one].concat(),
            [s, r].concat(),
            genuine[..63].to_vec(),
            genuine[1..].to_vec(),
            [&genuine[..], &[0]].concat(),
            [&[0], &genuine[..]].concat(),
            [&[0x30, 0x44, 0x02, 0x20], r, &[0x02, 0x20], s].concat(),
            [0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00].to_vec(),
        ];
        let forge = |signature: &Vec<u8>| Forge::sign_by(&header, &claims, |_| signature.clone());
        assert_eq!(forge(&genuine), access, "the text is the genuine one");
        signatures.iter().map(forge).collect()
    });
});

both!(
    j17_an_impossible_edwards_signature_is_refused,
    EDDSA,
    |kw| {
        refuses(kw, |ours, access| {
            let genuine = Forge::signature_of(access);
            let (r, s) = genuine.split_at(32);
            let (zero, most) = ([0; 32], [0xff; 32]);
            let header = ours.header().to_string();
            let claims = Forge::claims_of(access).to_string();
            let signatures: Vec<Vec<u8>> = vec![
                vec![],
                [zero, zero].concat(),
                [r, &zero].concat(),
                [&zero, s].concat(),
                [r, &most].concat(),
                genuine[..63].to_vec(),
                [&genuine[..], &[0]].concat(),
            ];
            let forge =
                |signature: &Vec<u8>| Forge::sign_by(&header, &claims, |_| signature.clone());
            assert_eq!(forge(&genuine), access);
            signatures.iter().map(forge).collect()
        });
    }
);

// An ECDSA signature has a twin that anybody can compute. It is the same token: what
// ends the one ends the other.
both!(
    j18_the_twin_of_a_signature_ends_with_its_session,
    ES256,
    |kw| {
        let (access, _) = kw.signed_in("alice@example.com");
        let genuine = Forge::signature_of(&access);
        let (r, s) = genuine.split_at(32);
        let header = kw.forge().header().to_string();
        let claims = Forge::claims_of(&access).to_string();
        let twin = Forge::sign_by(&header, &claims, |_| [r, &negated(s)].concat());
        assert_ne!(twin, access);
        assert_eq!(negated(&negated(s)), s);
        // Both are good, and both are now in the memory of verified tokens.
        assert_eq!((kw.me(&access), kw.me(&twin)), (200, 200));
        assert_eq!(kw.post("/auth/logout").bearer(&access).send().status, 204);
        refused_at_every_door(kw, &access, INVALID);
        refused_at_every_door(kw, &twin, INVALID);
    }
);
