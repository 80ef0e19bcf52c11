//! Organizations, roles and API keys, lived through beside a model of their own: who is in which
//! organization by which role, what the role permits, whether a second factor is demanded, and which
//! keys there are. After every step each token and each key that was ever given out opens in every
//! process what the model says, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use keyward::domain::id::{AccountId, OrganizationId};
use keyward::domain::organization::{MembershipState, Name, Scope};
use keyward::domain::rights::api_key::ApiKey;
use keyward::service::actor::Actor;
use keyward::service::api_keys::administer as keys;
use keyward::service::api_keys::rules::New as NewKey;
use keyward::service::organizations::administer;
use keyward::service::organizations::change::Edit;
use keyward::service::organizations::change_member::{self, Which};
use keyward::service::roles::of_service;
use keyward::service::roles::validate::{Edit as RoleEdit, New as NewRole};
use keyward::service::sessions::refresh;
use keyward::service::tokens::authenticate::authenticate;
use keyward::service::tokens::authenticate_api_key;
use keyward::service::tokens::mint::TokenSet;
use keyward::service::{Code, Keyward, Result};
use keyward::support::secret::SecretString;

use crate::real::{Real, nobody, sign_in_to};
use crate::steps::Dice;

const STEPS: u64 = 50;
const PEOPLE: usize = 4;
const TENANTS: usize = 2;

/// What the role permits that changes; what the others do stays.
const POOL: [&str; 4] = ["device:read", "device:update", "member:read", "role:read"];
const VIEWER: [&str; 1] = ["organization:read"];

type Words = BTreeSet<String>;

fn words<'a>(words: impl IntoIterator<Item = &'a str>) -> Words {
    words.into_iter().map(str::to_owned).collect()
}

struct Person {
    id: AccountId,
    name: String,
    /// How often something was taken from them.
    outdated: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Owner,
    Viewer,
    /// The one that changes.
    Fitter,
}

struct Member {
    role: Role,
    active: bool,
}

struct Tenant {
    id: OrganizationId,
    members: BTreeMap<usize, Member>,
    demanded: bool,
}

struct Token {
    person: usize,
    tenant: usize,
    access: SecretString,
    refresh: SecretString,
    until: i64,
    permissions: Words,
    outdated: u32,
    ended: bool,
}

struct Key {
    person: usize,
    tenant: usize,
    row: ApiKey,
    text: SecretString,
    ended: bool,
}

/// What was met in all histories together.
#[derive(Default)]
pub struct Met(BTreeMap<&'static str, u64>);

impl Met {
    fn note(&mut self, what: &'static str) {
        *self.0.entry(what).or_default() += 1;
    }

    pub fn assert_everything(&self) {
        for what in [
            "joined",
            "another role",
            "removed",
            "suspended",
            "resumed",
            "grown",
            "shrunk",
            "demanded",
            "lifted",
            "entered",
            "refreshed",
            "key made",
            "key revoked",
            "reset",
            "crashed",
            "Conflict",
            "NotFound",
            "StepUpRequired",
            "InvalidPayload",
            "InvalidCredentials",
            "token opens",
            "token outdated",
            "token ended",
            "key opens",
            "key ended",
            "nothing without a factor",
        ] {
            assert!(
                self.0.contains_key(what),
                "{what} was never met: {:?}",
                self.0
            );
        }
    }
}

pub struct World<'a> {
    real: &'a mut Real,
    dice: Dice,
    met: &'a mut Met,
    role: String,
    fitter: Words,
    people: Vec<Person>,
    tenants: Vec<Tenant>,
    tokens: Vec<Token>,
    keys: Vec<Key>,
}

/// Lives through one history.
pub fn live(real: &mut Real, seed: u64, met: &mut Met) {
    let mut world = World::begin(real, seed, met);
    for step in 0..STEPS {
        let did = world.step();
        world.real.move_clock(20_000);
        world.real.catch_up();
        world.look(&format!("seed {seed}, step {step}, {did}"));
    }
}

