//! A fuzzer's target: names of places. Built without one, it writes to a folder what a fuzzer begins with.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(fuzz::PLACES);
