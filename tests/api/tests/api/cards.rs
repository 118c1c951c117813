//! `/v1/cards` and `/v1/me/cards`: the catalogue, what members say of their cards, and what they are advised.

use std::sync::{Arc, Mutex};

use local::{
    TestApp,
    gate::{Action, CallInfo, Faults},
    test_app::{Reply, User},
};
use serde_json::{Value, json};

use crate::support::{Core, create, dubai, each, faults, items, pages, told, with};

const MINE: &str = "/v1/me/cards";
const GAPS: &str = "/v1/me/cards/gaps";
const ADVICE: &str = "/v1/me/cards/recommendations";

/// What a member says who has one card.
pub fn sapphire() -> Value {
    json!({
        "held": [{"card": "chase-sapphire-preferred", "opened": "2024-05-01", "bonusOn": "2024-08-01"}],
        "elsewhere": [{"opened": "2025-01-01", "issuer": "chase"}],
        "spending": [{"category": "dining", "usdAYear": 6000}],
        "country": "US",
    })
}

async fn say(user: &User<'_>, cards: Value) -> Reply {
    user.put(MINE).body(cards).send().await
}

#[tokio::test]
async fn what_is_said_is_shown_to_who_said_it_and_lies_sealed() {
    let app = TestApp::new().await;
    let (demo, free) = (app.member("demo"), app.member("free"));
    let before = demo.get(MINE).send().await;
    assert!(before.header("etag").starts_with("\"0-"), "the version, and what was shown of it");
    assert_eq!((&before.body["held"], &before.body["version"]), (&json!([]), &json!(0)));

    let said = say(&demo, sapphire()).await;
    assert_eq!((said.status.as_u16(), said.header("etag")), (204, "\"1\""));
    let shown = demo.get(MINE).send().await;
    assert_eq!(shown.body["held"][0]["card"], "chase-sapphire-preferred");
    assert_eq!(shown.body["elsewhere"], json!([{"opened": "2025-01-01", "kind": "personal", "issuer": "chase"}]));
    assert_eq!(free.get(MINE).send().await.body["held"], json!([]));

    let stored = format!("{:?}", Core::of(&app).everything().await);
    assert!(stored.contains("member-cards"));
    for clear in ["sapphire", "2024-05-01", "dining", "chase"] {
        assert!(!stored.contains(clear), "{clear} is stored in the clear");
    }
}

#[tokio::test]
async fn a_change_is_held_to_the_version_that_was_seen() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let put = |tag: &'static str| demo.put(MINE).header("if-match", tag).body(sapphire());
    put("\"1\"").send().await.assert(412, "stale-version");
    put("\"0\"").send().await.assert(204, "");
    put("\"0\"").send().await.assert(412, "stale-version");
    // To opt out is a change of the same thing.
    let out = demo.put("/v1/me/cards/opt-out").header("if-match", "\"1\"").body(json!({"optedOut": true})).send().await;
    assert_eq!(out.body, json!({"optedOut": true, "version": 2}));
    put("\"1\"").send().await.assert(412, "stale-version");
}

#[tokio::test]
async fn everything_that_is_wrong_with_what_is_said_is_named_at_once() {
    let app = TestApp::new().await;
    let wrong = json!({
        "held": [
            {"card": "no-such-card", "opened": "2024-05-01"},
            {"card": "amex-gold", "opened": "2027-01-01", "closed": "2026-12-31"},
        ],
        "elsewhere": [{"opened": "2025-01-01", "issuer": "nobody"}],
        "spending": [{"category": "dining", "usdAYear": 10_000_001}],
    });
    let reply = say(&app.member("demo"), wrong).await;
    let named: Vec<String> = faults(&reply).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(named, ["/elsewhere/0/issuer", "/held/0/card", "/held/1/closed", "/held/1/opened", "/spending/0/usdAYear"]);
    let shapes = json!({"held": [{"card": "amex-gold", "opened": "soon", "colour": "gold"}], "spending": {}, "country": "us"});
    let reply = say(&app.member("demo"), shapes).await;
    let named: Vec<String> = faults(&reply).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(named, ["/country", "/held/0/colour", "/held/0/opened", "/spending"]);
    let nowhere = say(&app.member("demo"), json!({"country": "ZZ"})).await;
    assert_eq!(faults(nowhere.assert(422, "invalid-input")), [("/country".to_owned(), "invalid".to_owned())]);
    for (query, at) in [("issuer=nobody", "/issuer"), ("programme=nothing", "/programme")] {
        let reply = app.member("demo").get(&format!("/v1/cards?{query}")).send().await;
        assert_eq!(faults(reply.assert(422, "invalid-input")), [(at.to_owned(), "unknown".to_owned())]);
    }
}

