//! SQLite's one writer: a queue before a single thread that commits in groups. Every
//! job runs in a savepoint of its own, one commit serves all that wait, and answers
//! go out after it: 22,000 durable writes a second against 800 with a connection for
//! each writer.

use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager as _};
use diesel::sqlite::SqliteConnection;

use crate::store::engine::connection::{AnyConnection, Url};
use crate::store::engine::deadline::Watched;
use crate::store::engine::error::{Error, Result, Transient};
use crate::store::engine::guarded_statement::Guarded;
use crate::store::engine::sqlite_file::{self, Opened};
use crate::store::engine::transaction::transaction;
use crate::support::waiting::while_waiting;

/// The most jobs that one commit serves: bounds how long the first of them waits.
const GROUP: usize = 256;

/// The most jobs that wait; beyond it the answer is 503, at once.
const QUEUE: usize = 4096;

/// A job writes and gives back whether that failed, and how to answer once it is known
/// whether it was committed.
type Job = Box<dyn FnOnce(&mut AnyConnection) -> (Went, Answer) + Send>;
type Answer = Box<dyn FnOnce(Result<(), &Error>) + Send>;

#[derive(Clone, Debug, PartialEq, Eq)]
enum Went {
    Well,
    /// What the database said, where it was the database.
    Wrong(Option<String>),
}

