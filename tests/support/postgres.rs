//! Owns the PostgreSQL that tests run against: finds or starts one, hands out databases of it, and
//! sees to it that neither process nor folder outlives the test process, however that one ends.
//! It must not know what is kept in a database: tables and migrations come in through `prepare`.
//! It speaks to the server through `psql` alone, so that it needs no driver and no unsafe code.
#![allow(dead_code, reason = "a test binary uses the part it needs")]

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, DirEntry};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{self, Path, PathBuf};
use std::process::{self, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, OnceLock, atomic::AtomicUsize, atomic::Ordering};
use std::time::{Duration, SystemTime};
use std::{env, error::Error, slice, thread};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const ABSENT: &str = "PostgreSQL half skipped: no server binaries found; \
                      set TEST_DATABASE_URL or install PostgreSQL";

/// Starts a cluster in the working folder ($1 the binaries) and connects psql ($2 the URL) to
/// standard input; that ends with the test process, and then the server is stopped. If it does not
/// start, its log is the answer. Durability is off because the data is thrown away, autovacuum
/// because it only disturbs. Relative paths need no quoting on their way through `pg_ctl`.
/// Descriptor 3 leads to `REMOVER`: the server inherits it, so the folder stays until it is gone.
const PRIVATE: &str = r#"exec 3>&2 2>log
"$1/initdb" -D data -U keyward --auth=trust --no-sync -E UTF8 --locale=C </dev/null >&2 &&
"$1/pg_ctl" start -w -t 30 -D data </dev/null >&2 -o "-c listen_addresses='' -c port=5432 \
    -c unix_socket_directories=.. -c max_connections=400 -c shared_buffers=64MB \
    -c fsync=off -c full_page_writes=off -c synchronous_commit=on -c autovacuum=off" &&
"$1/psql" -XqAtw "$2" 2>&1 || cat log
"$1/pg_ctl" stop -m fast -D data >&2 || "$1/pg_ctl" stop -m immediate -D data >&2"#;

/// A process apart, because the server's user may not be allowed to remove the folder ($1).
const REMOVER: &str = r#"cat >/dev/null; rm -rf "$1""#;

/// Connects psql ($1 its folder) to a running server ($2); a second one has the last word ($3).
const RUNNING: &str = r#""$1/psql" -XqAtw "$2" 2>&1
printf '%s\n' "$3" | "$1/psql" -XqAtw "$2" >/dev/null"#;

/// A copy of files is faster, but forces a checkpoint, which is cheap only where fsync is off.
const STRATEGY: &str = "SELECT CASE WHEN current_setting('fsync') = 'off' \
    AND current_setting('server_version_num')::int >= 150000 THEN 'STRATEGY file_copy' ELSE '' END";

/// Begins the line that closes each answer of psql; `true` follows if the statement failed.
const END_OF_ANSWER: &str = "-- end of answer, failed: ";

/// The URL of a fresh, empty database for this call alone; `None` where there is no PostgreSQL.
pub fn database() -> Option<String> {
    let server = server()?;
    Some(server.url(&server.create("template0")))
}

/// The URL of a copy, for this call alone, of the database that the process's first call had its
/// `prepare` fill. `prepare` must close its connections: PostgreSQL copies only idle databases.
pub fn database_like(prepare: impl FnOnce(&str)) -> Option<String> {
    static PREPARED: OnceLock<String> = OnceLock::new();
    let server = server()?;
    let prepared = PREPARED.get_or_init(|| {
        let name = server.create("template0");
        prepare(&server.url(&name));
        name
    });
    Some(server.url(&server.create(prepared)))
}

/// A server for this call alone, which may be stopped, and set as a test likes. `None` where
/// there are no binaries of one.
pub fn own() -> Option<Own> {
    let binaries = folder_of(&["initdb", "pg_ctl", "postgres", "psql"])?;
    let server = Server::private(&binaries).unwrap_or_else(|reason| panic!("{reason}"));
    let url = server.url(&server.create("template0"));
    Some(Own { server, url })
}

pub struct Own {
    /// Ends with this value.
    server: Server,
    pub url: String,
}

