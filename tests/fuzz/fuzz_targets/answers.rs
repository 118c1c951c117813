//! A fuzzer's target: all that adapters do with what sources answer. Built without one, it writes to a folder what a fuzzer begins with.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(fuzz::ANSWERS);
