//! A small burst, by the code of `cargo bench -p load --bench burst`: nothing lost, nothing doubled.

use load::burst::{Burst, settle};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_due_watchers_settles_with_nothing_lost_or_doubled() {
    // More than a page of watchers wait for each search.
    let settled = settle(Burst { watchers: 210, searches: 2, deals: 1 }).await;
    assert_eq!(settled.mails, 210);
}
