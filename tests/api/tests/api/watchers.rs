//! `/v1/watchers`

use futures::future::join_all;
use jiff::ToSpan;
use local::TestApp;
use serde_json::{Value, json};

use crate::support::{ask, create, dubai, dubai_daily, each, faults, id_of, items, pages, watcher, with, without};

const WATCHERS: &str = "/v1/watchers";

mod creating {
    use super::*;

    #[tokio::test]
    async fn a_new_watcher_is_answered_with_its_address_and_version() {
        let app = TestApp::new().await;
        let reply = app.member("demo").post(WATCHERS).body(dubai()).send().await;
        reply.assert(201, "");
        assert_eq!(reply.header("location"), watcher(&id_of(&reply)));
        assert_eq!(reply.header("etag"), "\"1\"");
        assert_eq!(reply.header("cache-control"), "no-store");
        insta::assert_json_snapshot!("watcher", reply.body, {".id" => "[id]"});
    }

    #[tokio::test]
    async fn what_is_not_said_has_its_default() {
        let app = TestApp::new().await;
        let reply = app.member("demo").post(WATCHERS).body(without(dubai(), "filters")).send().await;
        reply.assert(201, "");
        assert_eq!(reply.body["travellers"], 1);
        assert_eq!(reply.body["telling"], json!({"minScore": 0, "againWhenCheaperBy": 5}));
        assert_eq!(reply.body["filters"]["programmes"], json!([]));
    }

    #[tokio::test]
    async fn every_rule_broken_is_named_at_once() {
        let app = TestApp::new().await;
        let body = json!({
            "name": "Everything wrong",
            "wanted": "award-flights",
            "from": ["LAX"],
            "to": ["LAX"],
            "dates": {"on": "2025-04-27", "flexDays": 31},
            "cabins": [],
            "travellers": 10,
            "filters": {"carriers": ["QR"], "carriersExcluded": ["QR"], "maxPrice": {"amount": "1", "currency": "USD"}},
            "telling": {"minScore": 101, "againWhenCheaperBy": 0},
            "schedule": {"every": "hours", "hours": 5},
        });
        let reply = app.member("demo").post(WATCHERS).body(body).send().await;
        reply.assert(422, "invalid-input");
        let expected = [
            ("/cabins", "empty"),
            ("/dates", "past"),
            ("/dates", "too-wide"),
            ("/dates/flexDays", "out-of-range"),
            ("/filters/carriersExcluded", "contradiction"),
            ("/filters/maxPrice", "not-for-awards"),
            ("/schedule/hours", "out-of-range"),
            ("/telling/againWhenCheaperBy", "out-of-range"),
            ("/telling/minScore", "out-of-range"),
            ("/to", "same-place"),
            ("/travellers", "out-of-range"),
        ];
        assert_eq!(faults(&reply), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    }

    #[tokio::test]
    async fn every_field_that_cannot_be_read_is_named_at_once() {
        let app = TestApp::new().await;
        let body = json!({"name": "", "wanted": "hotels", "from": ["NOWHERE", "LAX", 5], "dates": {"on": "soon"}, "travellers": "two", "more": 1});
        let reply = app.member("demo").post(WATCHERS).body(body).send().await;
        reply.assert(422, "invalid-input");
        let expected = [
            ("/cabins", "missing"),
            ("/dates/on", "invalid"),
            ("/from/0", "invalid"),
            ("/from/2", "invalid"),
            ("/more", "unknown-field"),
            ("/name", "invalid"),
            ("/schedule", "missing"),
            ("/to", "missing"),
            ("/travellers", "invalid"),
            ("/wanted", "invalid"),
        ];
        assert_eq!(faults(&reply), expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())));
    }

    #[tokio::test]
    async fn the_free_plan_has_three_watchers() {
        let app = TestApp::new().await;
        let free = app.member("free");
        for _ in 0..3 {
            create(&free, dubai_daily()).await;
        }
        free.post(WATCHERS).body(dubai_daily()).send().await.assert(409, "watcher-limit");
        assert_eq!(items(&free.get(WATCHERS).send().await).len(), 3);
        create(&app.member("demo"), dubai()).await;
    }

    #[tokio::test]
    async fn the_premium_plan_has_twenty_five() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        for _ in 0..25 {
            create(&demo, dubai()).await;
        }
        demo.post(WATCHERS).body(dubai()).send().await.assert(409, "watcher-limit");
    }

    #[tokio::test]
    async fn no_race_passes_the_limit() {
        let app = TestApp::new().await;
        let free = app.member("free");
        let replies = join_all((0..20).map(|_| free.post(WATCHERS).body(dubai_daily()).send())).await;
        let created = replies.iter().filter(|reply| reply.status == 201).count();
        assert!((1..=3).contains(&created), "{created}");
        assert!(replies.iter().all(|reply| [201, 409, 503].contains(&reply.status.as_u16())));
        assert_eq!(items(&free.get(WATCHERS).send().await).len(), created);
    }

    #[tokio::test]
    async fn the_free_plan_runs_at_most_daily() {
        let app = TestApp::new().await;
        let free = app.member("free");
        for hours in [1, 12] {
            let reply =
                free.post(WATCHERS).body(with(dubai(), "schedule", json!({"every": "hours", "hours": hours}))).send().await;
            reply.assert(422, "invalid-input");
            assert_eq!(faults(&reply), [("/schedule/hours".to_owned(), "plan".to_owned())]);
        }
        create(&free, with(dubai(), "schedule", json!({"every": "hours", "hours": 24}))).await;
        create(&free, with(dubai(), "schedule", json!({"every": "week", "on": "monday", "at": "07:30:00"}))).await;
        let id = create(&free, dubai_daily()).await;
        let reply = free.patch(&watcher(&id)).body(json!({"schedule": {"every": "hours", "hours": 1}})).send().await;
        reply.assert(422, "invalid-input");
    }

    #[tokio::test]
    async fn a_member_who_is_no_more_is_no_longer_let_in() {
        let app = TestApp::new().await;
        let nobody = app.user_of("demo", "nobody", domain::identity::Role::Member);
        nobody.post(WATCHERS).body(dubai()).send().await.assert(401, "unauthenticated");
        assert!(items(&nobody.get(WATCHERS).send().await).is_empty());
    }
}

