//! A fuzzer's target: the rates of the European Central Bank. Built without one, it writes to a folder what a fuzzer begins with.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(fuzz::RATES);
