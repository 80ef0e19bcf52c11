//! The digests of the audit chain: HMAC-SHA-256 under a key of the master key, so that whoever
//! writes to the database can not make one.

use aws_lc_rs::hmac;

use crate::crypto::master_key::MasterKey;

pub struct AuditChain {
    key: hmac::Key,
}

impl AuditChain {
    #[must_use]
    pub fn new(master: &MasterKey) -> Self {
        Self {
            key: master.hmac_sha256("keyward-audit-chain"),
        }
    }

    /// Of a list of fields that may be missing, for one purpose. No other list has the same
    /// bytes: each field is preceded by whether it is there and how long it is.
    #[must_use]
    pub fn digest(&self, purpose: &str, fields: &[Option<&[u8]>]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.key);
        for field in std::iter::once(&Some(purpose.as_bytes())).chain(fields) {
            match field {
                None => context.update(&[0]),
                Some(bytes) => {
                    context.update(&[1]);
                    context.update(&(bytes.len() as u64).to_be_bytes());
                    context.update(bytes);
                }
            }
        }
        context.sign().as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_lists_have_the_same_digest() {
        let master = MasterKey::new(b"0123456789abcdefghijklmnopqrstuvwxyz").unwrap();
        let chain = AuditChain::new(&master);
        let lists: [&[Option<&[u8]>]; 7] = [
            &[],
            &[None],
            &[Some(b"")],
            &[Some(b"a"), Some(b"b")],
            &[Some(b"ab")],
            &[Some(b"ab"), None],
            &[Some(b"ab"), Some(b"")],
        ];
        let mut digests: Vec<_> = lists.iter().map(|list| chain.digest("a", list)).collect();
        digests.push(chain.digest("b", &[]));
        digests.sort();
        digests.dedup();
        assert_eq!(digests.len(), 8);
    }
}
