//! The types of Propeller's fields, under the names that its SDK's documents have for them. A member
//! that Keyward does not keep is null: no document is refused because it asks for one.

use crate::http::graphql::table::{
    Argument, Input, Object, Type, Words, argument, implementing, member,
};

/// What a sign-in answers.
pub(super) static SIGNED_IN: Object = Object {
    name: "Login",
    fields: &[
        member("session", Type::object(&SESSION).required()),
        member("providerId", Type::TEXT),
        member("operationType", Type::TEXT),
    ],
};

/// The first five in the words of OAuth, as the original has them; `session` says the same as a
/// sign-in does.
pub(super) static REFRESHED: Object = Object {
    name: "RefreshTokenResponse",
    fields: &[
        member("access_token", Type::TEXT.required()),
        member("refresh_token", Type::TEXT.required()),
        member("expires_in", Type::WHOLE.required()),
        member("token_type", Type::TEXT.required()),
        member("user_id", Type::TEXT.required()),
        member("session", Type::object(&SESSION).required()),
    ],
};

/// `todo` is the original's only member.
pub(super) static SIGNED_OUT: Object = Object {
    name: "Logout",
    fields: &[
        member("todo", Type::TEXT),
        member("success", Type::TRUTH.required()),
    ],
};

pub(super) static REGISTERED: Object = Object {
    name: "RegisterUserResponse",
    fields: &[
        member("user", Type::object(&USER).required()),
        member("session", Type::object(&REGISTERED_SESSION)),
    ],
};

pub(super) static PUBLISHED: Object = Object {
    name: "PublishEmailEventResponse",
    fields: &[
        member("success", Type::TRUTH.required()),
        member("messageId", Type::TEXT.required()),
    ],
};

/// A user of Google's identity provider, as the original hands one on.
static SESSION: Object = Object {
    name: "GCIPUser",
    fields: &[
        member("uid", Type::TEXT.required()),
        member("isAnonymous", Type::TRUTH.required()),
        member("email", Type::TEXT),
        member("emailVerified", Type::TRUTH.required()),
        member("displayName", Type::TEXT),
        member("accessToken", Type::TEXT.required()),
        member("refreshToken", Type::TEXT.required()),
        member("expirationTime", Type::TEXT.required()),
        member("createdAt", Type::TEXT),
        member("lastLoginAt", Type::TEXT),
        member("metadata", Type::object(&METADATA)),
        member("photoUrl", Type::TEXT),
        member("phoneNumber", Type::TEXT),
        member("disabled", Type::TRUTH),
        member("tokensValidAfterTime", Type::TEXT),
        member("tenantId", Type::TEXT),
        member("providerData", Type::object(&PROVIDER).list()),
        member("passwordHash", Type::TEXT),
        member("passwordSalt", Type::TEXT),
        member("authDomain", Type::TEXT),
        member("multiFactor", Type::object(&MULTI_FACTOR)),
    ],
};

/// What a registration answers.
static REGISTERED_SESSION: Object = Object {
    name: "RegisterUserSession",
    fields: &[
        member("isAnonymous", Type::TRUTH.required()),
        member("email", Type::TEXT),
        member("accessToken", Type::TEXT.required()),
        member("refreshToken", Type::TEXT.required()),
        member("expirationTime", Type::TEXT.required()),
    ],
};

static METADATA: Object = Object {
    name: "GCIPMetadata",
    fields: &[
        member("creationTime", Type::TEXT),
        member("lastSignInTime", Type::TEXT),
        member("lastRefreshTime", Type::TEXT),
    ],
};

static PROVIDER: Object = Object {
    name: "GCIPProviderData",
    fields: &[
        member("uid", Type::TEXT),
        member("providerId", Type::TEXT),
        member("displayName", Type::TEXT),
        member("photoUrl", Type::TEXT),
        member("federatedId", Type::TEXT),
        member("email", Type::TEXT),
        member("rawId", Type::TEXT),
        member("screenName", Type::TEXT),
        member("phoneNumber", Type::TEXT),
    ],
};

static MULTI_FACTOR: Object = Object {
    name: "MultiFactor",
    fields: &[member("enrolledFactors", Type::object(&FACTOR).list())],
};

static FACTOR: Object = Object {
    name: "EnrolledFactor",
    fields: &[
        member("factorId", Type::TEXT),
        member("phoneNumber", Type::TEXT),
    ],
};

