//! Where a listing that was never seen belongs: to the property that it fits clearly better than any other, and that no other listing of its
//! source fits as well.

use std::collections::BTreeMap;

use super::{
    Listing, Property, Verdict,
    likeness::{Fit, Likeness},
};

/// What becomes of a listing that was never seen before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placing {
    /// It is the property at this place of the list, since it is so alike.
    In(usize, Likeness),
    /// It is a property of its own; a human is to be asked about those at these places.
    Alone(Vec<(usize, Likeness)>),
}

/// Where a listing belongs among the properties near it. `beside` are the others that its source answered with: of two of one name it is
/// known before either is placed that the name tells nothing. So neither the order in which answers come matters, nor that in which
/// properties are read.
pub fn place(listing: &Listing, near: &[Property], beside: &[Listing]) -> Placing {
    let fits: BTreeMap<usize, Fit> =
        near.iter().enumerate().filter_map(|(at, property)| Some((at, Fit::of(property, listing)?))).collect();
    let rivals = rivals(listing, near, beside);
    let rivals_for = |at: usize| rivals.iter().filter_map(move |rival| Fit::of(&near[at], rival));
    let is_clear = |(at, fit): &(&usize, &Fit)| {
        fits.iter().all(|(other, rival)| other == *at || fit.beats(*rival)) && rivals_for(**at).all(|rival| fit.beats(rival))
    };
    let clear = fits.iter().find(is_clear).and_then(|(at, _)| Some((*at, near[*at].likeness(listing)?)));
    if let Some((at, likeness)) = clear {
        return Placing::In(at, likeness);
    }
    // What another one of its source fits clearly better is that one's.
    let is_anothers = |at: usize| fits.get(&at).is_some_and(|fit| rivals_for(at).any(|rival| rival.beats(*fit)));
    let compared = near.iter().enumerate().filter_map(|(at, property)| Some((at, property.likeness(listing)?)));
    let doubtful = compared.filter(|(at, likeness)| likeness.verdict != Verdict::Different && !is_anothers(*at));
    Placing::Alone(doubtful.map(|(at, likeness)| (at, likeness.in_doubt())).collect())
}

/// The other listings of its source that are known here.
fn rivals<'a>(listing: &Listing, near: &'a [Property], beside: &'a [Listing]) -> Vec<&'a Listing> {
    let known = near.iter().filter_map(|property| property.listings.get(&listing.key.source));
    let told = beside.iter().filter(|other| other.key.source == listing.key.source);
    known.chain(told).filter(|other| other.key != listing.key).collect()
}
