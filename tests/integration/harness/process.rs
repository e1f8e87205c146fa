//! A process of the program, with what it says: killed when it is dropped.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    sync::{Mutex, mpsc},
    thread,
    time::Duration,
};

/// How long a process may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process that has started.
pub struct Process(Child, Mutex<mpsc::Receiver<String>>);

impl Process {
    /// Starts it and reads its log until a line says what is looked for; gives that and the lines before it.
    #[allow(clippy::zombie_processes, reason = "a process that does not start fails the test and ends with it")]
    pub fn start<T>(command: &mut Command, started: impl Fn(&str) -> Option<T>) -> (Self, T, Vec<String>) {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let (sender, receiver) = mpsc::channel();
        // It reads to the end, so that the process never waits for its log.
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| _ = sender.send(line)));
        let mut said = Vec::new();
        loop {
            let line = receiver.recv_timeout(PATIENCE).unwrap_or_else(|_| panic!("it did not start: {said:#?}"));
            if let Some(found) = started(&line) {
                return (Self(child, Mutex::new(receiver)), found, said);
            }
            said.push(line);
        }
    }

    /// What it has said since it was asked last, or since it started.
    pub fn says(&self) -> Vec<String> {
        self.1.lock().unwrap().try_iter().collect()
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Kills it as a power cut would, if that has not happened yet, and waits until it is gone.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// Asks it to stop; whether it ended in order.
    pub fn stop(&mut self) -> bool {
        let asked = Command::new("sh").args(["-c", "kill -TERM $0", &self.id().to_string()]).status();
        assert!(asked.unwrap().success());
        self.0.wait().unwrap().success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already can't be killed again.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}
