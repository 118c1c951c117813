//! The API's description as a page.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::{
    Pages,
    functions::{caller, route},
    openapi::{Document, Part, SchemaView, anchor, entries, example, inline, items, schema_anchor, slug, text},
};

const METHODS: [&str; 8] = ["get", "post", "put", "patch", "delete", "head", "options", "trace"];
const JSON: &str = "application/json";

#[derive(Serialize)]
pub(super) struct DocsView {
    title: String,
    version: String,
    about: String,
    tags: Vec<TagView>,
    schemas: Vec<NamedSchema>,
}

#[derive(Serialize)]
struct TagView {
    name: String,
    anchor: String,
    about: String,
    operations: Vec<OperationView>,
}

#[derive(Serialize)]
struct OperationView {
    anchor: String,
    method: &'static str,
    path: String,
    summary: String,
    about: String,
    caller: Option<&'static str>,
    parameters: SchemaView,
    body: Option<BodyView>,
    answers: Vec<AnswerView>,
    problems: Vec<AnswerView>,
    curl: String,
}

#[derive(Serialize)]
struct BodyView {
    media: String,
    required: bool,
    kind: Vec<Part>,
    schema: SchemaView,
    #[serde(skip)]
    sample: Value,
}

#[derive(Serialize)]
struct AnswerView {
    status: String,
    about: String,
    kind: Vec<Part>,
}

#[derive(Serialize)]
struct NamedSchema {
    anchor: String,
    name: String,
    kind: Vec<Part>,
    schema: SchemaView,
}

pub(super) fn view(pages: &Pages, base: &str) -> DocsView {
    let document = Document(&pages.openapi);
    let info = &document.0["info"];
    let title = Some(text(info, "title")).filter(|title| !title.is_empty()).unwrap_or("API");
    DocsView {
        title: title.to_owned(),
        version: text(info, "version").to_owned(),
        about: text(info, "description").to_owned(),
        tags: Reader { document, callers: callers(pages), base }.tags(),
        schemas: schemas(document),
    }
}

/// Who may call what, as the functions themselves say.
fn callers(pages: &Pages) -> BTreeMap<String, &'static str> {
    let of = |function: &&'static dyn platform::Function| {
        let (method, path) = route(*function)?;
        let access = function.as_endpoint()?.access();
        Some((anchor(method, &path), caller(access)))
    };
    pages.functions.iter().filter_map(of).collect()
}

fn schemas(document: Document<'_>) -> Vec<NamedSchema> {
    let named = |(name, schema): (&String, _)| NamedSchema {
        anchor: schema_anchor(name),
        name: name.clone(),
        kind: document.kind(schema),
        schema: document.schema(schema),
    };
    entries(&document.0["components"]["schemas"]).map(named).collect()
}

struct Reader<'a> {
    document: Document<'a>,
    callers: BTreeMap<String, &'static str>,
    base: &'a str,
}

impl<'a> Reader<'a> {
    /// The operations by their first tag: in the order of the document's tags, then as they come.
    fn tags(&self) -> Vec<TagView> {
        let declared = items(&self.document.0["tags"]).map(|tag| tag_view(text(tag, "name"), text(tag, "description")));
        let mut tags: Vec<TagView> = declared.collect();
        for (path, item) in entries(&self.document.0["paths"]) {
            for method in METHODS.into_iter().filter(|method| item[*method].is_object()) {
                let name = item[method]["tags"][0].as_str().unwrap_or("other");
                let shown = self.operation(method, path, item);
                match tags.iter_mut().find(|tag| tag.name == name) {
                    Some(tag) => tag.operations.push(shown),
                    None => tags.push(TagView { operations: vec![shown], ..tag_view(name, "") }),
                }
            }
        }
        tags.retain(|tag| !tag.operations.is_empty());
        tags
    }

    fn operation(&self, method: &'static str, path: &str, item: &'a Value) -> OperationView {
        let operation = &item[method];
        let anchor = anchor(method, path);
        let caller = self.callers.get(&anchor).copied();
        let parameters = self.document.parameters(item, operation);
        let body = self.body(operation);
        let summary = Some(text(operation, "summary")).filter(|summary| !summary.is_empty());
        let (answers, problems) = self.answers(operation).into_iter().partition(|answer| answer.status.as_str() < "4");
        let call = Call { method, path, parameters: &parameters, body: body.as_ref(), public: caller == Some("anyone") };
        OperationView {
            curl: self.curl(&call),
            anchor,
            method,
            path: path.to_owned(),
            summary: summary.unwrap_or(path).to_owned(),
            about: text(operation, "description").to_owned(),
            caller,
            parameters: self.document.parameter_table(&parameters),
            body,
            answers,
            problems,
        }
    }

