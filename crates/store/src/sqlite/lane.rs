//! A lane: a few threads of their own for queries that may be heavy. Nothing else waits for them, and a process that ends does
//! not wait for them either.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;

use tokio::sync::oneshot;

use super::interrupt::Awaited;
use crate::search::Hold;
use crate::{Error, Result};

type Job<S> = Box<dyn FnOnce(&mut S) + Send>;

/// The threads; each owns one `S`. They end when the last clone is dropped.
pub(crate) struct Lane<S> {
    jobs: mpsc::Sender<Job<S>>,
}

impl<S> Clone for Lane<S> {
    fn clone(&self) -> Self {
        Self { jobs: self.jobs.clone() }
    }
}

impl<S: Send + 'static> Lane<S> {
    /// Starts a thread for each of these.
    pub(crate) fn start(name: &str, seats: Vec<S>) -> Result<Self> {
        let (jobs, waiting) = mpsc::channel::<Job<S>>();
        let waiting = Arc::new(Mutex::new(waiting));
        for mut seat in seats {
            let waiting = Arc::clone(&waiting);
            let work = move || {
                while let Some(job) = next(&waiting) {
                    // A panic is the fault of one query; the thread goes on.
                    let _ = catch_unwind(AssertUnwindSafe(|| job(&mut seat)));
                }
            };
            let started = thread::Builder::new().name(name.to_owned()).spawn(work);
            started.map_err(|error| Error::Unavailable(error.to_string()))?;
        }
        Ok(Self { jobs })
    }

    /// Runs work on the next thread that is idle. Dropped, it takes work back that waits, and interrupts work under way.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        hold: Option<Hold>,
        work: impl FnOnce(&mut S, &Awaited) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (awaited, _waiting) = Awaited::new();
        let (answer, done) = oneshot::channel();
        let job = move |seat: &mut S| {
            if !awaited.given_up() {
                let _ = answer.send(work(seat, &awaited));
            }
            drop(hold);
        };
        let closed = || Error::Unavailable("the store is closed".to_owned());
        self.jobs.send(Box::new(job)).map_err(|_| closed())?;
        done.await.unwrap_or_else(|_| Err(closed()))
    }
}

fn next<S>(waiting: &Mutex<mpsc::Receiver<Job<S>>>) -> Option<Job<S>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use testkit::eventually::poll;

    use super::*;

    #[tokio::test]
    async fn as_many_run_at_a_time_as_there_are_threads() {
        let lane = Lane::start("test", vec![(), ()]).unwrap();
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks = (0..8).map(|_| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            lane.run(None, move |(), _| {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::yield_now();
                running.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            })
        });
        for result in futures(tasks).await {
            result.unwrap();
        }
        assert!((1..=2).contains(&most.load(Ordering::SeqCst)));
    }

    async fn futures(tasks: impl Iterator<Item = impl Future<Output = Result<()>>>) -> Vec<Result<()>> {
        let mut results = Vec::new();
        for task in tasks {
            results.push(task.await);
        }
        results
    }

    #[tokio::test]
    async fn a_panic_is_answered_and_the_thread_goes_on() {
        let lane = Lane::start("test", vec![()]).unwrap();
        let panicked: Result<()> = lane.run(None, |(), _| panic!("a fault of one query")).await;
        assert!(panicked.is_err());
        assert_eq!(lane.run(None, |(), _| Ok(7)).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn what_is_held_is_let_go_when_the_work_is_over_and_not_when_its_caller_is_gone() {
        let lane = Lane::start("test", vec![()]).unwrap();
        let (go_on, may_end) = mpsc::channel::<()>();
        let (begun, has_begun) = oneshot::channel();
        let hold: Hold = Arc::new(());
        let work = lane.run(Some(Arc::clone(&hold)), move |(), _| {
            let _ = begun.send(());
            let _ = may_end.recv();
            Ok(())
        });
        tokio::select! {
            _ = work => panic!("it cannot be over"),
            _ = has_begun => {}
        }
        assert_eq!(Arc::strong_count(&hold), 2, "its work is still under way");
        go_on.send(()).unwrap();
        assert!(poll(Duration::from_secs(10), || Arc::strong_count(&hold) == 1));
    }
}
