//! A fuzzer's target: what sources send by themselves. Built without one, it writes to a folder what a fuzzer begins with.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(fuzz::NOTICES);
