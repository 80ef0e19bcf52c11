//! Waits for what another thread does, however busy the machine is.

use std::sync::Mutex;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use keyward::service::Keyward;

/// The thread that hashes, and the one that helps it out after a second, stand until what
/// is given is dropped.
pub fn shut(kw: &Keyward) -> Vec<Sender<()>> {
    let (begun, has_begun) = channel();
    let gates = (0..2).map(|_| {
        let (open, gate) = channel::<()>();
        let (kw, begun) = (kw.clone(), begun.clone());
        thread::spawn(move || {
            let (seat, _waiting) = kw.lane.seat().unwrap();
            let gate = Mutex::new(gate);
            let stand = move || {
                let _ = begun.send(());
                let _ = gate.lock().unwrap().recv();
            };
            seat.run(stand).unwrap();
        });
        open
    });
    let gates = gates.collect();
    (0..2).for_each(|_| has_begun.recv().unwrap());
    gates
}

/// Until it happens, for as long as a slow machine may need.
#[track_caller]
pub fn wait_until(happens: impl Fn() -> bool) {
    let begun = Instant::now();
    while !happens() {
        assert!(begun.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(5));
    }
}