impl<'a> World<'a> {
    fn begin(real: &'a mut Real, seed: u64, met: &'a mut Met) -> Self {
        let kw = real.kw(0).clone();
        let mut people = Vec::new();
        for number in 0..PEOPLE {
            let name = format!("tenant-{seed}-{number}");
            let id = real.add_account(&name);
            people.push(Person {
                id,
                name,
                outdated: 0,
            });
        }
        let role = format!("Fitter {seed}");
        let fitter = words(POOL[..2].iter().copied());
        let new = NewRole {
            name: Name::parse(&role).unwrap(),
            description: String::new(),
            permissions: fitter.clone(),
            factor_from: None,
        };
        of_service::make_role(&kw, new, Scope::Organization).unwrap();
        let mut tenants = Vec::new();
        for (number, person) in people.iter().enumerate().take(TENANTS) {
            let name = Name::parse(&format!("Tenant {seed} {number}")).unwrap();
            let id = administer::add(&kw, name, person.id).unwrap().id;
            let role = Role::Owner;
            let members = BTreeMap::from([(number, Member { role, active: true })]);
            tenants.push(Tenant {
                id,
                members,
                demanded: false,
            });
        }
        let (tokens, keys) = (Vec::new(), Vec::new());
        Self {
            real,
            dice: Dice(seed),
            met,
            role,
            fitter,
            people,
            tenants,
            tokens,
            keys,
        }
    }

    fn pick(&mut self, below: usize) -> usize {
        self.dice.below(below)
    }

    fn kw(&mut self) -> Keyward {
        let process = self.pick(2);
        self.real.kw(process).clone()
    }

    fn step(&mut self) -> String {
        let (person, tenant) = (self.pick(self.people.len()), self.pick(self.tenants.len()));
        let kind = self.dice.below(20);
        let which = format!("kind {kind} of {person} in {tenant}");
        match kind {
            0..=3 => self.set_role(person, tenant),
            4 => self.remove(person, tenant),
            5 | 6 => self.set_state(person, tenant),
            7 | 8 => self.change_role(),
            9 => self.demand(tenant),
            10..=13 => self.enter(person, tenant),
            14 | 15 => self.refresh(),
            16 | 17 => self.make_key(person, tenant),
            18 => self.end_something(person),
            _ => {
                self.real.crash(person % 2);
                self.met.note("crashed");
            }
        }
        which
    }

    fn which(&self, person: usize, tenant: usize) -> Which {
        Which {
            organization: self.tenants[tenant].id,
            account: self.people[person].id,
        }
    }

    /// What the model expects of an act, held beside what came of it.
    fn came<T>(&mut self, came: Result<T>, expected: Option<Code>) -> Option<T> {
        match came {
            Ok(value) => {
                assert_eq!(None, expected);
                Some(value)
            }
            Err(error) => {
                assert_eq!(Some(error.code), expected, "{error}");
                self.met.note(name_of(error.code));
                None
            }
        }
    }

    fn set_role(&mut self, person: usize, tenant: usize) {
        let role = [Role::Viewer, Role::Fitter][self.pick(2)];
        let name = match role {
            Role::Fitter => self.role.clone(),
            _ => "viewer".to_owned(),
        };
        let kw = self.kw();
        let came = administer::set_role(&kw, self.which(person, tenant), &name);
        let member = self.tenants[tenant].members.get(&person);
        let (is_owner, same) = member.map_or((false, false), |it| {
            (it.role == Role::Owner, it.role == role && it.active)
        });
        let what = if member.is_some() {
            "another role"
        } else {
            "joined"
        };
        let expected = is_owner.then_some(Code::Conflict);
        if self.came(came, expected).is_none() || same {
            return;
        }
        let member = Member { role, active: true };
        self.tenants[tenant].members.insert(person, member);
        self.people[person].outdated += 1;
        self.met.note(what);
    }

    /// What ends with a membership.
    fn end(&mut self, person: usize, tenant: usize) {
        self.people[person].outdated += 1;
        let own = |it: (usize, usize)| it == (person, tenant);
        for token in self
            .tokens
            .iter_mut()
            .filter(|it| own((it.person, it.tenant)))
        {
            token.ended = true;
        }
        for key in self
            .keys
            .iter_mut()
            .filter(|it| own((it.person, it.tenant)))
        {
            key.ended = true;
        }
    }

    fn remove(&mut self, person: usize, tenant: usize) {
        let kw = self.kw();
        let came = administer::remove(&kw, self.which(person, tenant));
        let role = self.tenants[tenant].members.get(&person).map(|it| it.role);
        let expected = match role {
            None => Some(Code::NotFound),
            Some(Role::Owner) => Some(Code::Conflict),
            Some(_) => None,
        };
        if self.came(came, expected).is_some() {
            self.tenants[tenant].members.remove(&person);
            self.end(person, tenant);
            self.met.note("removed");
        }
    }

