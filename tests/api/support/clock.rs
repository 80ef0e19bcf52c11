//! The clock of a test stands still until the test moves it. Integrators move that of `--test-mode`
//! (`src/http/ops/test_mode.rs`).

use std::time::Duration;

use super::TestKeyward;

/// 2026-01-01T00:00:00Z: when every test begins.
pub const BEGIN: i64 = 1_767_225_600_000;

impl TestKeyward {
    pub fn advance(&self, seconds: u64) {
        self.kw.clock.advance(Duration::from_secs(seconds));
    }

    /// As where somebody corrects a clock that was ahead.
    pub fn goes_back(&self, seconds: u64) {
        self.kw.clock.step_back(Duration::from_secs(seconds));
    }
}
