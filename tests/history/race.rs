//! Acts that ran at the same time: there must be an order in which the model answers each
//! as it was answered, and leaves the rows as they are.

use std::fmt::Write as _;

use keyward::domain::session;
use keyward::service::Code;

use crate::model::{Model, Said};
use crate::real::Told;
use crate::steps::Op;
use crate::walk::{Outcome, differ};

/// Acts that ran at the same time, what was answered, and the rows that they left.
pub struct Race<'a> {
    ops: &'a [(usize, Op)],
    answers: &'a [Told],
    /// Whose token was good when they began.
    believed: Vec<bool>,
    rows: Vec<session::Session>,
}

/// A token is looked at before its act begins to write, and others may come between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    Look(usize),
    Act(usize),
}

impl<'a> Race<'a> {
    pub fn new(
        ops: &'a [(usize, Op)],
        answers: &'a [Told],
        before: &Model,
        rows: Vec<session::Session>,
    ) -> Self {
        let believed = |(_, op): &(usize, Op)| op.by().is_some_and(|by| before.is_believed(by));
        Self {
            ops,
            answers,
            believed: ops.iter().map(believed).collect(),
            rows,
        }
    }

    /// The model afterwards.
    pub fn after(&self, before: &Model) -> Result<Model, String> {
        let mut nearest = String::new();
        let found = self.find(before, &mut Vec::new(), &mut nearest);
        found.ok_or_else(|| {
            let said: Vec<&Said> = self.answers.iter().map(|told| &told.said).collect();
            format!("no order gives {said:#?}\n{nearest}")
        })
    }

    /// The model after an order that gives all this, if one begins with `order`, which
    /// led to `model`.
    fn find(&self, model: &Model, order: &mut Vec<Moment>, nearest: &mut String) -> Option<Model> {
        let to_act = |index: &usize| !order.contains(&Moment::Act(*index));
        let acts: Vec<usize> = (0..self.ops.len()).filter(to_act).collect();
        if acts.is_empty() {
            return match differ(&self.rows, model) {
                Ok(()) => Some(model.clone()),
                Err(why) => {
                    explain(nearest, order, &why);
                    None
                }
            };
        }
        let looks = acts.iter().copied().filter(|&index| {
            // To look right before the act is the act itself.
            acts.len() > 1
                && self.ops[index].1.shows_access()
                && !order.contains(&Moment::Look(index))
        });
        let looks: Vec<Moment> = looks.map(Moment::Look).collect();
        for moment in acts.into_iter().map(Moment::Act).chain(looks) {
            let mut model = model.clone();
            let happened = self.happens(&mut model, moment);
            order.push(moment);
            let found = match happened {
                Ok(()) => self.find(&model, order, nearest),
                Err(why) => {
                    explain(nearest, order, &why);
                    None
                }
            };
            order.pop();
            if found.is_some() {
                return found;
            }
        }
        None
    }

    fn happens(&self, model: &mut Model, moment: Moment) -> Outcome {
        match moment {
            Moment::Look(index) => {
                let (process, op) = &self.ops[index];
                model.look(*process, op);
            }
            Moment::Act(index) => {
                let ((process, op), told) = (&self.ops[index], &self.answers[index]);
                if unsettled(op, &told.said, self.ops) {
                    return Ok(());
                }
                // A token that was good when it was looked at may have ended by the time
                // that its act writes: the promise is one second.
                model.early = self.believed[index] && !matches!(told.said, Said::No(_));
                let said = model.act(*process, op, told.began);
                model.early = false;
                if !alike(&said, &told.said) {
                    return Err(format!("it is {said:?}"));
                }
            }
        }
        Ok(())
    }
}

fn explain(nearest: &mut String, order: &[Moment], why: &str) {
    if nearest.len() < 4000 {
        writeln!(nearest, "not in order {order:?}: {why}").unwrap();
    }
}

/// A sign-in may be refused, or asked to try again, where the password is changed or all
/// sessions are ended meanwhile. Nothing has happened then.
fn unsettled(op: &Op, said: &Said, beside: &[(usize, Op)]) -> bool {
    let login = matches!(op, Op::Login { .. }) && matches!(said, Said::No(_));
    login && beside.iter().any(|(_, other)| other.unsettles())
}

/// Which of two reasons a refusal gives is open where both came up at once.
fn alike(expected: &Said, said: &Said) -> bool {
    match (expected, said) {
        (Said::No(_), Said::No(code)) => *code != Code::ServiceUnavailable,
        _ => expected == said,
    }
}