    /// By the owner, in a session that is in no organization.
    fn set_state(&mut self, person: usize, tenant: usize) {
        // Few are suspended at a time: most of them come back.
        let members = self.tenants[tenant].members.iter();
        let suspended = members
            .filter(|(_, it)| !it.active)
            .map(|(it, _)| *it)
            .next();
        let active = self.pick(3) > 0;
        let person = suspended.filter(|_| active).unwrap_or(person);
        let active = active && suspended.is_some() || self.pick(4) == 0;
        let kw = self.kw();
        let owner = sign_in_to(&kw, &self.people[tenant].name, None).unwrap();
        let actor = Actor {
            principal: authenticate(&kw, &owner.access).unwrap(),
            client: nobody(),
            at: kw.clock.now(),
        };
        let state = if active {
            MembershipState::Active
        } else {
            MembershipState::Suspended
        };
        let edit = change_member::Edit {
            role: None,
            state: Some(state),
        };
        let came = change_member::change_member(&kw, &actor, self.which(person, tenant), edit);
        let member = self.tenants[tenant].members.get(&person);
        let member = member.map(|it| (it.role, it.active));
        let expected = match member {
            _ if self.tenants[tenant].demanded => Some(Code::StepUpRequired),
            None => Some(Code::NotFound),
            Some((Role::Owner, is)) if is != active => Some(Code::Conflict),
            Some(_) => None,
        };
        let did = self.came(came, expected).is_some();
        if !did || member.is_none_or(|(_, is)| is == active) {
            return;
        }
        let members = &mut self.tenants[tenant].members;
        members.get_mut(&person).unwrap().active = active;
        if active {
            self.met.note("resumed");
        } else {
            self.end(person, tenant);
            self.met.note("suspended");
        }
    }

    /// What grows comes with the next token, what shrinks is gone at once.
    fn change_role(&mut self) {
        let held: Vec<&str> = POOL
            .into_iter()
            .filter(|_| self.dice.below(2) == 0)
            .collect();
        let new = words(held);
        let edit = RoleEdit {
            permissions: Some(new.clone()),
            ..RoleEdit::default()
        };
        let kw = self.kw();
        let came = of_service::change_role(&kw, &self.role, edit);
        self.came(came, None);
        if self.fitter.is_subset(&new) {
            self.met.note("grown");
        } else {
            let mut holders = BTreeSet::new();
            for tenant in &self.tenants {
                let held = |it: &(&usize, &Member)| it.1.role == Role::Fitter && it.1.active;
                holders.extend(
                    tenant
                        .members
                        .iter()
                        .filter(held)
                        .map(|(person, _)| *person),
                );
            }
            for person in holders {
                self.people[person].outdated += 1;
            }
            self.met.note("shrunk");
        }
        self.fitter = new;
    }

    /// Nobody here has a second factor.
    fn demand(&mut self, tenant: usize) {
        let kw = self.kw();
        let demanded = !self.tenants[tenant].demanded;
        let edit = Edit {
            factor_from: Some(demanded.then(|| kw.clock.now())),
            ..Edit::default()
        };
        let came = administer::edit(&kw, self.tenants[tenant].id, edit);
        self.came(came, None);
        self.tenants[tenant].demanded = demanded;
        for person in self.tenants[tenant].members.keys() {
            self.people[*person].outdated += 1;
        }
        self.met.note(if demanded { "demanded" } else { "lifted" });
    }

    /// What the member may do now.
    fn may(&self, person: usize, tenant: usize) -> Words {
        match self.tenants[tenant].members.get(&person) {
            Some(member) if member.active => match member.role {
                Role::Viewer => words(VIEWER),
                Role::Fitter => self.fitter.clone(),
                Role::Owner => words([
                    "organization:read",
                    "organization:update",
                    "organization:delete",
                    "organization:own",
                    "member:read",
                    "member:invite",
                    "member:update",
                    "member:remove",
                    "role:read",
                    "role:manage",
                ]),
            },
            _ => Words::new(),
        }
    }

    fn keep(&mut self, (person, tenant): (usize, usize), tokens: TokenSet) {
        let demanded = self.tenants[tenant].demanded;
        let permissions = if demanded {
            Words::new()
        } else {
            self.may(person, tenant)
        };
        if demanded {
            self.met.note("nothing without a factor");
        }
        assert_eq!(tokens.factor_from.is_some(), demanded);
        self.tokens.push(Token {
            person,
            tenant,
            until: tokens.access_expires_at.seconds(),
            access: tokens.access,
            refresh: tokens.refresh,
            permissions,
            outdated: self.people[person].outdated,
            ended: false,
        });
    }

    fn enter(&mut self, person: usize, tenant: usize) {
        let member = self.tenants[tenant].members.get(&person);
        // Sign-ins that fail are counted, and then there is a wait.
        if !member.is_some_and(|it| it.active) {
            return;
        }
        let kw = self.kw();
        let id = self.tenants[tenant].id;
        let came = sign_in_to(&kw, &self.people[person].name, Some(id));
        if let Some(tokens) = self.came(came, None) {
            self.keep((person, tenant), tokens);
            self.met.note("entered");
        }
    }