impl Own {
    /// As a superuser, of the server's first database.
    pub fn run(&self, sql: &str) -> String {
        let mut psql = self.server.psql.lock().expect("not poisoned");
        psql.run(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The folder of its socket.
    pub fn folder(&self) -> PathBuf {
        let (_, rest) = self.url.split_once("host=").expect("a host");
        PathBuf::from(rest.split('&').next().unwrap_or_default())
    }

    /// Alive and silent: none of its processes does anything until [`Own::go_on`].
    pub fn stop(&self) {
        // The first process before the others: it would start anew what ends, and while it runs
        // there may always be one more of them than were found.
        let first = self.first();
        signal("-STOP", slice::from_ref(&first));
        while stat(&first).is_some_and(|it| ["R", "S", "D"].contains(&&*it[0])) {
            thread::sleep(Duration::from_millis(1));
        }
        signal("-STOP", &children(&first));
    }

    pub fn go_on(&self) {
        let first = self.first();
        signal("-CONT", &children(&first));
        signal("-CONT", slice::from_ref(&first));
    }

    fn first(&self) -> String {
        let file = self.folder().join("data/postmaster.pid");
        let text = fs::read_to_string(file).expect("it runs");
        text.lines().next().expect("a pid").to_owned()
    }
}

fn signal(name: &str, pids: &[String]) {
    let mut command = Command::new("kill");
    // One of them may have ended meanwhile.
    let _ = command.arg(name).args(pids).stderr(Stdio::null()).status();
}

fn children(of: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").expect("a /proc").flatten();
    let pids = all.filter_map(|entry| entry.file_name().into_string().ok());
    pids.filter(|pid| stat(pid).is_some_and(|it| it[1] == of))
        .collect()
}

/// What the kernel says of a process: its state, its parent, and more.
fn stat(pid: &str) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
}

impl Drop for Own {
    fn drop(&mut self) {
        self.go_on();
    }
}

/// A failure is remembered too, so that every test reports it and none waits for it again.
fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Outcome<Option<Server>>> = OnceLock::new();
    match SERVER.get_or_init(find_server) {
        Ok(server) => server.as_ref(),
        Err(reason) => panic!("PostgreSQL for the tests: {reason}"),
    }
}

fn find_server() -> Outcome<Option<Server>> {
    let setting = |name| env::var(name).unwrap_or_default();
    let url = setting("TEST_DATABASE_URL");
    if !url.is_empty() {
        return Server::running(&url).map(Some);
    }
    if let Some(binaries) = folder_of(&["initdb", "pg_ctl", "postgres", "psql"]) {
        return Server::private(&binaries).map(Some);
    }
    if setting("KEYWARD_TEST_REQUIRE_POSTGRES") == "1" {
        return Err(ABSENT.into());
    }
    // Not eprintln!, whose text the test harness swallows where the test passes.
    writeln!(io::stderr(), "{ABSENT}")?;
    Ok(None)
}

struct Server {
    /// With `{name}` where a database's name belongs.
    url: String,
    name_prefix: String,
    strategy: String,
    created: AtomicUsize,
    /// Never dropped, as it is in a static: the scripts go on until the process has ended.
    psql: Mutex<Psql>,
}

impl Server {
    fn running(url: &str) -> Outcome<Self> {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let Some((scheme @ ("postgres" | "postgresql"), rest)) = address.split_once("://") else {
            return Err("TEST_DATABASE_URL must begin with postgresql://".into());
        };
        let authority = rest.split('/').next().unwrap_or_default();
        // A name among the parameters would win over the one in the path.
        let query = query.split('&').filter(|part| !part.starts_with("dbname="));
        let query = query.collect::<Vec<_>>().join("&");
        let binaries = folder_of(&["psql"]).ok_or("TEST_DATABASE_URL needs psql")?;
        // Containers that share a server may share process ids too, hence the time.
        let now = SystemTime::UNIX_EPOCH.elapsed()?.as_micros();
        let name_prefix = format!("keyward_test_{}_{now:x}_", process::id());
        let drop_all = format!(
            "SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database \
             WHERE starts_with(datname, '{name_prefix}') \\gexec"
        );
        let mut client = script(RUNNING, [&binaries, Path::new(url), Path::new(&drop_all)]);
        let url = format!("{scheme}://{authority}/{{name}}?{query}");
        Self::open(client.stderr(Stdio::null()), url, name_prefix)
    }

    fn private(binaries: &Path) -> Outcome<Self> {
        let folder = new_folder()?;
        let mut host = folder.display().to_string();
        for reserved in "% +&=?#".chars() {
            host = host.replace(reserved, &format!("%{:02X}", u32::from(reserved)));
        }
        let url = format!("postgresql://keyward@/{{name}}?host={host}&port=5432");
        let own_url = url.replace("{name}", "postgres");
        // No script may hold our own output or error pipe: cargo waits until they are closed.
        let mut remover = script(REMOVER, [&folder]);
        let remover = remover.stdout(Stdio::null()).stderr(Stdio::null());
        let to_remover = remover.spawn()?.stdin.ok_or("no pipe to the remover")?;
        let mut runner = script(PRIVATE, [binaries, Path::new(&own_url)]);
        runner.stderr(to_remover).current_dir(&folder);
        // The new folder's owner is the user we are, which std does not tell; initdb refuses root.
        if fs::metadata(&folder)?.uid() == 0 {
            let (uid, gid) = unprivileged_user().ok_or("root needs a user postgres or nobody")?;
            chown(&folder, Some(uid), Some(gid))?;
            runner.uid(uid).gid(gid);
        }
        let name_prefix = format!("keyward_test_{}_", process::id());
        Self::open(&mut runner, url, name_prefix)
    }

