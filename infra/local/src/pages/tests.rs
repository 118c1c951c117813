#![allow(clippy::unwrap_used, reason = "tests")]

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode, header},
};
use jiff::SignedDuration;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::{
    clock::MovableClock,
    standins::{QueueSpec, Topology, mailbox::Mail, queues::NewMessage},
};

const NOW: &str = "2026-02-17T12:00:00Z";
const HOSTILE: &str = "<script>alert('x')</script>";
const ESCAPED: &str = "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;";
const MAX_RECEIVES: u32 = 2;

struct Console {
    pages: Pages,
    clock: Arc<MovableClock>,
}

struct Shown {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

fn console() -> Console {
    let clock = Arc::new(MovableClock::at(NOW.parse().unwrap()));
    let queue = |name: &str, dead_letter: Option<&str>| QueueSpec {
        name: name.to_owned(),
        fifo: false,
        visibility: SignedDuration::from_secs(30),
        max_receives: MAX_RECEIVES,
        dead_letter: dead_letter.map(str::to_owned),
    };
    let queues = vec![queue("searches", Some("searches-dead")), queue("searches-dead", None), queue("plain", None)];
    let standins = Standins::open(
        None,
        clock.clone(),
        Topology { queues, mail_domains: vec!["example.com".to_owned()], ..Topology::default() },
    )
    .unwrap();
    let pages = Pages {
        standins,
        functions: Vec::new(),
        openapi: json!({}),
        schedules: Arc::new(Vec::new),
        clock: clock.clone(),
        recorded: false,
    };
    Console { pages, clock }
}

fn with_functions() -> Console {
    let mut console = console();
    let all = [deals::FUNCTIONS, notifications::FUNCTIONS, search::FUNCTIONS, system::FUNCTIONS, watchers::FUNCTIONS];
    console.pages.functions = all.concat();
    console
}

impl Console {
    async fn ask(&self, request: Request<Body>) -> Shown {
        let response = router(self.pages.clone()).oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Shown { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    async fn get(&self, path: &str) -> Shown {
        self.ask(Request::get(path).header(header::HOST, "localhost:8080").body(Body::empty()).unwrap()).await
    }

    /// A page that is there, as whole HTML with its headers.
    async fn page(&self, path: &str) -> String {
        let shown = self.get(path).await;
        assert_eq!(shown.status, StatusCode::OK, "{path}: {}", shown.body);
        shown.assert_secured();
        shown.body
    }

    async fn redrive(&self, queue: &str, headers: &[(&str, &str)]) -> Shown {
        let request = Request::post(format!("/_local/queues/{queue}/redrive")).header(header::HOST, "localhost:8080");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.ask(request.body(Body::empty()).unwrap()).await
    }

    fn send(&self, queue: &str, body: &str) {
        self.pages.standins.queues().send(queue, NewMessage::new(body)).unwrap();
    }

    /// Receives what waits on `searches` until it is dead.
    fn let_die(&self) {
        for _ in 0..=MAX_RECEIVES {
            self.pages.standins.queues().receive("searches", 10).unwrap();
            self.clock.advance(SignedDuration::from_secs(31));
        }
    }

    fn letters(&self) -> u64 {
        self.pages.standins.queues().stats_of("searches-dead").unwrap().visible
    }
}

impl Shown {
    fn assert_secured(&self) {
        let header = |name| self.headers.get(name).unwrap().to_str().unwrap();
        assert!(header("content-security-policy").starts_with("default-src 'none'; style-src 'unsafe-inline';"));
        assert!(!header("content-security-policy").contains("script-src"));
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "same-origin");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert!(!self.body.contains("<script"));
    }

    fn assert_refused(&self, status: StatusCode, why: &str) {
        assert_eq!(self.status, status);
        assert!(self.body.contains(why), "{}", self.body);
        self.assert_secured();
    }
}

fn assert_has(body: &str, wanted: &[&str]) {
    for wanted in wanted {
        assert!(body.contains(wanted), "{wanted:?} is not in {}", body.split_once("<main>").unwrap().1);
    }
}

#[tokio::test]
async fn the_overview_counts() {
    let mut console = console();
    let body = console.page("/_local/").await;
    assert_has(&body, &["http://localhost:8080", "<b>0</b>mails", "<b>0</b>messages waiting", "<b>0</b>dead letters"]);
    assert_has(&body, &["2026-02-17 12:00:00 UTC", "cargo local token --member demo", "href=\"/v1/openapi.json\""]);
    assert!(!body.contains("real observations"));

    console.pages.recorded = true;
    console.pages.standins.mailbox().accept(&mail("Hello")).unwrap();
    console.send("searches", "{}");
    console.let_die();
    console.send("plain", "{}");
    console.send("searches", "{}");
    let body = console.page("/_local/").await;
    assert_has(&body, &["<b>1</b>mail<", "<b>2</b>messages waiting", "<b class=\"bad\">1</b>dead letter<"]);
    assert_has(&body, &["real observations, re-encoded; the clock starts 2026-02-17"]);
    assert_eq!(console.get("/_local").await.headers[header::LOCATION], "/_local/");
}

#[tokio::test]
async fn a_hostile_host_is_escaped() {
    let request = Request::get("/_local/").header(header::HOST, "x<script>").body(Body::empty()).unwrap();
    let shown = console().ask(request).await;
    assert_has(&shown.body, &["http://x&lt;script&gt;"]);
    shown.assert_secured();
}

fn mail(subject: &str) -> Mail {
    Mail {
        from: "Mile Buy Club <alerts@example.com>".to_owned(),
        to: vec!["dana@example.com".to_owned()],
        subject: subject.to_owned(),
        html: Some(format!("<p title=\"a\">Fly</p>{HOSTILE}")),
        text: Some(format!("Fly {HOSTILE}")),
        headers: vec![("List-Unsubscribe".to_owned(), "<https://example.com/u>".to_owned())],
        tags: vec![("tenant".to_owned(), "demo".to_owned())],
        ..Mail::default()
    }
}

#[tokio::test]
async fn the_mailbox_is_newest_first() {
    let console = console();
    assert_has(&console.page("/_local/mailbox").await, &["No mail yet"]);

    console.pages.standins.mailbox().accept(&mail("The first")).unwrap();
    console.clock.advance(SignedDuration::from_mins(5));
    let id = console.pages.standins.mailbox().accept(&mail(HOSTILE)).unwrap();
    let latest = console.get("/_local/mailbox/latest.txt").await;
    assert!(latest.body.starts_with("Fly "));
    assert_eq!(latest.headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    let body = console.page("/_local/mailbox").await;
    assert_has(&body, &["dana@example.com", ESCAPED, "The first", "5 min ago", &format!("/_local/mailbox/{id}")]);
    assert!(body.find(ESCAPED) < body.find("The first"));
}

#[tokio::test]
async fn a_mail_is_shown_without_its_scripts() {
    let console = console();
    let id = console.pages.standins.mailbox().accept(&mail(HOSTILE)).unwrap();
    let body = console.page(&format!("/_local/mailbox/{id}")).await;
    assert_has(&body, &["Mile Buy Club &lt;alerts@example.com&gt;", "List-Unsubscribe", "Tag tenant", ESCAPED]);
    let frame = body.split_once("<iframe ").unwrap().1.split_once('>').unwrap().0;
    assert!(frame.contains("sandbox=\"allow-popups allow-popups-to-escape-sandbox\""));
    let shown = format!("&lt;p title&#x3D;&quot;a&quot;&gt;Fly&lt;/p&gt;{ESCAPED}\"");
    assert!(frame.ends_with(&shown), "{frame}");
    assert_has(&body, &[&format!("<pre class=\"wrap\">Fly {ESCAPED}</pre>"), ">Source</label>"]);

    let id = console.pages.standins.mailbox().accept(&Mail { html: None, ..mail("Plain") }).unwrap();
    let body = console.page(&format!("/_local/mailbox/{id}")).await;
    assert!(!body.contains("<iframe") && !body.contains("Source"));
    assert_has(&body, &["id=\"part-text\" checked"]);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let console = console();
    let not_found = StatusCode::NOT_FOUND;
    console.get("/_local/mailbox/%3Cscript%3E").await.assert_refused(not_found, "No mail has the id &lt;script&gt;.");
    console.get("/_local/queues/nowhere").await.assert_refused(not_found, "the queue nowhere does not exist");
    console.get("/_local/else").await.assert_refused(not_found, "no page at this address");
    console.redrive("nowhere", &[]).await.assert_refused(not_found, "the queue nowhere does not exist");
    console.redrive("searches", &[]).await.assert_refused(not_found, "searches is no queue of dead letters");
}

#[tokio::test]
async fn functions_say_what_they_are() {
    let body = console().page("/_local/functions").await;
    assert_has(&body, &["No functions", "/_local/queues/searches\"", "/_local/queues/searches-dead\"", "not kept"]);

    let mut console = with_functions();
    console.send("searches", "{}");
    console.clock.advance(SignedDuration::from_secs(90));
    let now = console.clock.now();
    let run = NextRun { function: "watchers-sweep-watchers", expression: "rate(1 minute)", next: now, last: Some(now) };
    console.pages.schedules = Arc::new(move || vec![NextRun { next: now + SignedDuration::from_secs(30), ..run }]);
    let body = console.page("/_local/functions").await;
    assert_has(&body, &["<b>list-deals</b>", "256 MB, 10 s", "/_local/docs#get-v1-deals", "for members", "for anyone"]);
    assert_has(&body, &["/_local/queues/searches\"", "up to 10 at a time", "<small>in 30 s</small>", "<small>now</small>"]);
    assert_has(&body, &["read deal", "send to searches-dead", "1 min ago</time>"]);
}

#[tokio::test]
async fn a_queue_shows_what_waits() {
    let console = with_functions();
    assert_has(&console.page("/_local/queues/searches").await, &["Nothing waits here", "/_local/functions#search-run-search"]);

    console.send("searches", &json!({ "note": HOSTILE }).to_string());
    console.send("searches", HOSTILE);
    console.pages.standins.queues().receive("searches", 1).unwrap();
    let body = console.page("/_local/queues/searches").await;
    assert_has(&body, &["in flight</span>", "visible</span>", "received 1 time<", "received 0 times<", "in 30 s"]);
    assert_has(
        &body,
        &[
            &format!("<pre class=\"wrap\">{{\n  &quot;note&quot;: &quot;{ESCAPED}&quot;\n}}</pre>"),
            &format!("<pre class=\"wrap\">{ESCAPED}</pre>"),
        ],
    );
    assert!(!body.contains("<form"));

    (0..60).for_each(|_| console.send("plain", "{}"));
    assert_has(&console.page("/_local/queues/plain").await, &["The oldest 50; 10 more not shown"]);
}

#[tokio::test]
async fn dead_letters_are_sent_back() {
    let console = console();
    let body = console.page("/_local/queues/searches-dead").await;
    assert!(!body.contains("<form"));
    (0..2).for_each(|_| console.send("searches", "{}"));
    console.let_die();
    let body = console.page("/_local/queues/searches-dead").await;
    assert_has(&body, &["action=\"/_local/queues/searches-dead/redrive\"", "Send back to searches", "DeadLetterQueueSource"]);

    let shown = console.redrive("searches-dead", &[("sec-fetch-site", "same-origin")]).await;
    assert_eq!(shown.status, StatusCode::SEE_OTHER);
    let location = shown.headers[header::LOCATION].to_str().unwrap();
    assert_has(&console.page(location).await, &["2 messages were sent back.", "Nothing waits here"]);
    assert_eq!((console.letters(), console.pages.standins.queues().stats_of("searches").unwrap().visible), (0, 2));
    assert_has(&console.page("/_local/queues/searches-dead?redriven=0").await, &["Nothing could be sent back"]);
}

#[tokio::test]
async fn posts_from_other_sites_are_refused() {
    let console = console();
    console.send("searches", "{}");
    console.let_die();
    let site = "sec-fetch-site";
    let foreign = [
        vec![(site, "cross-site")],
        vec![(site, "same-site")],
        vec![(site, "cross-site"), ("origin", "http://localhost:8080")],
        vec![("origin", "http://evil.example")],
        vec![("origin", "http://localhost:9090")],
        vec![("origin", "null")],
    ];
    for headers in foreign {
        console.redrive("searches-dead", &headers).await.assert_refused(StatusCode::FORBIDDEN, "A page of another site");
        assert_eq!(console.letters(), 1);
    }
    for headers in [vec![(site, "none")], vec![("origin", "http://localhost:8080")], vec![]] {
        assert_eq!(console.redrive("searches-dead", &headers).await.status, StatusCode::SEE_OTHER);
    }
}

/// As utoipa writes it.
fn described() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Mile Buy Club", "description": "Finds `award` seats.", "version": "1.0.0" },
        "tags": [{ "name": "watchers", "description": "Saved searches" }],
        "paths": {
            "/v1/deals": { "get": {
                "tags": ["deals"], "summary": "Lists deals", "description": "The best <first>,\n\nby `score`.",
                "parameters": [
                    { "name": "limit", "in": "query", "description": "At most so many", "required": false,
                      "schema": { "type": ["integer", "null"], "format": "int32", "minimum": 1, "maximum": 100 } },
                    { "name": "from", "in": "query", "required": true, "schema": { "type": "string" }, "example": "LAX" },
                ],
                "responses": {
                    "200": { "description": "", "content": { "application/json": { "schema": { "type": "array", "items": { "$ref": "#/components/schemas/Deal" } } } } },
                    "304": { "description": "Not changed since `If-None-Match`" },
                    "401": { "description": "A token is needed", "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } },
                },
            } },
            "/v1/health": { "get": { "tags": ["system"], "summary": "Says how it is", "responses": { "200": { "description": "It is well" } } } },
            "/v1/watchers/{watcherId}": {
                "parameters": [{ "name": "watcherId", "in": "path", "required": true, "schema": { "type": "string" } }],
                "patch": {
                    "tags": ["watchers"], "summary": "Changes a watcher",
                    "parameters": [{ "name": "If-Match", "in": "header", "required": true, "schema": { "type": "string" }, "example": "\"3\"" }],
                    "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/UpdateWatcher" } } } },
                    "responses": { "200": { "description": "", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Watcher" } } } } },
                },
            },
        },
        "components": { "schemas": {
            "Deal": { "type": "object", "required": ["id"], "properties": { "id": { "type": "string" } } },
            "Problem": { "type": "object", "properties": { "title": { "type": "string" } } },
            "Watcher": { "type": "object", "properties": { "itself": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Watcher" }] } } },
            "Cabin": { "type": "string", "description": "Where one sits.", "enum": ["economy", "business"] },
            "UpdateWatcher": {
                "type": "object", "description": "What is to change.", "required": ["name", "cabins", "schedule"],
                "properties": {
                    "name": { "type": "string", "description": "Dana's name for it.", "minLength": 1, "maxLength": 80, "example": "Dana's trip" },
                    "cabins": { "type": "array", "items": { "$ref": "#/components/schemas/Cabin" }, "minItems": 1 },
                    "cabin": { "$ref": "#/components/schemas/Cabin" },
                    "schedule": { "$ref": "#/components/schemas/Schedule" },
                    "until": { "type": ["string", "null"], "format": "date" },
                },
            },
            "Schedule": { "oneOf": [
                { "type": "object", "description": "Every so many minutes.", "required": ["kind", "minutes"],
                  "properties": { "kind": { "type": "string", "enum": ["interval"] }, "minutes": { "type": "integer", "minimum": 15, "default": 60 } } },
                { "type": "object", "required": ["kind"], "properties": { "kind": { "type": "string", "const": "daily" } } },
            ] },
        } },
    })
}

#[tokio::test]
async fn the_api_is_described() {
    let mut console = with_functions();
    assert_has(&console.page("/_local/docs").await, &["No operations", "cargo xtask openapi"]);

    console.pages.openapi = described();
    let body = console.page("/_local/docs").await;
    assert_has(&body, &["Finds <code>award</code> seats.", "href=\"/v1/openapi.json\"", "Saved searches"]);
    assert!(body.find("id=\"tag-watchers\"") < body.find("id=\"tag-deals\""));
    assert_has(
        &body,
        &["id=\"get-v1-deals\"", "Lists deals", "The best &lt;first&gt;,<br><br>by <code>score</code>.", "for members"],
    );
    assert_has(&body, &["integer or null, in query", "at least 1; at most 100", "list of <a href=\"#schema-Deal\">Deal</a>"]);
    assert_has(&body, &["Problems: 401", "Not changed since <code>If-None-Match</code>", "What is to change."]);
    assert_has(&body, &["<code>name</code> <span class=\"required\">required</span>", "length at least 1; length at most 80"]);
    assert_has(
        &body,
        &["string (date) or null", "Where one sits.", "id=\"schema-Cabin\"", "<code>economy</code>, <code>business</code>"],
    );
    assert_has(&body, &["Either: kind interval", "Either: kind daily", "Every so many minutes.", "if not given 60"]);
}

#[tokio::test]
async fn each_operation_has_a_request_to_paste() {
    let mut console = with_functions();
    console.pages.openapi = described();
    let body = console.page("/_local/docs").await;
    let pasted: Vec<_> = body.split("<pre>").skip(1).map(|rest| unescaped(rest.split_once("</pre>").unwrap().0)).collect();
    let [update, list, health] = pasted.as_slice() else { unreachable!("{pasted:?}") };
    assert_eq!(list, "curl \"http://localhost:8080/v1/deals?from=LAX\" \\\n  -H \"Authorization: Bearer $TOKEN\"");
    assert_eq!(health, "curl \"http://localhost:8080/v1/health\"");
    let (head, sent) = update.split_once("  -d '").unwrap();
    assert_has(
        &format!("<main>{head}"),
        &[
            "curl -X PATCH \"http://localhost:8080/v1/watchers/$WATCHER_ID\" \\\n",
            "  -H 'If-Match: \"3\"' \\\n",
            "  -H 'Content-Type: application/json' \\\n",
        ],
    );
    let sent: Value = serde_json::from_str(&sent.strip_suffix('\'').unwrap().replace("'\\''", "'")).unwrap();
    assert_eq!(sent, json!({ "name": "Dana's trip", "cabins": ["economy"], "schedule": { "kind": "interval", "minutes": 60 } }));
}

fn unescaped(html: &str) -> String {
    let marks =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x3D;", "="), ("&#x60;", "`"), ("&amp;", "&")];
    marks.iter().fold(html.to_owned(), |text, (escaped, mark)| text.replace(escaped, mark))
}

#[tokio::test]
async fn any_json_makes_a_page() {
    let mut console = console();
    let odd = [
        json!(null),
        json!([1]),
        json!({ "paths": { "/a": { "get": { "parameters": [1, { "$ref": "#/nowhere" }], "requestBody": { "content": { "x": 1 } }, "responses": { "200": null } } } } }),
        json!({ "paths": { "/a": { "get": {} } }, "components": { "schemas": { "A": { "$ref": "#/components/schemas/A" }, "B": { "allOf": [true, { "type": 7 }] } } } }),
    ];
    for document in odd {
        console.pages.openapi = document;
        console.page("/_local/docs").await;
    }
}
