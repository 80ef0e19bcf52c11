//! The built-in roles, and what each may do in a database that is new. Migrations make the rows, and
//! operators may change them: the program asks the database and never this table, which is for who
//! reads. `tests/store/built_in_roles.rs` compares it with what the migrations make.

/// Held in the whole service.
pub const OF_SERVICE: &[(&str, &[&str])] = &[
    ("administrator", &["admin"]),
    (
        "system",
        &["account:mail", "account:read", "account:reset-link"],
    ),
];

/// Held in one organization.
pub const OF_ORGANIZATION: &[(&str, &[&str])] = &[
    (
        "owner",
        &[
            "member:invite",
            "member:read",
            "member:remove",
            "member:update",
            "organization:delete",
            "organization:own",
            "organization:read",
            "organization:update",
            "role:manage",
            "role:read",
        ],
    ),
    (
        "admin",
        &[
            "member:invite",
            "member:read",
            "member:remove",
            "member:update",
            "organization:read",
            "organization:update",
            "role:manage",
            "role:read",
        ],
    ),
    (
        "manager",
        &[
            "member:invite",
            "member:read",
            "member:remove",
            "member:update",
            "organization:read",
            "role:read",
        ],
    ),
    ("viewer", &["organization:read"]),
    // Those of seed H.
    (
        "System Admin",
        &[
            "asset:install",
            "asset:read",
            "data:read",
            "member:invite",
            "member:read",
            "member:remove",
            "member:update",
            "organization:read",
            "organization:update",
            "role:manage",
            "role:read",
            "space:read",
            "space:update",
        ],
    ),
    (
        "Organization Manager",
        &[
            "asset:read",
            "data:read",
            "member:invite",
            "member:read",
            "member:remove",
            "member:update",
            "organization:read",
            "role:read",
            "space:read",
            "space:update",
        ],
    ),
    (
        "Space Designer",
        &[
            "asset:read",
            "organization:read",
            "space:read",
            "space:update",
        ],
    ),
    (
        "Asset Installer",
        &[
            "asset:install",
            "asset:read",
            "organization:read",
            "space:read",
        ],
    ),
    ("Data Viewer", &["data:read", "organization:read"]),
];
