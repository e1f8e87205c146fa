//! Whether every core takes up work: whoever is on one that is stuck waits for ever.

use std::time::Duration;

use tokio::{runtime::Handle, sync::watch};

/// The runtimes of all cores.
pub(super) struct Cores {
    handles: Vec<Handle>,
    stopped: watch::Receiver<bool>,
}

impl Cores {
    /// Cores that end after `stopped`.
    pub(super) fn new(handles: Vec<Handle>, stopped: watch::Receiver<bool>) -> Self {
        Self { handles, stopped }
    }

    /// Whether each takes up a piece of work within this time. One that has ended after the stop is none that is stuck.
    pub(super) async fn answer_within(&self, patience: Duration) -> bool {
        let asked: Vec<_> = self.handles.iter().map(|core| core.spawn(async {})).collect();
        let all = async {
            for answer in asked {
                if answer.await.is_err() && !*self.stopped.borrow() {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(patience, all).await.unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::{Builder, Runtime};

    use super::*;

    fn core() -> Runtime {
        Builder::new_current_thread().enable_all().build().unwrap()
    }

    #[test]
    fn a_core_that_works_answers_and_one_that_does_not_is_noticed() {
        let (stop, stopped) = watch::channel(false);
        let asking = core();
        let ask = |cores: &Cores| asking.block_on(cores.answer_within(Duration::from_millis(50)));
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let works = core();
        let handle = works.handle().clone();
        let at_work = std::thread::spawn(move || {
            works.block_on(async { tokio::task::spawn_blocking(move || ended.recv()).await })
        });
        let patient = Cores::new(vec![handle.clone()], stopped.clone());
        assert!(asking.block_on(patient.answer_within(Duration::from_secs(60))));
        // Nobody drives this one, as nobody drives the tasks behind one that never ends.
        let stuck = core();
        assert!(!ask(&Cores::new(vec![handle.clone(), stuck.handle().clone()], stopped.clone())));
        end.send(()).unwrap();
        _ = at_work.join().unwrap();
        let ended = Cores::new(vec![handle], stopped);
        assert!(!ask(&ended), "a core that has ended by itself");
        stop.send_replace(true);
        assert!(ask(&ended));
    }
}