pub(super) static USER: Object = Object {
    name: "User",
    fields: &[
        implementing(&BASE_USER),
        member("id", Type::ID.required()),
        member("userId", Type::ID.required()),
        member("username", Type::TEXT),
        member("firstName", Type::TEXT),
        member("middleName", Type::TEXT),
        member("lastName", Type::TEXT),
        member("email", Type::TEXT),
        member("phone", Type::TEXT),
        member("mobile", Type::TEXT),
        member("gender", Type::TEXT),
        member("company", Type::TEXT),
        member("dateOfBirth", Type::TEXT),
        member("language", Type::TEXT),
        member("primaryLanguage", Type::TEXT),
        member("mailingList", Type::TEXT),
        member("homepage", Type::TEXT),
        member("cocNumber", Type::TEXT),
        member("taxNumber", Type::TEXT),
        member("parentId", Type::WHOLE),
        member("isAnonymous", Type::TRUTH.required()),
        member("isLoggedIn", Type::TRUTH),
    ],
};

/// What the original's kinds of users have in common; here there is one kind.
static BASE_USER: Object = Object {
    name: "IBaseUser",
    fields: &[
        member("id", Type::ID.required()),
        member("firstName", Type::TEXT),
        member("middleName", Type::TEXT),
        member("lastName", Type::TEXT),
        member("email", Type::TEXT),
        member("phone", Type::TEXT),
        member("mobile", Type::TEXT),
        member("gender", Type::TEXT),
        member("dateOfBirth", Type::TEXT),
        member("primaryLanguage", Type::TEXT),
        member("mailingList", Type::TEXT),
        member("isLoggedIn", Type::TRUTH),
    ],
};

static LOGIN: Input = Input {
    name: "LoginInput",
    members: &[
        argument("email", Type::TEXT.required()),
        argument("password", Type::TEXT.required()),
        argument("otp", Type::TEXT),
        argument("provider", Type::TEXT),
    ],
};

static GENDERS: Words = Words {
    name: "Gender",
    all: &["M", "F", "U"],
    taken: &["M", "F", "U"],
};

static YES_NO: Words = Words {
    name: "YesNo",
    all: &["Y", "N"],
    taken: &["Y", "N"],
};

static REGISTER: Input = Input {
    name: "RegisterUserInput",
    members: &[
        argument("firstName", Type::TEXT),
        argument("middleName", Type::TEXT),
        argument("lastName", Type::TEXT),
        argument("email", Type::TEXT.required()),
        argument("phone", Type::TEXT),
        argument("mobile", Type::TEXT),
        argument("gender", Type::one_of(&GENDERS)),
        argument("company", Type::TEXT),
        argument("password", Type::TEXT.required()),
        argument("parentId", Type::WHOLE),
        argument("dateOfBirth", Type::TEXT),
        argument("language", Type::TEXT),
        argument("primaryLanguage", Type::TEXT),
        argument("mailingList", Type::one_of(&YES_NO)),
        argument("homepage", Type::TEXT),
        argument("cocNumber", Type::TEXT),
        argument("taxNumber", Type::TEXT),
        argument("createAccount", Type::TRUTH),
        argument("autoLogin", Type::TRUTH),
        argument("siteId", Type::WHOLE),
    ],
};

static RESET: Input = Input {
    name: "PasswordRecoveryLinkInput",
    members: &[
        argument("email", Type::TEXT.required()),
        argument("redirectUrl", Type::TEXT),
        argument("language", Type::TEXT),
    ],
};

static EVENTS: Words = Words {
    name: "EmailEventType",
    all: &["transactional"],
    taken: &["transactional"],
};

static PUBLISH: Input = Input {
    name: "EmailEventInput",
    members: &[
        argument("type", Type::one_of(&EVENTS).required()),
        argument("to", Type::input(&CONTACT).list().required()),
        argument("subject", Type::TEXT.required()),
        argument("content", Type::TEXT.required()),
        argument("variables", Type::JSON),
        argument("siteId", Type::WHOLE),
        argument("from", Type::input(&CONTACT)),
        argument("language", Type::TEXT),
    ],
};

static CONTACT: Input = Input {
    name: "EmailSendContactInput",
    members: &[
        argument("email", Type::TEXT.required()),
        argument("name", Type::TEXT),
    ],
};

static EXCHANGE: Input = Input {
    name: "ExchangeRefreshTokenInput",
    members: &[argument("refreshToken", Type::TEXT.required())],
};

pub(super) const LOGIN_INPUT: &[Argument] = &[argument("input", Type::input(&LOGIN).required())];
pub(super) const REGISTER_INPUT: &[Argument] =
    &[argument("input", Type::input(&REGISTER).required())];
/// A plugin of the original gives the members beside an `input` that is null.
pub(super) const RESET_INPUT: &[Argument] = &[
    argument("input", Type::input(&RESET)),
    argument("email", Type::TEXT),
    argument("redirectUrl", Type::TEXT),
    argument("language", Type::TEXT),
];
pub(super) const PUBLISH_INPUT: &[Argument] =
    &[argument("input", Type::input(&PUBLISH).required())];
pub(super) const USER_LOGIN: &[Argument] = &[argument("login", Type::TEXT.required())];
pub(super) const EXCHANGE_INPUT: &[Argument] =
    &[argument("input", Type::input(&EXCHANGE).required())];