/// Ends when it is dropped, with its connection closed: the last one of an SQLite file
/// puts what is in the WAL into the file itself.
pub(in crate::store) struct Writer {
    /// `None` only while it ends.
    jobs: Option<SyncSender<Job>>,
    /// A group was not committed, and nothing was written since.
    failing: Arc<AtomicBool>,
    /// The files that are open, once all of them are there.
    files: Arc<OnceLock<Opened>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Over a connection to the file of `url`, and over others where that one breaks.
    pub(in crate::store) fn start(url: Url, connection: Watched) -> Result<Self> {
        let mut connection = Some(connection);
        let (sender, jobs) = sync_channel::<Job>(QUEUE);
        let failing = Arc::new(AtomicBool::new(false));
        let failed = Arc::clone(&failing);
        let files = Arc::<OnceLock<Opened>>::default();
        let opened = Arc::clone(&files);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                while let Some(group) = next_group(&jobs) {
                    let there = opened.get().map_or(Ok(()), Opened::assert_there);
                    let committed = match there {
                        Ok(()) => serve(&url, &mut connection, group, &jobs),
                        Err(error) => {
                            // Once, and not for each group that comes.
                            if !failed.load(Ordering::Relaxed) {
                                log::error!("a group of writes was not begun: {error}");
                            }
                            false
                        }
                    };
                    if !committed {
                        failed.store(true, Ordering::Relaxed);
                    }
                }
            })
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        Ok(Self {
            jobs: Some(sender),
            failing,
            files,
            thread: Some(thread),
        })
    }

    /// From now on nothing is written where one of the files is another one, or gone: whoever
    /// opens the database next would not find it.
    pub(in crate::store) fn keep_to(&self, files: Opened) {
        let _ = self.files.set(files);
    }

    /// # Errors
    /// Which of the files is another one now, or gone.
    pub(in crate::store) fn assert_files(&self) -> Result<()> {
        self.files.get().map_or(Ok(()), Opened::assert_there)
    }

    pub(in crate::store) fn write<T, E>(
        &self,
        mut write: impl FnMut(&mut AnyConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Transient + Send + 'static,
    {
        self.write_guarded(move |connection| transaction(connection, &mut write))
    }

    /// One statement, which fails as a whole or not at all, needs no savepoint of its own.
    pub(in crate::store) fn write_guarded<T, E>(
        &self,
        write: impl FnMut(&mut AnyConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Transient + Send + 'static,
    {
        let asked = self.ask(write);
        while_waiting(|| answer_of(asked))
    }

    /// Whether it can write. Where the last writes failed, something is written to see it: what
    /// changes nothing takes no room, and succeeds on a full disk and beyond a limit of file sizes.
    /// A page may find room where a group finds none.
    pub(in crate::store) fn assert_writes(&self, path: &Path) -> Result<()> {
        if !self.failing.load(Ordering::Relaxed) {
            return self.write_guarded(|_| Ok::<_, Error>(()));
        }
        sqlite_file::assert_room_for_a_group(path)?;
        self.write_guarded(|connection| sqlite_file::write_something(sqlite(connection)))?;
        self.failing.store(false, Ordering::Relaxed);
        Ok(())
    }

    /// Several of them, of which each fails or not by itself.
    pub(in crate::store) fn write_each<G: Guarded>(&self, all: &[G]) -> Vec<Result<bool>> {
        let ask = |one: &G| {
            let one = *one;
            self.ask(move |connection| one.alone(connection))
        };
        let asked: Vec<_> = all.iter().map(ask).collect();
        while_waiting(|| asked.into_iter().map(answer_of).collect())
    }

    fn ask<T, E>(
        &self,
        mut write: impl FnMut(&mut AnyConnection) -> Result<T, E> + Send + 'static,
    ) -> Result<Receiver<Result<T, E>>>
    where
        T: Send + 'static,
        E: From<Error> + Transient + Send + 'static,
    {
        let (answer, result) = sync_channel(1);
        let job: Job = Box::new(move |connection| {
            // A panic rolls back its own savepoint and is an error for its own caller.
            let result = catch_unwind(AssertUnwindSafe(|| write(connection)));
            let result = result.unwrap_or_else(|_| {
                leave_savepoints(sqlite(connection));
                Err(Error::Corrupt("a write panicked").into())
            });
            let went = match &result {
                Ok(_) => Went::Well,
                Err(error) => Went::Wrong(error.said_by_database()),
            };
            let answer: Answer = Box::new(move |committed| {
                let result = match committed {
                    Ok(()) => result,
                    Err(why) => Err(why.clone().into()),
                };
                let _ = answer.send(result);
            });
            (went, answer)
        });
        match self.jobs.as_ref().map(|jobs| jobs.try_send(job)) {
            Some(Ok(())) => Ok(result),
            Some(Err(TrySendError::Full(_))) => {
                Err(Error::Unavailable("too many writes wait".to_owned()))
            }
            Some(Err(TrySendError::Disconnected(_))) | None => {
                Err(Error::Unavailable("the writer has stopped".to_owned()))
            }
        }
    }
}

fn answer_of<T, E: From<Error>>(asked: Result<Receiver<Result<T, E>>>) -> Result<T, E> {
    asked?.recv().unwrap_or_else(|_| {
        Err(Error::Unavailable("the write could not be begun".to_owned()).into())
    })
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        // A job may hold the last handle of the store: a thread can not wait for itself.
        if let Some(thread) = self.thread.take()
            && thread.thread().id() != std::thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

fn next_group(jobs: &Receiver<Job>) -> Option<Vec<Job>> {
    let mut group = vec![jobs.recv().ok()?];
    // Whoever is ready to run may have a job for this group: under load it grows, and the
    // same commits serve a tenth more refreshes.
    std::thread::yield_now();
    group.extend(jobs.try_iter().take(GROUP - 1));
    Some(group)
}

/// Whether it was committed.
fn serve(
    url: &Url,
    connection: &mut Option<Watched>,
    mut group: Vec<Job>,
    waiting: &Receiver<Job>,
) -> bool {
    let mut answers = Vec::with_capacity(group.len());
    let size = group.len();
    let committed = run_group(url, connection, &mut group, &mut answers);
    if let Err(error) = &committed {
        log::error!("a group of {size} writes was not committed: {error}");
        // Whatever state it is in, it is not one to go on from.
        *connection = None;
        if answers.is_empty() {
            // It could not begin within the time-out, and those behind it waited as long:
            // they are not made to wait for another one (threat S4). The group itself is
            // dropped after them: who has its answer and asks again, is served anew.
            waiting.try_iter().for_each(drop);
        }
    }
    for answer in answers {
        answer(committed.as_ref().copied());
    }
    committed.is_ok()
}

fn run_group(
    url: &Url,
    connection: &mut Option<Watched>,
    group: &mut Vec<Job>,
    answers: &mut Vec<Answer>,
) -> Result<()> {
    // Jobs that can not even begin stay in the group and are dropped with it, and with
    // them their callers' channels: these read it as unavailable.
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(url.open()?),
    };
    begin(sqlite(connection))?;
    for job in group.drain(..) {
        let (went, answer) = job(connection);
        answers.push(answer);
        if let Went::Wrong(why) = went {
            // That the savepoint is gone is what comes of it: the first error is the cause.
            still_in_transaction(sqlite(connection))
                .map_err(|lost| why.map_or(lost, Error::Unavailable))?;
        }
    }
    commit(sqlite(connection))
}

fn sqlite(connection: &mut AnyConnection) -> &mut SqliteConnection {
    match connection {
        AnyConnection::Sqlite(sqlite) => sqlite,
        AnyConnection::Postgres(_) => unreachable!("the writer is started for SQLite only"),
    }
}

/// IMMEDIATE: a deferred begin fails with "database is locked" at its first write when
/// another process wrote since its first read, whatever the busy time-out (threat D13).
fn begin(connection: &mut SqliteConnection) -> Result<()> {
    AnsiTransactionManager::begin_transaction_sql(connection, "BEGIN IMMEDIATE")
        .map_err(Error::from)?;
    connection.batch_execute(MARK).map_err(Error::from)
}

/// A savepoint that is there for as long as the transaction is: SQLite answers some errors
/// (no memory, a full disk) by rolling everything back, and Diesel does not notice. What
/// comes after would begin, and commit, transactions of its own.
const MARK: &str = "SAVEPOINT keyward_group";
const UNMARK: &str = "RELEASE keyward_group";

fn still_in_transaction(connection: &mut SqliteConnection) -> Result<()> {
    connection.batch_execute(UNMARK).map_err(Error::from)?;
    connection.batch_execute(MARK).map_err(Error::from)
}

/// Unwinding passes Diesel by, so the savepoints of a job that panicked are open still.
/// Where they can not be left, the commit fails for the whole group.
fn leave_savepoints(connection: &mut SqliteConnection) {
    while depth(connection) > 1 && AnsiTransactionManager::rollback_transaction(connection).is_ok()
    {
    }
}

/// How many transactions and savepoints are open; 0 also where that is not known.
fn depth(connection: &mut SqliteConnection) -> u32 {
    AnsiTransactionManager::transaction_manager_status_mut(connection)
        .transaction_depth()
        .ok()
        .flatten()
        .map_or(0, NonZeroU32::get)
}

fn commit(connection: &mut SqliteConnection) -> Result<()> {
    // With a savepoint open, Diesel would release that one and commit nothing.
    if depth(connection) != 1 {
        return Err(Error::Corrupt("a write left its savepoint open"));
    }
    connection.batch_execute(UNMARK).map_err(Error::from)?;
    AnsiTransactionManager::commit_transaction(connection).map_err(Error::from)
}

#[cfg(test)]
mod tests {
    use diesel::RunQueryDsl as _;

    use super::*;

    fn run(writer: &Writer, statement: &'static str) -> Result<Receiver<Result<()>>> {
        writer.ask(move |connection| {
            transaction(connection, &mut |connection| {
                Ok::<_, Error>(sqlite(connection).batch_execute(statement)?)
            })
        })
    }

    /// Some errors of SQLite (a full disk, no memory, a read that failed) roll back the whole
    /// transaction and not only their statement: then nobody whose write was in it, before or
    /// after, may be told that it is done.
    #[test]
    fn operators_04_a_group_that_lost_its_transaction_is_refused_as_a_whole() {
        let folder = std::env::temp_dir().join(format!("keyward-writer-{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&folder).unwrap();
        let url: Url = format!("sqlite://{}/keyward.db", folder.display())
            .parse()
            .unwrap();
        let writer = Writer::start(url.clone(), url.open().unwrap()).unwrap();
        let made = run(
            &writer,
            "CREATE TABLE names (name TEXT NOT NULL);
             CREATE TRIGGER lose BEFORE INSERT ON names WHEN NEW.name = 'lost'
             BEGIN SELECT RAISE(ROLLBACK, 'lost'); END",
        );
        answer_of(made).unwrap();

        // While one holds the writer, the others come together: they are one group.
        let (is_held, held) = sync_channel(1);
        let (free, is_free) = sync_channel(1);
        let first = writer.ask(move |_| {
            is_held.send(()).unwrap();
            is_free.recv().unwrap();
            Ok::<_, Error>(())
        });
        held.recv().unwrap();
        let group = [
            run(&writer, "INSERT INTO names VALUES ('before')"),
            run(&writer, "INSERT INTO names VALUES ('lost')"),
            writer.ask(|_| Err::<(), _>(Error::Corrupt("refused"))),
            run(&writer, "INSERT INTO names VALUES ('after')"),
        ];
        free.send(()).unwrap();
        answer_of(first).unwrap();
        let answers = group.map(|asked| answer_of(asked).unwrap_err().to_string());
        // What broke it off, and not only that the transaction is gone.
        assert!(
            answers[..2].iter().all(|why| why.contains("lost")),
            "{answers:?}"
        );

        let none = "INSERT INTO names SELECT 'only one' WHERE NOT EXISTS (SELECT 1 FROM names)";
        answer_of(run(&writer, none)).unwrap();
        let count = writer.write(|connection| {
            let count = diesel::dsl::sql::<diesel::sql_types::BigInt>("count(*) FROM names");
            Ok::<_, Error>(diesel::select(count).get_result::<i64>(sqlite(connection))?)
        });
        assert_eq!(count.unwrap(), 1, "nothing of the group was kept");
        drop(writer);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