mod listing {
    use super::*;

    async fn five(app: &TestApp) -> Vec<String> {
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.push(create(&app.member("demo"), dubai()).await);
            // Within a millisecond ids are not in order.
            app.clock.advance(jiff::SignedDuration::from_secs(1));
        }
        ids
    }

    #[tokio::test]
    async fn watchers_are_listed_in_the_order_of_creation() {
        let app = TestApp::new().await;
        let ids = five(&app).await;
        let list = app.member("demo").get(WATCHERS).send().await;
        assert_eq!(each(&list, "id"), ids);
        assert_eq!(list.body.get("next"), None);
        assert_eq!(list.header("cache-control"), "private, no-cache");
    }

    #[tokio::test]
    async fn a_list_is_read_page_by_page_without_gap_or_overlap() {
        let app = TestApp::new().await;
        let ids = five(&app).await;
        let read = pages(&app.member("demo"), WATCHERS, 2).await;
        assert_eq!(read.iter().map(|page| items(page).len()).collect::<Vec<_>>(), [2, 2, 1]);
        assert_eq!(read.iter().flat_map(|page| each(page, "id")).collect::<Vec<_>>(), ids);
    }

    #[tokio::test]
    async fn a_page_goes_on_after_its_last_item_though_that_is_deleted() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let ids = five(&app).await;
        let first = demo.get("/v1/watchers?limit=2").send().await;
        demo.delete(&watcher(&ids[1])).send().await.assert(204, "");
        let second = demo.get(&format!("/v1/watchers?limit=2&cursor={}", first.body["next"].as_str().unwrap())).send().await;
        assert_eq!(each(&second, "id"), ids[2..4]);
    }

    #[tokio::test]
    async fn a_cursor_is_good_for_its_member_and_list_alone() {
        let app = TestApp::new().await;
        five(&app).await;
        let page = app.member("demo").get("/v1/watchers?limit=2").send().await;
        let cursor = page.body["next"].as_str().unwrap();
        let refused = async |user: local::test_app::User<'_>, path: &str, cursor: &str| {
            let reply = user.get(&format!("{path}?cursor={cursor}")).send().await;
            reply.assert(422, "invalid-input");
            assert_eq!(faults(&reply), [("/cursor".to_owned(), "invalid".to_owned())]);
        };
        refused(app.member("free"), WATCHERS, cursor).await;
        refused(app.member("omar"), WATCHERS, cursor).await;
        refused(app.member("demo"), "/v1/alerts", cursor).await;
        refused(app.member("demo"), "/v1/deals", cursor).await;
        let (place, tag) = cursor.split_once('.').unwrap();
        for tampered in [
            format!("{place}."),
            place.to_owned(),
            format!(".{tag}"),
            format!("A{place}.{tag}"),
            format!("{place}.A{}", &tag[1..]),
        ] {
            refused(app.member("demo"), WATCHERS, &tampered).await;
        }
    }

    #[tokio::test]
    async fn a_list_not_changed_is_not_sent_again() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let id = create(&demo, dubai()).await;
        let list = demo.get(WATCHERS).send().await;
        let again = async || demo.get(WATCHERS).header("if-none-match", list.header("etag")).send().await;
        again().await.assert(304, "");
        demo.post(&ask(&id, "pause")).send().await.assert(200, "");
        again().await.assert(200, "");
    }
}

