//! Who may do what on the admin plane: tokens with names and roles.

use serde::{Deserialize, Serialize};

use crate::admin_token::AdminToken;
use crate::service::{Service, ServiceBuilder};

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Offers, what was issued and its status.
    Issue,
    /// Requests and their results.
    Verify,
    /// Everything, and it alone credential types, queries, webhooks, the audit log and metrics.
    Admin,
}

impl Role {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Verify => "verify",
            Self::Admin => "admin",
        }
    }
}

/// A token of the admin plane.
#[derive(Debug, Clone)]
pub struct Access {
    /// Who has it, in logs and problems.
    pub name: String,
    /// What it has to be.
    pub token: AdminToken,
    /// What it is for.
    pub roles: Vec<Role>,
}

impl Access {
    /// Whether it is for this.
    pub(crate) fn may(&self, role: Role) -> bool {
        self.roles.iter().any(|known| *known == role || *known == Role::Admin)
    }
}

impl ServiceBuilder {
    /// The token of the admin plane that may do everything, by the name `admin`. Without any token, nobody gets in.
    pub fn admin_token(self, token: impl Into<AdminToken>) -> Self {
        self.access(Access { name: "admin".to_owned(), token: token.into(), roles: vec![Role::Admin] })
    }

    /// Adds a token of the admin plane.
    pub fn access(mut self, access: Access) -> Self {
        self.access.push(access);
        self
    }
}

impl Service {
    /// Whose token this is. All are compared, so that the time says nothing about which one it is.
    pub(crate) fn whose<'a>(known: &'a [Access], token: &str) -> Option<&'a Access> {
        known
            .iter()
            .fold(None, |found, access| if access.token.matches(token) { Some(access) } else { found })
    }
}

#[cfg(test)]
mod tests {
    use credenza_core::Secret;

    use super::*;

    fn access(name: &str, roles: &[Role]) -> Access {
        let token = Secret::new(format!("token of {name}")).into();
        Access { name: name.to_owned(), token, roles: roles.to_vec() }
    }

    #[test]
    fn a_role_is_for_itself_and_admin_for_all() {
        let all = [access("shop", &[Role::Verify]), access("office", &[Role::Issue, Role::Verify])];
        let shop = Service::whose(&all, "token of shop").unwrap();
        assert!(shop.may(Role::Verify) && !shop.may(Role::Issue) && !shop.may(Role::Admin));
        let office = Service::whose(&all, "token of office").unwrap();
        assert!(office.may(Role::Verify) && office.may(Role::Issue) && !office.may(Role::Admin));
        let admin = access("admin", &[Role::Admin]);
        assert!([Role::Issue, Role::Verify, Role::Admin].into_iter().all(|role| admin.may(role)));
        assert!(!access("nobody", &[]).may(Role::Issue));
        assert!(Service::whose(&all, "token of nobody").is_none() && Service::whose(&[], "").is_none());
    }
}