#[tokio::test]
async fn gaps_are_what_plans_need_and_cards_do_not_bring() {
    let (app, watcher) = told().await;
    let demo = app.member("demo");
    let gap = |reply: &Reply, programme: &str| {
        let items = reply.body["items"].as_array().unwrap().iter();
        items.clone().find(|item| item["programme"] == programme).cloned().unwrap()
    };
    let deal = each(&demo.get("/v1/deals?programme=aadvantage&limit=100").send().await, "id").remove(0);
    demo.put(&format!("/v1/me/saved-deals/{deal}")).send().await.assert(200, "");
    let before = demo.get(GAPS).send().await;
    let american = gap(&before, "aadvantage");
    assert_eq!((&american["missing"], &american["reachedBy"]), (&json!(true), &json!([])));
    assert_eq!(american["watchers"], json!([watcher]));
    assert_eq!(american["deals"], json!([deal]), "what was saved counts, and not what it was only told of");
    assert!(before.body["unmet"].as_u64() > Some(0));
    assert_eq!(american["inHand"], 0);
    let have = async |points: u32| {
        demo.put("/v1/me/balances").body(json!({"balances": {"aadvantage": points}})).send().await.assert(204, "");
        let gaps = demo.get(GAPS).send().await;
        (gap(&gaps, "aadvantage")["inHand"].as_u64().unwrap(), gaps.body["unmet"].as_u64().unwrap())
    };
    let unmet = before.body["unmet"].as_u64().unwrap();
    assert_eq!([have(1).await, have(1_000_000).await], [(0, unmet), (1, unmet - 1)], "the watcher says no number of points");
    have(0).await;

    say(&demo, json!({"held": [{"card": "citi-strata-premier", "opened": "2024-05-01"}]})).await.assert(204, "");
    let after = demo.get(GAPS).send().await;
    let reached = json!([{"card": "citi-strata-premier", "byTransfer": true}]);
    assert_eq!((&gap(&after, "aadvantage")["missing"], &gap(&after, "aadvantage")["reachedBy"]), (&json!(false), &reached));
}

#[tokio::test]
async fn a_saved_deal_is_in_hand_while_its_points_are_on_their_way_and_no_plan_once_it_is_booked() {
    let (app, _) = told().await;
    let demo = app.member("demo");
    let listed = demo.get("/v1/deals?programme=aadvantage&limit=100").send().await;
    let (deal, flight) = (each(&listed, "id").remove(0), items(&listed)[0]["flight"].clone());
    demo.put(&format!("/v1/me/saved-deals/{deal}")).send().await.assert(200, "");
    let unmet = async || demo.get(GAPS).send().await.body["unmet"].as_u64().unwrap();
    let planned = async || demo.get(GAPS).send().await.body["plans"].as_u64().unwrap();
    let (gaps, plans) = (unmet().await, planned().await);
    let have = json!({"balances": {"chase-ur": 0, "citi-typ": 900_000}});
    demo.put("/v1/me/balances").body(have).send().await.assert(204, "");
    assert_eq!(unmet().await, gaps - 1, "its points can be transferred");
    let booking = demo.post("/v1/me/bookings").body(json!({"deal": deal})).send().await;
    let booking = format!("/v1/me/bookings/{}", booking.assert(201, "").body["id"].as_str().unwrap());
    let seen = json!({"seen": {"points": flight["fare"]["points"]}});
    demo.post(&format!("{booking}/re-verify")).body(seen).send().await.assert(200, "");
    demo.post(&format!("{booking}/transfer")).send().await.assert(200, "");
    demo.put("/v1/me/balances").body(json!({"balances": {"citi-typ": 0}})).send().await.assert(204, "");
    assert_eq!((unmet().await, planned().await), (gaps - 1, plans), "they are on their way");
    demo.post(&format!("{booking}/done")).send().await.assert(200, "");
    assert_eq!((unmet().await, planned().await), (gaps - 1, plans - 1), "it is booked");
}