mod showing {
    use super::*;

    #[tokio::test]
    async fn a_watcher_is_shown_as_it_was_answered() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let created = demo.post(WATCHERS).body(dubai()).send().await;
        let shown = demo.get(created.header("location")).send().await;
        shown.assert(200, "");
        assert_eq!(shown.body, created.body);
        assert_eq!(shown.header("content-type"), "application/json");
        assert_eq!(shown.header("cache-control"), "private, no-cache");
    }

    #[tokio::test]
    async fn a_watcher_not_changed_is_not_sent_again() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let path = watcher(&create(&demo, dubai()).await);
        let tag = demo.get(&path).send().await.header("etag").to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let reply = demo.get(&path).header("if-none-match", &known).send().await;
            reply.assert(304, "");
            assert_eq!((reply.body.clone(), reply.header("etag"), reply.header("content-type")), (Value::Null, tag.as_str(), ""));
            assert_eq!(reply.header("cache-control"), "private, no-cache");
        }
        demo.patch(&path).body(json!({"name": "Another"})).send().await.assert(200, "");
        let changed = demo.get(&path).header("if-none-match", &tag).send().await;
        changed.assert(200, "");
        assert_ne!(changed.header("etag"), tag);
    }

    #[tokio::test]
    async fn nobody_elses_watcher_is_found() {
        let app = TestApp::new().await;
        let id = create(&app.member("demo"), dubai()).await;
        for other in ["free", "admin", "omar"] {
            let other = app.member(other);
            let replies = [
                other.get(&watcher(&id)).send().await,
                other.patch(&watcher(&id)).body(json!({"name": "Mine"})).send().await,
                other.delete(&watcher(&id)).send().await,
                other.post(&ask(&id, "pause")).send().await,
                other.post(&ask(&id, "resume")).send().await,
                other.post(&ask(&id, "run")).send().await,
            ];
            for reply in replies {
                reply.assert(404, "watcher-not-found");
            }
            assert!(items(&other.get(WATCHERS).send().await).is_empty());
        }
        app.member("demo").get(&watcher(&id)).send().await.assert(200, "");
    }
}

mod updating {
    use super::*;

