//! Every function has its file, its binary, its entry in the manifest and its sample event, and nothing is left over.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;

use contracts_tests::{files_in, functions, sample_path, text};
use xtask::{docs, openapi, stacks, triggers};

fn contexts() -> BTreeSet<&'static str> {
    functions().into_iter().map(|function| function.spec().context()).collect()
}

fn names_of(context: &str) -> Vec<String> {
    let mut names: Vec<String> = functions()
        .iter()
        .filter(|function| function.spec().context() == context)
        .map(|function| function.spec().name.to_owned())
        .collect();
    names.sort_unstable();
    names
}

#[test]
fn every_folder_is_a_context_and_every_context_a_folder() {
    let folders: BTreeSet<String> = files_in("functions").into_iter().collect();
    assert_eq!(folders, contexts().into_iter().map(str::to_owned).collect());
}

#[test]
fn names_are_unique() {
    let names: Vec<&str> = functions().iter().map(|function| function.spec().name).collect();
    assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "{names:?}");
}

#[test]
fn every_function_has_one_binary_that_serves_it_and_every_binary_a_function() {
    for context in contexts() {
        let mut expected: Vec<String> = names_of(context).iter().map(|name| format!("{name}.rs")).collect();
        expected.sort();
        assert_eq!(files_in(&format!("functions/{context}/src/bin")), expected);
    }
    for function in functions() {
        let (spec, context) = (function.spec(), function.spec().context());
        let binary = text(&format!("functions/{context}/src/bin/{}.rs", spec.name)).unwrap();
        let calls: Vec<&str> = binary.lines().filter(|line| line.contains("lambda::serve")).map(str::trim).collect();
        // Who calls the world outside links what that takes; nobody else does.
        let serve = if function.needed().sources.is_empty() { "serve" } else { "serve_calling" };
        assert_eq!(calls, [format!("platform::lambda::{serve}(&{context}::{}::FUNCTION)", spec.file())], "{}", spec.name);
    }
}

#[test]
fn every_binary_is_in_the_manifest_without_tests_of_its_own() {
    for context in contexts() {
        let manifest = text(&format!("functions/{context}/Cargo.toml")).unwrap();
        let mut binaries: Vec<String> =
            manifest.split("[[bin]]\n").skip(1).map(|section| section.split("\n\n").next().unwrap().to_owned()).collect();
        binaries.sort_unstable();
        let expected: Vec<String> = names_of(context).iter().map(|name| format!("name = \"{name}\"\ntest = false")).collect();
        assert_eq!(binaries, expected, "{context}");
    }
}

#[test]
fn every_function_stands_in_the_file_that_is_called_like_it_and_says_first_what_starts_it() {
    for function in functions() {
        let spec = function.spec();
        let path = format!("functions/{}/src/{}.rs", spec.context(), spec.file());
        let code = text(&path).unwrap();
        assert_eq!(code.matches("pub static FUNCTION:").count(), 1, "{path}");
        assert!(code.contains(&format!("\"{}\"", spec.name)), "{path} names another function");
        let expected = format!("//! {}", triggers::first_words(function));
        let first = code.lines().next().unwrap();
        // After it the line ends, or goes on to say what is done.
        let rest =
            first.strip_prefix(&expected).unwrap_or_else(|| unreachable!("{path} begins with {first:?}, not with {expected:?}"));
        assert!(rest.is_empty() || rest.starts_with(':'), "{path}: {first}");
    }
}

#[test]
fn every_function_has_a_sample_event_and_every_sample_a_function() {
    let expected: BTreeSet<String> = functions().into_iter().map(sample_path).collect();
    let folders = files_in("events").into_iter().filter(|name| !name.contains('.'));
    let found = folders
        .flat_map(|folder| files_in(&format!("events/{folder}")).into_iter().map(move |file| format!("events/{folder}/{file}")));
    assert_eq!(found.collect::<BTreeSet<_>>(), expected);
}

#[test]
fn what_is_made_from_the_descriptors_is_not_stale() {
    let made = [vec![openapi::file().unwrap()], docs::files().to_vec(), stacks::files(&xtask::root()).unwrap()].concat();
    let root = xtask::root();
    let stale: Vec<&str> = made.iter().filter(|made| !made.is_current(&root)).map(|made| made.path.as_str()).collect();
    assert!(stale.is_empty(), "{stale:?} are stale: run `cargo xtask openapi`, `cargo xtask docs` and `cargo xtask stacks`");
}