#[tokio::test]
async fn cards_are_recommended_with_numbers_and_reasons() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    create(&demo, dubai()).await;
    say(&demo, with(sapphire(), "spending", json!([]))).await.assert(204, "");
    let advice = demo.get(ADVICE).send().await;
    let items = items(&advice);
    assert_eq!(items.len(), 3);
    let plans: Vec<&Value> = items.iter().map(|item| &item["score"]["plans"]).collect();
    assert_eq!(plans, [1, 0, 0], "the first brings American's points; nothing is left for the others to bring");
    insta::assert_json_snapshot!("recommendation", items[0]);
    let business =
        advice.body["notRecommended"].as_array().unwrap().iter().find(|left| left["card"] == "citi-aadvantage-business");
    let left = advice.body["notRecommended"].as_array().unwrap();
    let had = left.iter().find(|left| left["card"] == "chase-sapphire-preferred").unwrap();
    assert_eq!(had["why"], json!([{"kind": "held", "text": "You have it."}]));
    assert_eq!(items.len() + left.len(), domain::cards::Catalogue::shipped().cards().count(), "each is named");
    assert_eq!(business.unwrap()["why"], json!([{"kind": "needs-business", "text": "It is for businesses."}]));
}

#[tokio::test]
async fn a_rule_that_would_refuse_is_named() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    create(&demo, with(dubai(), "filters", json!({"programmes": ["hyatt"]}))).await;
    let five = json!({"elsewhere": vec![json!({"opened": "2025-12-01"}); 5]});
    say(&demo, five).await.assert(204, "");
    let advice = demo.get(ADVICE).send().await;
    let left = advice.body["notRecommended"].as_array().unwrap().iter().find(|left| left["card"] == "world-of-hyatt").unwrap();
    let text = "You would most likely be refused: Chase refuses a card to who has opened 5 cards for people, of any bank, within \
                24 months.";
    assert_eq!(left["why"], json!([{"kind": "refused", "rule": "chase-5-24", "text": text}]));
}

#[tokio::test]
async fn points_are_worth_what_the_member_says() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    create(&demo, dubai()).await;
    demo.put("/v1/me/valuations").body(json!({"valuations": {"citi-typ": "2.5"}})).send().await.assert(204, "");
    let advice = demo.get(ADVICE).send().await;
    let first = &items(&advice)[0];
    assert_eq!((&first["card"]["id"], &first["score"]["value"]["amount"]), (&json!("citi-strata-premier"), &json!("1500.00")));
    let worth = first["reasons"].as_array().unwrap().iter().find(|reason| reason["kind"] == "bonus").unwrap()["worth"].clone();
    assert_eq!(worth, json!({"cents": "2.5000", "basis": "own"}));
}

#[tokio::test]
async fn advice_is_in_the_members_language_where_there_are_words_in_it() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    create(&demo, dubai()).await;
    demo.patch("/v1/me").body(json!({"locale": "de-AT"})).send().await.assert(204, "");
    let advice = demo.get(ADVICE).send().await;
    assert_eq!(advice.body["language"], "de");
    let first = &items(&advice)[0];
    assert!(first["sentence"].as_str().is_some_and(|text| text.ends_with("macht einen deiner Pläne erreichbar.")), "{first:#}");
    let fills = first["reasons"].as_array().unwrap().iter().find(|reason| reason["kind"] == "fills").unwrap();
    let text = fills["text"].as_str().unwrap();
    assert!(text.ends_with("das braucht einer deiner Pläne, und keine deiner Karten bringt es."), "{text}");
    demo.patch("/v1/me").body(json!({"locale": "fr-FR"})).send().await.assert(204, "");
    assert_eq!(demo.get(ADVICE).send().await.body["language"], "en");
}

