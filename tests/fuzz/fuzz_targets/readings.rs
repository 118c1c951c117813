//! A fuzzer's target: every reading of the table of sources. Built without one, it writes to a folder what a fuzzer begins with.
#![cfg_attr(fuzzing, no_main)]

fuzz::target!(fuzz::READINGS);