    #[tokio::test]
    async fn what_is_given_is_replaced_and_the_rest_stays() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let path = watcher(&create(&demo, dubai()).await);
        let before = demo.get(&path).send().await.body;
        app.clock.advance(jiff::SignedDuration::from_secs(5));
        let change = json!({"name": "Dubai, perhaps", "cabins": ["business", "first"], "telling": {"minScore": 70}});
        let reply = demo.patch(&path).body(change).send().await;
        reply.assert(200, "");
        let mut expected = before;
        expected["name"] = json!("Dubai, perhaps");
        expected["cabins"] = json!(["business", "first"]);
        expected["telling"] = json!({"minScore": 70, "againWhenCheaperBy": 5});
        expected["version"] = json!(2);
        expected["updatedAt"] = json!("2026-02-17T19:24:05Z");
        // Another question has another slot.
        expected["nextRunAt"] = reply.body["nextRunAt"].clone();
        assert_eq!(reply.body, expected);
        assert_eq!(reply.header("etag"), "\"2\"");
        assert_eq!(demo.get(&path).send().await.body, expected);
    }

    #[tokio::test]
    async fn a_change_of_nothing_changes_no_choice() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let path = watcher(&create(&demo, dubai()).await);
        let before = demo.get(&path).send().await.body;
        let reply = demo.patch(&path).body(json!({})).send().await;
        reply.assert(200, "");
        let comparable = |body: Value| without(without(body, "version"), "updatedAt");
        assert_eq!(comparable(reply.body), comparable(before));
    }

    #[tokio::test]
    async fn a_merge_patch_is_as_good() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let path = watcher(&create(&demo, dubai()).await);
        let reply = demo
            .patch(&path)
            .header("content-type", "application/merge-patch+json")
            .raw_body(r#"{"name":"Another"}"#)
            .send()
            .await;
        reply.assert(200, "");
        assert_eq!(reply.body["name"], "Another");
    }

    #[tokio::test]
    async fn a_change_is_conditional_on_the_version_named() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let path = watcher(&create(&demo, dubai()).await);
        let shown = demo.get(&path).send().await.header("etag").to_owned();
        let change = async |if_match: &str, name: &str| {
            demo.patch(&path).header("if-match", if_match).body(json!({"name": name})).send().await
        };
        change(&shown, "As shown").await.assert(200, "");
        change(&shown, "Too late").await.assert(412, "stale-version");
        change("\"1\"", "Too late").await.assert(412, "stale-version");
        change("\"3\"", "Too early").await.assert(412, "stale-version");
        change("\"2\"", "As answered").await.assert(200, "");
        change("*", "Whatever it is").await.assert(200, "");
        assert_eq!(demo.get(&path).send().await.body["name"], "Whatever it is");
        demo.delete(&path).header("if-match", "\"1\"").send().await.assert(412, "stale-version");
        for what in ["pause", "resume", "run"] {
            demo.post(&format!("{path}/{what}")).header("if-match", "\"1\"").send().await.assert(412, "stale-version");
        }
        assert_eq!(demo.get(&path).send().await.body["version"], 4);
    }

    #[tokio::test]
    async fn of_two_changes_of_one_version_one_is_made() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let path = watcher(&create(&demo, dubai()).await);
        let changes =
            (0..10).map(|n| demo.patch(&path).header("if-match", "\"1\"").body(json!({"name": format!("Change {n}")})).send());
        let mut statuses: Vec<u16> = join_all(changes).await.iter().map(|reply| reply.status.as_u16()).collect();
        statuses.sort_unstable();
        assert_eq!(statuses[0], 200);
        // Two that meet in the store at the same moment are told to try again.
        assert!(statuses[1..].iter().all(|status| [412, 503].contains(status)), "{statuses:?}");
        assert_eq!(demo.get(&path).send().await.body["version"], 2);
    }

    #[tokio::test]
    async fn a_run_does_not_make_the_members_version_stale() {
        let (app, id) = crate::support::told().await;
        let demo = app.member("demo");
        let shown = demo.get(&watcher(&id)).send().await;
        assert!(shown.body["lastRunAt"].is_string(), "it ran");
        assert_eq!(shown.body["version"], 2);
        demo.patch(&watcher(&id)).header("if-match", "\"2\"").body(json!({"name": "Still fine"})).send().await.assert(200, "");
    }

    #[tokio::test]
    async fn what_breaks_a_rule_changes_nothing() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let path = watcher(&create(&demo, dubai()).await);
        let before = demo.get(&path).send().await;
        let reply = demo.patch(&path).body(json!({"name": "Fine", "to": ["LAX"], "travellers": 0})).send().await;
        reply.assert(422, "invalid-input");
        assert_eq!(faults(&reply).len(), 2);
        assert_eq!(demo.get(&path).send().await.header("etag"), before.header("etag"));
    }

    #[tokio::test]
    async fn an_expired_watcher_with_new_dates_runs_again() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let path = watcher(&create(&demo, dubai()).await);
        app.leap(71.days()).await;
        assert_eq!(demo.get(&path).send().await.body["state"], "expired");
        let reply = demo.patch(&path).body(json!({"dates": {"on": "2026-06-01"}})).send().await;
        reply.assert(200, "");
        assert_eq!(reply.body["state"], "active");
        assert!(reply.body["nextRunAt"].is_string());
    }
}

mod stopping_and_running {
    use super::*;

