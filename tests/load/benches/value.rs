//! What a valuation and a funding plan take, one core: `cargo bench -p load --bench value`. Both are held against their budget:
//! a million valuations a second, and a millisecond for the slowest but one in a hundred plans over twenty currencies.
#![allow(clippy::panic, clippy::print_stdout, clippy::unwrap_used, reason = "what was measured")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use domain::{
    funding::{Balances, FundingError, Terms, plan},
    money::{CentsPerPoint, Currency, Money, Points, ProgrammeId},
    rates::Rates,
    transfers::{Ratio, TransferBonus, TransferFee, TransferPartner, TransferTime, partners},
    value::{Award, Cash, Fees, Valuations, appraise},
};
use jiff::{Timestamp, civil::date};

const VALUATIONS: u64 = 2_000_000;
const PLANS: usize = 5_000;

fn main() {
    let (division, with_lines, converted) = (plain_division(), valuations(Currency::USD), valuations(Currency::EUR));
    println!(
        "valuations a second, one core: {with_lines} (a bare decimal division: {division}; with fees in another currency: {converted})"
    );
    let shipped = plans("shipped partners, bonuses in force", &|rng| with_bonuses(rng, wallet_of_the_shipped));
    let many_ways = plans("five currencies with many ways to one total", &many_ways_wallet);
    // Harder than there is: reported, and held to nothing.
    plans("the same with bonuses in force", &|rng| with_bonuses(rng, many_ways_wallet));
    plans("8 currencies that all lead there, bonuses in force", &|rng| with_bonuses(rng, dense_wallet));
    assert!(with_lines >= 1_000_000, "fewer than a million valuations a second");
    for (what, plans) in [("a plan", shipped), ("a plan with many ways", many_ways)] {
        assert!(plans.p99 < Duration::from_millis(1), "{what} takes a millisecond");
        assert!(plans.too_large == 0, "{what} is too large, {} times", plans.too_large);
    }
}

fn a_second(count: u64, run: impl Fn(u64)) -> u64 {
    let rounds = (0..3).map(|_| {
        let started = Instant::now();
        (0..count).for_each(&run);
        started.elapsed()
    });
    let fastest = rounds.min().unwrap();
    u64::try_from(u128::from(count) * 1_000_000_000 / fastest.as_nanos()).unwrap()
}

/// The least that an exact valuation can be: one decimal divided by another and rounded.
fn plain_division() -> u64 {
    let cash = usd(56_350).amount();
    a_second(VALUATIONS, |n| {
        black_box(CentsPerPoint::rounded(
            black_box(cash) * rust_decimal::Decimal::ONE_HUNDRED / rust_decimal::Decimal::from(50_000 + n),
        ));
    })
}

/// All of it: four fees, each its line, verdict, yardstick and break-even.
fn valuations(of_fees: Currency) -> u64 {
    let programme: ProgrammeId = "atmos".parse().unwrap();
    let fee = |minor| Some(Money::from_minor(minor, of_fees).unwrap());
    let fees =
        Fees { taxes: fee(560), carrier_surcharge: fee(2_000), booking: fee(1_250), transfer: fee(300), ..Fees::default() };
    let cash = Some(Cash::Same(usd(56_350)));
    a_second(VALUATIONS, |n| {
        let points = Points::try_from(50_000 + n % 1_000).unwrap();
        let award = Award { programme: &programme, points, fees, cash, on: date(2026, 4, 13) };
        black_box(appraise(black_box(&award), None, Rates::shipped()).unwrap());
    })
}

fn usd(minor: i64) -> Money {
    Money::from_minor(minor, Currency::USD).unwrap()
}

/// A wallet, what it is worth, whose points are needed, how many, and which transfers and bonuses there are.
struct Case {
    balances: Balances,
    valuations: Valuations,
    programme: ProgrammeId,
    points: Points,
    partners: Vec<TransferPartner>,
    bonuses: Vec<TransferBonus>,
}

/// What plans took.
struct Plans {
    /// How long all but the slowest in a hundred.
    p99: Duration,
    /// How many were given up.
    too_large: usize,
}

fn plans(what: &str, case: &dyn Fn(&mut fastrand::Rng) -> Case) -> Plans {
    let (mut rng, at) = (fastrand::Rng::with_seed(1), "2026-11-21T12:00:00Z".parse::<Timestamp>().unwrap());
    let (mut times, mut found, mut most, mut with_bonus, mut too_large) = (Vec::new(), 0, 0, 0, 0);
    for _ in 0..PLANS {
        let Case { balances, valuations, programme, points, partners, bonuses } = case(&mut rng);
        let terms = Terms { partners: &partners, bonuses: &bonuses, at };
        let started = Instant::now();
        let planned = plan(&programme, points, &balances, &valuations, &terms);
        times.push(started.elapsed());
        match planned {
            Ok(plan) => {
                found += 1;
                most = most.max(plan.transfers.len());
                with_bonus += usize::from(plan.transfers.iter().any(|transfer| transfer.bonus_percent > 0));
            }
            Err(FundingError::Short(_)) => {}
            Err(FundingError::TooLarge) => too_large += 1,
            Err(error) => panic!("{error}"),
        }
    }
    times.sort_unstable();
    let [half, p99, worst] = [PLANS / 2, PLANS * 99 / 100, PLANS - 1].map(|at| times[at]);
    println!(
        "{what}: {PLANS} plans, {found} found ({with_bonus} by a bonus), {too_large} too large, with up to {most} transfers: \
         median {half:?}, p99 {p99:?}, slowest {worst:?}"
    );
    Plans { p99, too_large }
}

