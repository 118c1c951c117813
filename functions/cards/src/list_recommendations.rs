//! `GET /v1/me/cards/recommendations`

use axum::extract::State;
use domain::{
    booking::Booking,
    cards::{Card, CardId, Catalogue, LeftOut, MemberCards, Reach, Recommendation, Score, Situation, recommend},
    deals::{Deal, SavedDeal},
    identity::{Member, Role},
    language::Language,
    money::{Currency, Money},
    tables,
    wallets::{OwnValuations, Wallet},
    watchers::Watcher,
};
use platform::{Answer, Caller, Deps, Endpoint, Problems, Reply, wallet};
use serde::Serialize;
use storage::{Entity, Grant, MemberKey};
use utoipa::ToSchema;
use utoipa_axum::routes;

use crate::{
    card_view::CardView,
    plans::{Plans, plans},
    reasons_view::{ObstacleView, ReasonView},
    words::Words,
};

/// Recommends cards to members.
pub static FUNCTION: Endpoint = Endpoint::of(Role::Member, "cards-list-recommendations", || routes!(list_recommendations))
    .may(&[
        Booking::READ,
        Deal::READ,
        Member::READ,
        MemberCards::READ,
        MemberKey::READ,
        OwnValuations::READ,
        SavedDeal::READ,
        Wallet::READ,
        Watcher::READ,
        Grant::UseKeys,
    ])
    .goes_by(&[tables::cards, tables::values, tables::transfers]);

/// What is recommended to the caller.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recommendations {
    /// Whether the caller wants no advice: then nothing was looked at.
    opted_out: bool,
    /// The language of all sentences.
    #[schema(example = "en")]
    language: &'static str,
    /// The best first; three at most.
    items: Vec<RecommendationView>,
    /// All other cards, each with what speaks against it.
    not_recommended: Vec<NotRecommended>,
    /// What is to be known of all advice. Null if there is none.
    caution: Option<&'static str>,
}

/// A card to get.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecommendationView {
    /// In a sentence.
    sentence: String,
    /// The card.
    card: CardView,
    /// How good it is for the caller. Cards are ranked by the first, then by the second in steps of 100 dollars, then by the
    /// third.
    score: ScoreView,
    /// Why.
    reasons: Vec<ReasonView>,
    /// That we are paid for it, if we are.
    disclosure: Option<&'static str>,
}

/// How good a card is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScoreView {
    /// How many plans it brings within reach that no card held does, nor one recommended before it.
    plans: usize,
    /// What its bonus and what a year's spending earns are worth.
    value: Money,
    /// What it leaves a year besides points: half of what its credits pay back, since few use all of them, less its yearly fee.
    /// Below zero, if the fee is more.
    net_of_fee: Money,
}

/// A card that is not recommended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotRecommended {
    /// Which.
    card: CardId,
    /// Why not.
    why: Vec<ObstacleView>,
}

impl From<Score> for ScoreView {
    fn from(Score { filled, value_cents, net_cents }: Score) -> Self {
        let usd = |cents| Money::from_minor(cents, Currency::USD).unwrap_or(Money::zero(Currency::USD));
        Self { plans: filled, value: usd(value_cents), net_of_fee: usd(net_cents) }
    }
}

impl RecommendationView {
    fn of(words: Words, card: &Card, Recommendation { score, reasons, .. }: Recommendation) -> Self {
        Self {
            sentence: words.headline(card, score.filled),
            card: CardView::of(words, card),
            score: score.into(),
            reasons: reasons.into_iter().map(|reason| ReasonView::of(words, reason)).collect(),
            disclosure: card.pays_us.then_some(words.disclosure()),
        }
    }
}

fn not_recommended(words: Words, LeftOut { card, why }: LeftOut) -> NotRecommended {
    NotRecommended { card, why: why.into_iter().map(|why| ObstacleView::of(words, why)).collect() }
}

/// Recommends cards to the caller
///
/// At most three. What brings plans within reach that the caller's points don't pay for and no card held brings comes first, then what
/// its bonus and a year's spending are worth to the caller, then its fee against what it pays back; each is the best beside those before
/// it, and no rule of their issuers forbids to get all of them. Whom we are paid by has no part in it. All other cards are named with
/// what speaks against them, rules of their issuers most of all.
#[utoipa::path(
    get,
    path = "/v1/me/cards/recommendations",
    tag = "cards",
    responses(
        (status = 200, body = Recommendations),
        (status = 304, description = "Not changed since `If-None-Match`"),
        Problems,
    )
)]
async fn list_recommendations(State(cx): State<Deps>, caller: Caller) -> Reply<Recommendations> {
    let Some(Plans { held, wishes }) = plans(&cx, &caller).await? else {
        // In no language but ours: who wants no advice is not looked up.
        let language = Language::default().code();
        return Ok(Answer::ok(Recommendations { opted_out: true, language, ..Recommendations::default() }));
    };
    let (profile, (worth, _)) =
        futures::try_join!(caller.profile(&cx), async { Ok(wallet::valuations(&cx, &caller.owner).await?) })?;
    let words = Words(Language::of(&profile.locale));
    let today = profile.zone.local(cx.now()).date();
    let (catalogue, reach) = (Catalogue::shipped(), Reach::confirmed());
    let situation = Situation { held: &held, wishes: &wishes, reach: &reach, worth: &worth, today };
    let advice = recommend(catalogue, situation);
    let shown = |item: Recommendation| Some(RecommendationView::of(words, catalogue.card(&item.card)?, item));
    Ok(Answer::ok(Recommendations {
        opted_out: false,
        language: words.language(),
        items: advice.recommended.into_iter().filter_map(shown).collect(),
        not_recommended: advice.left_out.into_iter().map(|left| not_recommended(words, left)).collect(),
        caution: Some(words.caution()),
    }))
}
