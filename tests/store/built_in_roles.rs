//! The built-in roles of a new database are those of the table that people read.

use std::collections::BTreeSet;

use keyward::domain::rights::built_in_roles::{OF_ORGANIZATION, OF_SERVICE};

use crate::kit::lines;

both!(built_in_roles_are_those_of_the_table, |db| {
    let mut told = BTreeSet::new();
    for (scope, roles) in [("service", OF_SERVICE), ("organization", OF_ORGANIZATION)] {
        for (role, permissions) in roles {
            let each = permissions.iter();
            told.extend(each.map(|permission| format!("{scope} {role} {permission}")));
        }
    }
    let sql = "SELECT scope || ' ' || name || ' ' || coalesce(permission, '') AS line \
               FROM roles LEFT JOIN role_permissions ON role = name";
    let made = lines(&mut db.own_reader().unwrap(), sql);
    assert_eq!(told, made.into_iter().collect());
});
