//! Starting again on the same database, by the whole of what a start does.

use keyward::app::{App, World};
use keyward::service;
use keyward::support::clock::Clock;
use keyward::support::entropy::Entropy;

use super::{TestKeyward, config_of};

impl TestKeyward {
    /// As an operator starts the server, with these settings besides those of the test.
    pub fn start_again(&self, settings: &[(&str, &str)]) -> service::Result<App> {
        let mut all = self.settings.clone();
        for (name, value) in settings {
            all.insert((*name).to_owned(), (*value).to_owned());
        }
        let config = config_of(&all);
        let world = World {
            clock: Clock::still(self.kw.clock.now()),
            entropy: Entropy::system(),
        };
        App::build(&config, world)
    }
}