    #[tokio::test]
    async fn a_paused_watcher_waits_until_it_is_resumed() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let id = create(&demo, dubai()).await;
        let paused = demo.post(&ask(&id, "pause")).send().await;
        paused.assert(200, "");
        assert_eq!(
            (&paused.body["state"], &paused.body["nextRunAt"], &paused.body["version"]),
            (&json!("paused"), &Value::Null, &json!(2))
        );
        assert_eq!(paused.header("etag"), "\"2\"");
        app.leap(3.hours()).await;
        assert_eq!(demo.get(&watcher(&id)).send().await.body["lastRunAt"], Value::Null);
        let resumed = demo.post(&ask(&id, "resume")).send().await;
        resumed.assert(200, "");
        assert_eq!((&resumed.body["state"], &resumed.body["version"]), (&json!("active"), &json!(3)));
        let next: jiff::Timestamp = resumed.body["nextRunAt"].as_str().unwrap().parse().unwrap();
        assert!(next > app.system().now());
    }

    #[tokio::test]
    async fn pausing_or_resuming_twice_changes_nothing() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let id = create(&demo, dubai()).await;
        for what in ["pause", "resume"] {
            let first = demo.post(&ask(&id, what)).send().await;
            let second = demo.post(&ask(&id, what)).send().await;
            second.assert(200, "");
            assert_eq!(second.body, first.body);
            assert_eq!(second.header("etag"), first.header("etag"));
        }
    }

    #[tokio::test]
    async fn a_run_is_asked_for_every_fifteen_minutes_at_most() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let id = create(&demo, dubai()).await;
        let first = demo.post(&ask(&id, "run")).send().await;
        first.assert(202, "");
        let next: jiff::Timestamp = first.body["nextRunAt"].as_str().unwrap().parse().unwrap();
        assert!(next.duration_since(app.system().now()).as_secs() <= 60, "within a minute: {next}");
        let second = demo.post(&ask(&id, "run")).send().await;
        second.assert(429, "ran-recently");
        assert_eq!(second.header("retry-after"), "900");
        app.clock.advance(jiff::SignedDuration::from_secs(15 * 60 - 1));
        demo.post(&ask(&id, "run")).send().await.assert(429, "ran-recently");
        app.clock.advance(jiff::SignedDuration::from_secs(1));
        demo.post(&ask(&id, "run")).send().await.assert(202, "");
    }

    #[tokio::test]
    async fn a_paused_watcher_is_not_run() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let id = create(&demo, dubai()).await;
        demo.post(&ask(&id, "pause")).send().await.assert(200, "");
        demo.post(&ask(&id, "run")).send().await.assert(409, "watcher-paused");
    }

    #[tokio::test]
    async fn an_expired_watcher_can_only_be_shown_changed_or_deleted() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let id = create(&demo, dubai()).await;
        app.leap(71.days()).await;
        for what in ["pause", "resume", "run"] {
            demo.post(&ask(&id, what)).send().await.assert(409, "watcher-expired");
        }
        demo.delete(&watcher(&id)).send().await.assert(204, "");
    }

    #[tokio::test]
    async fn an_instruction_may_come_with_an_empty_object() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let id = create(&demo, dubai()).await;
        demo.post(&ask(&id, "pause")).body(json!({})).send().await.assert(200, "");
        demo.post(&ask(&id, "resume")).body(json!({"now": true})).send().await.assert(422, "invalid-input");
    }
}

mod deleting {
    use super::*;

    #[tokio::test]
    async fn a_deleted_watcher_is_gone() {
        let app = TestApp::new().await;
        let demo = app.member("demo");
        let id = create(&demo, dubai()).await;
        let reply = demo.delete(&watcher(&id)).send().await;
        reply.assert(204, "");
        assert_eq!((reply.body, reply.headers.get("content-type")), (Value::Null, None));
        demo.get(&watcher(&id)).send().await.assert(404, "watcher-not-found");
        demo.delete(&watcher(&id)).send().await.assert(404, "watcher-not-found");
        demo.patch(&watcher(&id)).body(json!({})).send().await.assert(404, "watcher-not-found");
        assert!(items(&demo.get(WATCHERS).send().await).is_empty());
    }

    #[tokio::test]
    async fn a_deleted_watcher_makes_room_for_one() {
        let app = TestApp::new().await;
        let free = app.member("free");
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(create(&free, dubai_daily()).await);
        }
        let replies = join_all((0..5).map(|_| free.delete(&watcher(&ids[0])).send())).await;
        assert_eq!(replies.iter().filter(|reply| reply.status == 204).count(), 1, "deleted once, whoever races");
        create(&free, dubai_daily()).await;
        free.post(WATCHERS).body(dubai_daily()).send().await.assert(409, "watcher-limit");
    }

    #[tokio::test]
    async fn what_a_deleted_watcher_has_found_stays() {
        let (app, id) = crate::support::told().await;
        let demo = app.member("demo");
        let count = async |path: &str| items(&demo.get(path).send().await).len();
        let before = (count("/v1/deals").await, count("/v1/alerts").await);
        demo.delete(&watcher(&id)).send().await.assert(204, "");
        app.settle().await;
        assert_eq!((count("/v1/deals").await, count("/v1/alerts").await), before);
        assert!(before.0 > 0 && before.1 > 0);
    }
}
