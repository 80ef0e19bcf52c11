//! What each process remembers. It knows no act and no database.

/// API keys that were read of late.
pub(in crate::service) mod cached_api_keys;
/// What every process must have learnt of revocations.
pub(in crate::service) mod revoked_tokens;
/// Which generations of sessions were seen in use.
pub(in crate::service) mod seen_generations;
/// What became of mails, until it is written down.
pub(in crate::service) mod unnoted_mails;
/// From when on events may have no seal.
pub(in crate::service) mod unsealed;
/// Access tokens whose signature was checked.
pub(in crate::service) mod verified_tokens;

use cached_api_keys::LivingKeys;
use revoked_tokens::Revoked;
use seen_generations::Seen;
use unnoted_mails::UnnotedMails;
use unsealed::Unsealed;
use verified_tokens::VerifiedTokens;

#[derive(Default)]
pub(in crate::service) struct Memory {
    pub(in crate::service) verified: VerifiedTokens,
    pub(in crate::service) revoked: Revoked,
    pub(in crate::service) seen: Seen,
    pub(in crate::service) unsealed: Unsealed,
    pub(in crate::service) api_keys: LivingKeys,
    pub(in crate::service) mails: UnnotedMails,
}
