//! Where properties are looked for: cells of about 2.2 km, so that whatever is near a place lies in four of them at most.
//!
//! Reckoned in whole millionths of a degree (11 cm): there are no floats here, and the same place is in the same cell everywhere.

use std::collections::BTreeSet;

use rust_decimal::{Decimal, prelude::ToPrimitive};

use crate::{stays::Position, text::text};

/// What is farther apart is not the same house, in metres.
pub const NEAR_METRES: u64 = 1_000;

/// The height of a cell, and its width at the equator, in millionths of a degree.
const CELL: i64 = 20_000;
/// A bit more than [`NEAR_METRES`] of latitude, in millionths of a degree.
const NEAR: i64 = 9_000;
/// Millionths of a degree.
const QUARTER: i64 = 90_000_000;
const HALF: i64 = 2 * QUARTER;
const WHOLE: i64 = 2 * HALF;
/// Millimetres in a thousandth of a degree of a great circle of the earth's mean radius, 6,371.0 km (IUGG).
const MILLIMETRES: i64 = 111_195;
/// No ring is wider, in metres.
const METRES_MOST: i64 = 1_000_000;
/// One, in millionths.
const ONE: i64 = 1_000_000;

text!(
    /// A cell of the earth.
    Cell, "a cell", cell, example "6970-10250"
);

fn cell(text: &str) -> Result<(), &'static str> {
    let number = |part: &str| (1..=5).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    let parts = text.split_once('-').is_some_and(|(band, column)| number(band) && number(column));
    if parts { Ok(()) } else { Err("two numbers with a hyphen between them") }
}

impl Cell {
    /// The cell that a place lies in.
    pub fn of(position: Position) -> Self {
        let (latitude, longitude) = millionths(position);
        Self::at(latitude, longitude)
    }

    /// The cells in which everything lies that is near a place: those of the corners of a square around it, which is smaller than a
    /// cell.
    pub fn around(position: Position) -> BTreeSet<Self> {
        let (latitude, longitude) = millionths(position);
        let wide = (NEAR * ONE / cosine(latitude.abs() + NEAR).max(1)).min(HALF - 1);
        let corners = [(-NEAR, -wide), (-NEAR, wide), (NEAR, -wide), (NEAR, wide)];
        corners.into_iter().map(|(up, along)| Self::at(latitude + up, longitude + along)).collect()
    }

    fn at(latitude: i64, longitude: i64) -> Self {
        let band = (latitude.clamp(-QUARTER, QUARTER) + QUARTER) / CELL;
        let (low, high) = (band * CELL - QUARTER, (band + 1) * CELL - QUARTER);
        // As many columns as are no narrower than a cell where the band is narrowest.
        let columns = (WHOLE / CELL * cosine(low.abs().max(high.abs())) / ONE).max(1);
        let column = (longitude + HALF).rem_euclid(WHOLE) * columns / WHOLE;
        Self(format!("{band}-{column}"))
    }
}

/// A ring of so many metres around a place: twelve corners against the clock, each as degrees east and north, and the first again at
/// the end. What lies inside is 95 % of the circle.
pub fn ring(position: Position, metres: u64) -> Vec<(Decimal, Decimal)> {
    /// Cosine and sine of every thirty degrees, in thousandths.
    const CORNERS: [(i64, i64); 12] = [
        (1_000, 0),
        (866, 500),
        (500, 866),
        (0, 1_000),
        (-500, 866),
        (-866, 500),
        (-1_000, 0),
        (-866, -500),
        (-500, -866),
        (0, -1_000),
        (500, -866),
        (866, -500),
    ];
    let (latitude, longitude) = millionths(position);
    let radius = i64::try_from(metres).unwrap_or(i64::MAX).min(METRES_MOST) * ONE / MILLIMETRES;
    let wide = radius * ONE / cosine(latitude.abs()).max(ONE / 1_000);
    let degrees = |millionths: i64| Decimal::new(millionths, 6).normalize();
    let corner = |(along, up): &(i64, i64)| {
        let east = (longitude + wide * along / 1_000 + HALF).rem_euclid(WHOLE) - HALF;
        (degrees(east), degrees((latitude + radius * up / 1_000).clamp(-QUARTER, QUARTER)))
    };
    CORNERS.iter().chain(&CORNERS[..1]).map(corner).collect()
}

/// How far it is from one place to another, in metres; to about 1 %, for places that are not far apart.
pub fn metres(one: Position, other: Position) -> u64 {
    let ((a, b), (c, d)) = (millionths(one), millionths(other));
    let across = (b - d).rem_euclid(WHOLE);
    let across = across.min(WHOLE - across) * cosine((a + c).abs() / 2) / ONE;
    let millimetres = |degrees: i64| u128::from((degrees * MILLIMETRES / 1_000).unsigned_abs());
    let (up, along) = (millimetres(a - c), millimetres(across));
    u64::try_from((up * up + along * along).isqrt() / 1_000).unwrap_or(u64::MAX)
}

fn millionths(position: Position) -> (i64, i64) {
    let whole = |degrees: Decimal| (degrees * Decimal::from(ONE)).round().to_i64().unwrap_or(0);
    (whole(position.latitude()), whole(position.longitude()))
}

/// The cosine of 0 to 90 degrees, both in millionths, by Bhaskara's formula: off by no more than 0.0017.
fn cosine(degrees: i64) -> i64 {
    let square = i128::from(degrees.clamp(0, QUARTER)).pow(2);
    let whole = i128::from(HALF).pow(2);
    let cosine = (whole - 4 * square) * i128::from(ONE) / (whole + square);
    i64::try_from(cosine).unwrap_or(0)
}