/// The same with bonuses in force on three in four of the transfers that lead there.
fn with_bonuses(rng: &mut fastrand::Rng, case: impl Fn(&mut fastrand::Rng) -> Case) -> Case {
    let case = case(rng);
    let there = case.partners.iter().filter(|partner| partner.to == case.programme);
    let bonuses = there.filter_map(|partner| {
        let percent = [0, 0, 15, 20, 25, 30, 35, 40][rng.usize(..8)];
        (percent > 0).then(|| TransferBonus {
            from: partner.from.clone(),
            to: partner.to.clone(),
            percent,
            starts: date(2026, 11, 1),
            ends: date(2026, 11, 30),
            source: "made up".to_owned(),
            as_of: date(2026, 11, 1),
        })
    });
    let bonuses = bonuses.collect();
    Case { bonuses, ..case }
}

/// Twenty balances over the shipped table; half of the members value their points at a round number of half cents.
fn wallet_of_the_shipped(rng: &mut fastrand::Rng) -> Case {
    let mut all: Vec<ProgrammeId> = partners().iter().flat_map(|partner| [&partner.from, &partner.to]).cloned().collect();
    all.sort_unstable();
    all.dedup();
    let banks =
        all.iter().filter(|programme| partners().iter().any(|partner| partner.from == **programme)).cloned().collect::<Vec<_>>();
    let target = partners()[rng.usize(..partners().len())].to.clone();
    let mut have: Vec<ProgrammeId> = banks;
    while have.len() < 20 {
        have.push(all[rng.usize(..all.len())].clone());
    }
    let (balances, valuations) = (any_balances(rng, &have), any_valuations(rng, &have));
    let points = Points::try_from(rng.u64(1..400_000)).unwrap();
    Case { balances, valuations, programme: target, points, partners: partners().to_vec(), bonuses: vec![] }
}

/// Four banks whose points are worth the same, and one whose points bring extra ones: sums that are all but equal.
fn many_ways_wallet(rng: &mut fastrand::Rng) -> Case {
    let id = |programme: &str| programme.parse::<ProgrammeId>().unwrap();
    let banks = ["amex-mr", "bilt", "capital-one", "chase-ur"].map(|bank| (id(bank), 133_000_u64, 15_000));
    let all = banks.into_iter().chain([(id("marriott-bonvoy"), 400_000, 7_000), (id("aeroplan"), 0, 13_500)]);
    let all: Vec<(ProgrammeId, u64, i64)> = all.collect();
    let balances = all.iter().map(|(programme, points, _)| (programme.clone(), Points::try_from(*points).unwrap())).collect();
    let cents =
        |(programme, _, cents): &(ProgrammeId, u64, i64)| (programme.clone(), CentsPerPoint::from_ten_thousandths(*cents));
    let valuations = all.iter().map(cents).collect();
    // The first is the one that was found to be hard.
    let need = if rng.u8(..10) == 0 { 400_050 } else { rng.u64(380_000..560_000) };
    let (programme, points) = (id("aeroplan"), Points::try_from(need).unwrap());
    Case { balances, valuations, programme, points, partners: partners().to_vec(), bonuses: vec![] }
}

/// More than there is, seven: eight currencies that all become the same one, at ratios, increments and fees as they are found. It is
/// reported, not held to the budget.
fn dense_wallet(rng: &mut fastrand::Rng) -> Case {
    let mut all: Vec<ProgrammeId> = partners().iter().flat_map(|partner| [&partner.from, &partner.to]).cloned().collect();
    all.sort_unstable();
    all.dedup();
    let target: ProgrammeId = "hyatt".parse().unwrap();
    let have: Vec<ProgrammeId> = all.into_iter().filter(|programme| *programme != target).take(8).collect();
    let partner = |from: &ProgrammeId, rng: &mut fastrand::Rng| {
        let (give, get, step) =
            [(1, 1, 1_000), (1, 1, 1_000), (1, 1, 100), (5, 4, 1_000), (4, 3, 100), (3, 1, 3_000), (1, 2, 100)][rng.usize(..7)];
        TransferPartner {
            from: from.clone(),
            to: target.clone(),
            ratio: Ratio { give, get },
            minimum: Some(1_000.try_into().unwrap()),
            increment: Some(step.try_into().unwrap()),
            most: None,
            extra: None,
            time: rng.bool().then(|| TransferTime {
                typical_minutes: rng.u32(..4) * 1_440,
                worst_minutes: 8_640,
                as_of: date(2026, 1, 1),
            }),
            fee: (rng.usize(..8) == 0).then(|| TransferFee { per_point: "0.0006".parse().unwrap(), at_most: usd(9_900) }),
            reversible: false,
            confirmed: true,
            source: "made up".to_owned(),
            as_of: date(2026, 1, 1),
            note: None,
        }
    };
    let offered = have.iter().map(|from| partner(from, rng)).collect();
    let (balances, valuations) = (any_balances(rng, &have), any_valuations(rng, &have));
    let points = Points::try_from(rng.u64(1..600_000)).unwrap();
    Case { balances, valuations, programme: target, points, partners: offered, bonuses: vec![] }
}

fn any_balances(rng: &mut fastrand::Rng, have: &[ProgrammeId]) -> Balances {
    have.iter().map(|programme| (programme.clone(), Points::try_from(rng.u64(..120_000)).unwrap())).collect()
}

fn any_valuations(rng: &mut fastrand::Rng, have: &[ProgrammeId]) -> Valuations {
    let round = rng.bool();
    let cents = |rng: &mut fastrand::Rng| if round { rng.i64(2..=4) * 5_000 } else { rng.i64(8_000..24_000) };
    have.iter().map(|programme| (programme.clone(), CentsPerPoint::from_ten_thousandths(cents(rng)))).collect()
}