    fn refresh(&mut self) {
        if self.tokens.is_empty() {
            return;
        }
        let (at, kw) = (self.pick(self.tokens.len()), self.kw());
        let old = self.tokens.swap_remove(at);
        let request = refresh::Request {
            token: old.refresh.clone(),
            organization: None,
            client: nobody(),
        };
        let came = refresh::refresh(&kw, &request);
        let came = came.map(|it| it.tokens).map_err(|refused| refused.error);
        let expected = old.ended.then_some(Code::InvalidCredentials);
        match self.came(came, expected) {
            Some(tokens) => {
                self.keep((old.person, old.tenant), tokens);
                self.met.note("refreshed");
            }
            None => self.tokens.push(old),
        }
    }

    fn make_key(&mut self, person: usize, tenant: usize) {
        let wanted = if self.pick(2) == 0 {
            VIEWER[0]
        } else {
            POOL[self.pick(4)]
        };
        let new = NewKey {
            name: Name::parse(&format!("key {}", self.keys.len())).unwrap(),
            scope: words([wanted]),
            organization: Some(self.tenants[tenant].id),
            expires_at: None,
        };
        let kw = self.kw();
        let came = keys::make(&kw, self.people[person].id, new);
        let may = self.may(person, tenant).contains(wanted);
        if let Some(made) = self.came(came, (!may).then_some(Code::InvalidPayload)) {
            let (key, text) = (made.key, made.text);
            self.keys.push(Key {
                person,
                tenant,
                row: key,
                text,
                ended: false,
            });
            self.met.note("key made");
        }
    }

    /// A key is revoked, or somebody's password set, which ends everything of theirs.
    fn end_something(&mut self, person: usize) {
        let kw = self.kw();
        if !self.keys.is_empty() && self.pick(3) > 0 {
            let at = self.pick(self.keys.len());
            let came = keys::revoke_one(&kw, self.keys[at].row.id);
            let expected = self.keys[at].ended.then_some(Code::NotFound);
            if self.came(came, expected).is_some() {
                self.keys[at].ended = true;
                self.met.note("key revoked");
            }
            return;
        }
        self.real.set_first_password(self.people[person].id);
        for token in self.tokens.iter_mut().filter(|it| it.person == person) {
            token.ended = true;
        }
        for key in self.keys.iter_mut().filter(|it| it.person == person) {
            key.ended = true;
        }
        self.met.note("reset");
    }

    /// Everything that was ever given out, in every process.
    fn look(&mut self, place: &str) {
        for process in 0..2 {
            let kw = self.real.kw(process).clone();
            for token in &self.tokens {
                let over = kw.clock.now().seconds() >= token.until + 5;
                let expected = if over {
                    Err(Code::TokenExpired)
                } else if token.ended {
                    self.met.note("token ended");
                    Err(Code::InvalidToken)
                } else if token.outdated < self.people[token.person].outdated {
                    self.met.note("token outdated");
                    Err(Code::TokenExpired)
                } else {
                    self.met.note("token opens");
                    Ok(token.permissions.clone())
                };
                let found = authenticate(&kw, &token.access);
                let found = found.map(|it| it.claims.permissions.iter().cloned().collect());
                assert_eq!(found.map_err(|error| error.code), expected, "{place}");
            }
            for key in &self.keys {
                let may = self.may(key.person, key.tenant);
                let may: Words = may.intersection(&key.row.scope).cloned().collect();
                let held = |it: &keyward::domain::principal::Principal| -> Words {
                    it.claims.permissions.iter().cloned().collect()
                };
                // What is remembered may lack what came since, for a minute, and holds nothing
                // that was taken.
                if let Some(found) = authenticate_api_key::remembered(&kw, &key.text).unwrap() {
                    assert!(!key.ended && held(&found).is_subset(&may), "{place}");
                }
                let found = authenticate_api_key::look_up(&kw, &key.text).map(|it| held(&it));
                let expected = if key.ended {
                    Err(Code::InvalidToken)
                } else {
                    Ok(may)
                };
                self.met
                    .note(if key.ended { "key ended" } else { "key opens" });
                assert_eq!(found.map_err(|error| error.code), expected, "{place}");
            }
        }
    }
}

const fn name_of(code: Code) -> &'static str {
    match code {
        Code::Conflict => "Conflict",
        Code::NotFound => "NotFound",
        Code::StepUpRequired => "StepUpRequired",
        Code::InvalidPayload => "InvalidPayload",
        Code::InvalidCredentials => "InvalidCredentials",
        _ => "another",
    }
}