    fn open(script: &mut Command, url: String, name_prefix: String) -> Outcome<Self> {
        let child = script.stdout(Stdio::piped()).spawn();
        let child = child.map_err(|error| format!("{error} {:?}", script.get_current_dir()))?;
        let (input, output) = child.stdin.zip(child.stdout).ok_or("no pipes to psql")?;
        let mut psql = Psql(input, BufReader::new(output));
        let answer = psql.run(STRATEGY)?;
        Ok(Self {
            url,
            name_prefix,
            // A server may greet with warnings, so the answer is in the last line.
            strategy: answer.lines().last().unwrap_or_default().to_owned(),
            created: AtomicUsize::new(0),
            psql: Mutex::new(psql),
        })
    }

    fn url(&self, name: &str) -> String {
        self.url.replace("{name}", name)
    }

    fn create(&self, template: &str) -> String {
        let number = self.created.fetch_add(1, Ordering::Relaxed);
        let (prefix, strategy) = (&self.name_prefix, &self.strategy);
        let name = format!("{prefix}{number}");
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template} {strategy}");
        // The lock is free again before the panic, so that other tests are not hit by it.
        let answer = self.psql.lock().expect("not poisoned").run(&sql);
        answer.unwrap_or_else(|error| panic!("{sql}: {error}"));
        name
    }
}

/// Kept open, because starting psql takes as long as copying a database does.
struct Psql(ChildStdin, BufReader<ChildStdout>);

impl Psql {
    fn run(&mut self, sql: &str) -> Outcome<String> {
        // Where psql has ended this fails, but its last words, read below, say more.
        writeln!(self.0, "{sql};\n\\echo '{END_OF_ANSWER}' :ERROR").ok();
        let mut answer = String::new();
        loop {
            let line = answer.len();
            let ended = self.1.read_line(&mut answer)? == 0;
            match answer[line..].strip_prefix(END_OF_ANSWER).map(str::trim) {
                Some("false") => return Ok(answer[..line].to_owned()),
                Some(_) => return Err(answer[..line].into()),
                None if ended => return Err(format!("psql ended: {answer}").into()),
                None => {}
            }
        }
    }
}

/// In a process group of its own, so that Ctrl-C ends the tests but not those who clean up.
fn script<const N: usize>(text: &str, arguments: [&Path; N]) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", text, "sh"]).args(arguments);
    command.stdin(Stdio::piped()).process_group(0);
    command
}

/// The first folder that holds all `tools`: of PATH, else of Debian's, highest version first.
fn folder_of(tools: &[&str]) -> Option<PathBuf> {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let version = |it: io::Result<DirEntry>| it.ok()?.file_name().to_str()?.parse::<u32>().ok();
    let versions: BTreeSet<_> = installed.filter_map(version).collect();
    let debian = |it: &u32| PathBuf::from(format!("/usr/lib/postgresql/{it}/bin"));
    env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .chain(versions.iter().rev().map(debian))
        .find(|folder| tools.iter().all(|tool| folder.join(tool).is_file()))
        .and_then(|folder| folder.canonicalize().ok())
}

fn unprivileged_user() -> Option<(u32, u32)> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    ["postgres:", "nobody:"].iter().find_map(|name| {
        let user = users.lines().find_map(|user| user.strip_prefix(name))?;
        let mut fields = user.split(':').skip(1).map(str::parse);
        Some((fields.next()?.ok()?, fields.next()?.ok()?))
    })
}

/// The path leaves room for the 107 bytes of a socket's.
fn new_folder() -> Outcome<PathBuf> {
    let parent = match path::absolute(crate::scratch::parent())? {
        deep if deep.as_os_str().len() > 60 => "/tmp".into(),
        usual => usual,
    };
    let mut numbered = (0..9999).map(|n| parent.join(format!("keyward-pg-{}-{n}", process::id())));
    let new = numbered.find(|folder| DirBuilder::new().mode(0o700).create(folder).is_ok());
    new.ok_or_else(|| format!("cannot create a folder in {}", parent.display()).into())
}