    fn body(&self, operation: &'a Value) -> Option<BodyView> {
        let body = self.document.resolve(operation.get("requestBody")?);
        let (media, content) = entries(&body["content"]).next()?;
        let schema = &content["schema"];
        Some(BodyView {
            media: media.clone(),
            required: body["required"].as_bool().unwrap_or_default(),
            kind: self.document.kind(schema),
            schema: self.document.schema(schema),
            sample: example(content).cloned().unwrap_or_else(|| self.document.sample(schema)),
        })
    }

    fn answers(&self, operation: &'a Value) -> Vec<AnswerView> {
        let answer = |(status, answer): (&String, &'a Value)| {
            let answer = self.document.resolve(answer);
            let content = entries(&answer["content"]).next();
            let schema = content.map(|(_, content)| &content["schema"]).filter(|schema| schema.is_object());
            let kind = schema.map(|schema| self.document.kind(schema)).unwrap_or_default();
            AnswerView { status: status.clone(), about: text(answer, "description").to_owned(), kind }
        };
        entries(&operation["responses"]).map(answer).collect()
    }

    fn curl(&self, call: &Call<'a, '_>) -> String {
        let verb = if call.method == "get" { String::new() } else { format!("-X {} ", call.method.to_uppercase()) };
        let mut lines = vec![format!("curl {verb}\"{}{}\"", self.base, self.target(call))];
        if !call.public {
            lines.push("-H \"Authorization: Bearer $TOKEN\"".to_owned());
        }
        for header in call.required("header") {
            lines.push(format!("-H {}", quoted(&format!("{}: {}", text(header, "name"), self.given(header)))));
        }
        if let Some(body) = call.body {
            lines.push(format!("-H 'Content-Type: {}'", body.media));
            lines.push(format!("-d {}", quoted(&sent(body))));
        }
        lines.join(" \\\n  ")
    }

    /// The path, with a shell variable for what has no example, and what the query must have.
    fn target(&self, call: &Call<'a, '_>) -> String {
        let mut path = call.path.to_owned();
        for parameter in call.required("path") {
            let name = text(parameter, "name");
            let given = self.document.parameter(parameter).example.unwrap_or_else(|| variable(name));
            path = path.replace(&format!("{{{name}}}"), &given);
        }
        let query = call.required("query").map(|parameter| format!("{}={}", text(parameter, "name"), self.given(parameter)));
        let query = query.collect::<Vec<_>>().join("&");
        if query.is_empty() { path } else { format!("{path}?{query}") }
    }

    fn given(&self, parameter: &'a Value) -> String {
        inline(example(parameter).unwrap_or(&self.document.sample(&parameter["schema"])))
    }
}

/// What a curl example is made of.
struct Call<'a, 'b> {
    method: &'static str,
    path: &'b str,
    parameters: &'b [&'a Value],
    body: Option<&'b BodyView>,
    public: bool,
}

impl<'a> Call<'a, '_> {
    fn required(&self, place: &'static str) -> impl Iterator<Item = &'a Value> {
        let required = move |parameter: &&'a Value| parameter["in"] == place && parameter["required"] == true;
        self.parameters.iter().copied().filter(required)
    }
}

fn tag_view(name: &str, about: &str) -> TagView {
    TagView { name: name.to_owned(), anchor: format!("tag-{}", slug(name)), about: about.to_owned(), operations: Vec::new() }
}

fn sent(body: &BodyView) -> String {
    if body.media.starts_with(JSON) || body.media.ends_with("+json") {
        return serde_json::to_string_pretty(&body.sample).unwrap_or_default();
    }
    inline(&body.sample)
}

/// Quoted for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// `watcherId` as `$WATCHER_ID`.
fn variable(name: &str) -> String {
    let mut variable = "$".to_owned();
    for character in name.chars() {
        if character.is_uppercase() {
            variable.push('_');
        }
        variable.extend(character.to_uppercase().map(|upper| if upper.is_alphanumeric() { upper } else { '_' }));
    }
    variable
}
