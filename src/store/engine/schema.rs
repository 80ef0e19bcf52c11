//! The tables, once for both backends: only types that SQLite and PostgreSQL share.

diesel::table! {
    accounts (id) {
        id -> Text,
        email -> Nullable<Text>,
        email_canonical -> Nullable<Text>,
        username -> Nullable<Text>,
        username_canonical -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        anonymous -> Bool,
        enabled -> Bool,
        verified -> Bool,
        terms_accepted -> Bool,
        epoch -> BigInt,
        access_version -> BigInt,
        created_at -> BigInt,
        updated_at -> BigInt,
        created_by -> Nullable<Text>,
        last_login_at -> Nullable<BigInt>,
        machine -> Bool,
    }
}

diesel::table! {
    /// What accounts are looked for by, beside their rows, which are read without it.
    #[sql_name = "accounts"]
    account_names (id) {
        id -> Text,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        names_canonical -> Nullable<Text>,
    }
}

diesel::table! {
    credentials (account_id) {
        account_id -> Text,
        record -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    roles (name) {
        name -> Text,
        description -> Text,
        title -> Nullable<Text>,
        scope -> Text,
        organization_id -> Nullable<Text>,
        factor_from -> Nullable<BigInt>,
    }
}

diesel::table! {
    organizations (id) {
        id -> Text,
        name -> Text,
        name_canonical -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        created_by -> Nullable<Text>,
        factor_from -> Nullable<BigInt>,
    }
}

diesel::table! {
    invitations (place, address) {
        place -> Text,
        address -> Text,
        organization_id -> Nullable<Text>,
        written -> Text,
        role -> Nullable<Text>,
        invited_by -> Nullable<Text>,
        mac -> Nullable<Text>,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    memberships (organization_id, account_id) {
        organization_id -> Text,
        account_id -> Text,
        role -> Text,
        state -> Text,
        address -> Nullable<Text>,
        written -> Nullable<Text>,
        invited_by -> Nullable<Text>,
        created_at -> BigInt,
        updated_at -> BigInt,
    }
}

diesel::table! {
    role_permissions (role, permission) {
        role -> Text,
        permission -> Text,
    }
}

diesel::table! {
    account_roles (account_id, role) {
        account_id -> Text,
        role -> Text,
        granted_at -> BigInt,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        account_id -> Text,
        organization_id -> Nullable<Text>,
        anonymous -> Bool,
        mode -> Text,
        class -> Text,
        amr -> Text,
        aal -> Integer,
        auth_time -> BigInt,
        created_at -> BigInt,
        salt -> Binary,
        #[sql_name = "gen"]
        generation -> BigInt,
        rotated_at -> BigInt,
        replays -> Integer,
        gen_seen -> Bool,
        idle_expires_at -> BigInt,
        absolute_expires_at -> BigInt,
        account_epoch -> BigInt,
        user_agent -> Nullable<Text>,
        address -> Nullable<Text>,
        revoked_at -> Nullable<BigInt>,
        revoke_reason -> Nullable<Text>,
        recent -> Text,
        actor_id -> Nullable<Text>,
        actor_session -> Nullable<Text>,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        algorithm -> Text,
        private_sealed -> Binary,
        created_at -> BigInt,
        activates_at -> BigInt,
    }
}

diesel::table! {
    api_keys (id) {
        id -> Text,
        hash -> Text,
        account_id -> Text,
        organization_id -> Nullable<Text>,
        name -> Text,
        name_canonical -> Text,
        hint -> Text,
        permissions -> Text,
        created_at -> BigInt,
        created_by -> Nullable<Text>,
        expires_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    revocations (seq) {
        seq -> BigInt,
        kind -> Text,
        subject -> Text,
        epoch -> BigInt,
        access_version -> BigInt,
        until -> BigInt,
    }
}

diesel::table! {
    login_attempts (id) {
        id -> Text,
        account_id -> Nullable<Text>,
        succeeded -> Bool,
        outcome -> Text,
        dialect -> Text,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        at -> BigInt,
    }
}

diesel::table! {
    audit_events (id) {
        id -> Text,
        what -> Text,
        account_id -> Nullable<Text>,
        session_id -> Nullable<Text>,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        at -> BigInt,
        times -> BigInt,
        last_at -> Nullable<BigInt>,
        actor_id -> Nullable<Text>,
        note -> Nullable<Text>,
        organization_id -> Nullable<Text>,
        role -> Nullable<Text>,
    }
}

diesel::table! {
    audit_seals (seq) {
        seq -> BigInt,
        event_id -> Text,
        at -> BigInt,
        sealed_at -> BigInt,
        salt -> Nullable<Binary>,
        client -> Binary,
        content -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    audit_chain (id) {
        id -> Integer,
        seq -> BigInt,
        hash -> Binary,
        sealed_to -> BigInt,
        counted_to -> BigInt,
        base_seq -> BigInt,
        base_hash -> Binary,
        purged_before -> BigInt,
        mac -> Binary,
    }
}

diesel::table! {
    factors (id) {
        id -> Text,
        account_id -> Text,
        secret_sealed -> Binary,
        confirmed_at -> Nullable<BigInt>,
        last_step -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    recovery_codes (account_id, mac) {
        account_id -> Text,
        mac -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    limits (key) {
        key -> Text,
        failures -> BigInt,
        next_at -> BigInt,
        since -> BigInt,
        expires_at -> BigInt,
        forgiven -> BigInt,
    }
}

diesel::table! {
    emails (canonical) {
        canonical -> Text,
        account_id -> Text,
        written -> Text,
        verified -> Bool,
        is_primary -> Bool,
        contested -> Bool,
        created_at -> BigInt,
    }
}

diesel::table! {
    phones (account_id, value) {
        account_id -> Text,
        value -> Text,
        verified -> Bool,
        is_primary -> Bool,
        created_at -> BigInt,
    }
}

diesel::table! {
    profiles (account_id) {
        account_id -> Text,
        middle_name -> Nullable<Text>,
        gender -> Nullable<Text>,
        company -> Nullable<Text>,
        date_of_birth -> Nullable<Text>,
        address -> Nullable<Text>,
        language -> Nullable<Text>,
        parent_id -> Nullable<BigInt>,
        groups -> Text,
        attributes -> Text,
        terms_version -> Nullable<Text>,
        terms_accepted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    one_time_codes (mac) {
        mac -> Text,
        account_id -> Text,
        purpose -> Text,
        address -> Text,
        sealed -> Nullable<Binary>,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    outbox (id) {
        id -> Text,
        account_id -> Nullable<Text>,
        purpose -> Text,
        letter_sealed -> Binary,
        message_id -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        attempts -> BigInt,
        next_at -> BigInt,
        leased_until -> BigInt,
    }
}

diesel::joinable!(account_roles -> accounts (account_id));
diesel::joinable!(credentials -> accounts (account_id));
diesel::joinable!(emails -> accounts (account_id));
diesel::joinable!(invitations -> organizations (organization_id));
diesel::joinable!(invitations -> roles (role));
diesel::joinable!(memberships -> accounts (account_id));
diesel::joinable!(memberships -> organizations (organization_id));
diesel::joinable!(memberships -> roles (role));
diesel::joinable!(sessions -> accounts (account_id));
diesel::allow_tables_to_appear_in_same_query!(
    accounts,
    account_roles,
    credentials,
    emails,
    factors,
    invitations,
    memberships,
    organizations,
    role_permissions,
    roles,
    sessions
);
