//! The walk in the README, from signing up to a first watcher: run as it is printed, against the real thing on a port.

use std::{path::Path, process::Stdio, sync::Arc, time::Duration};

use local::{System, clock::MovableClock, data::RECORDED_AT, machine::Options, pages, serve::serve};
use tokio::{net::TcpListener, process::Command};

/// The block of shell that begins so.
fn printed() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let readme = std::fs::read_to_string(root).unwrap();
    let start = readme.find("API=http://localhost:8787").unwrap();
    readme[start..].split("\n```").next().unwrap().to_owned()
}

#[tokio::test]
async fn the_walk_in_the_readme_leads_to_a_watcher() {
    let options = Options::in_memory(Arc::new(MovableClock::at(RECORDED_AT))).unwrap();
    let system = Arc::new(System::start(options).await.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let here = format!("http://{}", listener.local_addr().unwrap());
    let walk = printed().replace("http://localhost:8787", &here);
    let walked = Command::new("bash").args(["-euo", "pipefail", "-c", &walk]).stdin(Stdio::null()).kill_on_drop(true).output();
    let walked = tokio::select! {
        served = serve(&system, listener, pages::router(system.pages())) => panic!("{served:?}"),
        walked = tokio::time::timeout(Duration::from_secs(60), walked) => walked.unwrap().unwrap(),
    };
    let told = String::from_utf8_lossy(&walked.stdout);
    assert!(walked.status.success(), "{told} {}", String::from_utf8_lossy(&walked.stderr));
    let watcher: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(watcher["name"], "Dubai in April", "{watcher:#}");
}
