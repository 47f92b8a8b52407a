//! The server process under measurement.

use std::{
    io::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    Result,
    client::{EMAIL, PASSWORD, TENANT},
};

/// One binary, one database folder, at most one running process.
pub struct Steward {
    binary: PathBuf,
    environment: Vec<(&'static str, String)>,
    url: String,
    child: Option<Child>,
    folder: PathBuf,
}

impl Steward {
    /// `settings`: more of its environment.
    pub fn new(
        binary: &Path,
        provider_url: &str,
        database_url: Option<String>,
        settings: Vec<(&'static str, String)>,
    ) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("steward-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        // Free a moment ago is good enough on a machine that measures.
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let mut environment = vec![
            ("STEWARD_DATA_DIR", folder.display().to_string()),
            ("STEWARD_ADDR", address.to_string()),
            ("ANTHROPIC_API_KEY", "bench".to_owned()),
            ("ANTHROPIC_BASE_URL", provider_url.to_owned()),
            ("STEWARD_LOG", "warn".to_owned()),
        ];
        environment.extend(database_url.map(|url| ("DATABASE_URL", url)));
        environment.extend(settings);
        Ok(Self { binary: binary.to_owned(), environment, url: format!("http://{address}"), child: None, folder })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// A tenant without limits and a person in it.
    pub fn set_up(&self) -> Result<()> {
        self.command(&[
            "tenant",
            "add",
            TENANT,
            "--name",
            "Bench",
            "--time-zone",
            "Asia/Jakarta",
            "--currency",
            "IDR",
        ])?;
        let limits = ["--input-tokens", "--output-tokens", "--requests", "--cost"].map(|limit| [limit, "unlimited"]);
        self.command(&[&["budget", TENANT], limits.as_flattened()].concat())?;
        self.command_with_input(&["user", "add", EMAIL, "--name", "Bench", "--password-stdin"], PASSWORD)?;
        self.command(&["membership", "add", EMAIL, TENANT, "--role", "admin"])
    }

    pub fn command(&self, arguments: &[&str]) -> Result<()> {
        self.command_with_input(arguments, "")
    }

    /// What a command prints.
    pub fn output(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new(&self.binary)
            .args(arguments)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .output()?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        Err(format!("steward {} failed: {}", arguments.join(" "), output.status).into())
    }

    fn command_with_input(&self, arguments: &[&str], input: &str) -> Result<()> {
        let mut child = Command::new(&self.binary)
            .args(arguments)
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        let status = child.wait()?;
        if status.success() { Ok(()) } else { Err(format!("steward {} failed: {status}", arguments.join(" ")).into()) }
    }

    /// Starts it; gives the time until `/readyz` answers 200.
    pub async fn start(&mut self) -> Result<Duration> {
        let client = crate::client::http()?;
        let begin = Instant::now();
        let child = Command::new(&self.binary)
            .arg("serve")
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        self.child = Some(child);
        while begin.elapsed() < Duration::from_secs(30) {
            let answer = client.get(format!("{}/readyz", self.url)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(begin.elapsed());
            }
            if let Some(status) = self.child.as_mut().and_then(|child| child.try_wait().ok().flatten()) {
                return Err(format!("the server ended while starting: {status}").into());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err("the server was not ready within 30 s".into())
    }

    /// Asks it to end, as a service manager would, and waits for it.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        Command::new("kill").arg(child.id().to_string()).status()?;
        let status = tokio::task::spawn_blocking(move || child.wait()).await??;
        if status.success() { Ok(()) } else { Err(format!("the server ended with {status}").into()) }
    }

    /// Resident memory in MiB, as the kernel counts it (`VmRSS` of proc(5)).
    pub fn resident_mib(&self) -> Result<f64> {
        let id = self.child.as_ref().ok_or("the server is not running")?.id();
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
        Ok(kib / 1024.0)
    }
}

impl Steward {
    /// CPU time the process has used, in user and kernel mode (`utime`, `stime` of proc(5), in hundredths of a second).
    pub fn cpu(&self) -> Result<Duration> {
        let id = self.child.as_ref().ok_or("the server is not running")?.id();
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The name before it is in parentheses and may have spaces.
        let fields = stat.rsplit_once(')').ok_or("no stat")?.1;
        let ticks: Vec<u64> =
            fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
        Ok(Duration::from_millis(ticks.iter().sum::<u64>() * 10))
    }
}

impl Drop for Steward {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Already on the way out with an error of its own; a failure here has nobody to tell.
            drop(child.kill());
            drop(child.wait());
        }
        drop(std::fs::remove_dir_all(&self.folder));
    }
}
