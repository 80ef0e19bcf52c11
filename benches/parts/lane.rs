//! What the password lane adds to a hash: a seat, a hop to its thread and back.

use std::time::Duration;

use criterion::Criterion;
use keyward::lanes::password_lane::PasswordLane;

pub fn lane(c: &mut Criterion) {
    let lane = PasswordLane::start(2, 64, Duration::ZERO).expect("threads");
    c.bench_function("password lane, an empty job", |b| {
        b.iter(|| {
            let (seat, _waiting) = lane.seat().expect("a free seat");
            seat.run(|| ()).expect("an answer");
        });
    });
    let full = PasswordLane::start(1, 0, Duration::ZERO).expect("threads");
    let _taken = full.seat();
    c.bench_function("password lane, refused", |b| {
        b.iter(|| full.seat().is_none());
    });
}