/// Which calls are made.
#[derive(Debug, Default)]
struct Calls(Mutex<Vec<String>>);

impl Faults for Calls {
    fn before(&self, call: &CallInfo) -> Action {
        self.0.lock().unwrap().push(format!("{} by {}", call.operation, call.function));
        Action::Proceed
    }
}

#[tokio::test]
async fn who_opts_out_is_told_nothing_and_nothing_is_looked_at() {
    let (app, _) = told().await;
    let demo = app.member("demo");
    say(&demo, sapphire()).await.assert(204, "");
    demo.put("/v1/me/valuations").body(json!({"valuations": {"citi-typ": "2.5"}})).send().await.assert(204, "");
    demo.put("/v1/me/cards/opt-out").body(json!({"optedOut": true})).send().await.assert(200, "");
    let calls = Arc::new(Calls::default());
    app.set_faults(calls.clone());
    let (gaps, advice) = (demo.get(GAPS).send().await, demo.get(ADVICE).send().await);
    assert_eq!(gaps.body, json!({"optedOut": true, "plans": 0, "unmet": 0, "items": []}));
    let nothing = json!({"optedOut": true, "language": "en", "items": [], "notRecommended": [], "caution": null});
    assert_eq!(advice.body, nothing);
    // Whose host it is, and that they opted out. Nothing is opened, and no plan is read.
    let of = |function: &str| vec![format!("GetItem by {function}"); 2];
    assert_eq!(*calls.0.lock().unwrap(), [of("cards-list-gaps"), of("cards-list-recommendations")].concat());

    demo.put("/v1/me/cards/opt-out").body(json!({"optedOut": false})).send().await.assert(200, "");
    assert!(!items(&demo.get(ADVICE).send().await).is_empty(), "what was said is still there");
}

#[tokio::test]
async fn the_catalogue_is_listed_page_by_page_and_by_filters() {
    let app = TestApp::new().await;
    let demo = app.member("demo");
    let ids: Vec<String> = pages(&demo, "/v1/cards", 20).await.iter().flat_map(|page| each(page, "id")).collect();
    assert!(ids.len() >= 50 && ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    let free = demo.get("/v1/cards?issuer=chase&kind=personal&maxFee=0&programme=chase-ur").send().await;
    assert_eq!(each(&free, "id"), ["chase-freedom-flex", "chase-freedom-unlimited"]);
    assert_eq!(free.header("cache-control"), "private, max-age=3600");
    let flex = &items(&free)[0];
    let rotating = json!({"category": "rotating", "pointsPerDollar": "5.00", "limit": {"usd": 1500, "per": "quarter"}});
    assert!(flex["earnings"].as_array().unwrap().contains(&rotating), "{flex}");
    assert_eq!(flex["source"]["asOf"], "2026-09-01");
    let rules: Vec<&str> = flex["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(rules, ["chase-5-24", "chase-2-30", "chase-1-30-after-business", "chase-bonus-24"], "and none of other families");
    let told = "Chase refuses a card to who has opened 5 cards for people, of any bank, within 24 months.";
    assert_eq!((&flex["rules"][0]["text"], &flex["rules"][0]["refuses"]), (&json!(told), &json!(true)));
    let wrong = demo.get("/v1/cards?kind=corporate&maxFee=-1&limit=0").send().await;
    let named: Vec<String> = faults(&wrong).into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(named, ["/kind", "/limit", "/maxFee"]);
    let no_number = demo.get("/v1/cards?maxFee=95USD").send().await;
    assert_eq!(no_number.body["errors"][0]["detail"], "must be a whole number, 0 or more");
}
