//! An OpenAPI 3.1 document, read into what a page shows. It takes whatever is there, and leaves out what is not.

use serde::Serialize;
use serde_json::{Map, Value};

/// How deep references and examples are followed: schemas may contain themselves.
const DEEPEST: usize = 6;

/// A document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document<'a>(pub(super) &'a Value);

/// What a schema says.
#[derive(Debug, Default, Serialize)]
pub(super) struct SchemaView {
    about: String,
    /// What it is one of, if it is listed.
    values: Vec<String>,
    /// Its fields; several lists if it is one of several.
    shapes: Vec<Shape>,
    example: Option<String>,
}

/// Fields that go together.
#[derive(Debug, Default, Serialize)]
struct Shape {
    title: Option<String>,
    about: String,
    fields: Vec<Field>,
}

/// A field or parameter.
#[derive(Debug, Serialize)]
pub(super) struct Field {
    name: String,
    required: bool,
    kind: Vec<Part>,
    /// Where a parameter goes.
    place: Option<String>,
    about: String,
    limits: String,
    pub(super) example: Option<String>,
}

/// A part of a type's name, with where it is described.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Part {
    text: String,
    href: Option<String>,
}

impl Part {
    fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), href: None }
    }
}

/// Where an operation is on the page.
pub(super) fn anchor(method: &str, path: &str) -> String {
    slug(&format!("{method}{path}"))
}

/// Where a schema is on the page.
pub(super) fn schema_anchor(name: &str) -> String {
    format!("schema-{}", slug(name))
}

pub(super) fn slug(text: &str) -> String {
    let words = text.split(|character: char| !character.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// The text under a key, or nothing.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The entries of an object, or none.
pub(super) fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// The items of an array, or none.
pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A JSON value in one line, texts without their quotes.
pub(super) fn inline(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl<'a> Document<'a> {
    /// What a value is, or what it refers to.
    pub(super) fn resolve(self, mut value: &'a Value) -> &'a Value {
        for _ in 0..DEEPEST {
            let Some(target) = value["$ref"].as_str() else { break };
            match target.strip_prefix('#').and_then(|pointer| self.0.pointer(pointer)) {
                Some(found) => value = found,
                None => break,
            }
        }
        value
    }

    /// What a schema says, with references followed once.
    pub(super) fn schema(self, schema: &'a Value) -> SchemaView {
        let schema = self.resolve(schema);
        SchemaView {
            about: text(schema, "description").to_owned(),
            values: listed(schema).map(inline).collect(),
            shapes: self.shapes(schema),
            example: example(schema).map(inline),
        }
    }

    fn shapes(self, schema: &'a Value) -> Vec<Shape> {
        let variants: Vec<_> = variants(schema).collect();
        let own = Shape { fields: self.fields(schema), ..Shape::default() };
        let of_variants = variants.into_iter().map(|variant| self.variant(variant));
        [own].into_iter().chain(of_variants).filter(|shape| shape.title.is_some() || !shape.fields.is_empty()).collect()
    }

    fn variant(self, variant: &'a Value) -> Shape {
        let schema = self.resolve(variant);
        let title = name_of(variant).or_else(|| schema["title"].as_str()).map(str::to_owned).or_else(|| tag(schema));
        let title = title.unwrap_or_else(|| plain(&self.kind(variant)));
        Shape {
            title: Some(format!("Either: {title}")),
            about: text(schema, "description").to_owned(),
            fields: self.fields(schema),
        }
    }

    /// The fields of an object, and of all that it is made of.
    fn fields(self, schema: &'a Value) -> Vec<Field> {
        let required = |name: &String| items(&schema["required"]).any(|required| required == name.as_str());
        let own = entries(&schema["properties"]).map(|(name, property)| self.field(name, property, required(name)));
        let made_of = items(&schema["allOf"]).flat_map(|part| self.fields(self.resolve(part)));
        made_of.chain(own).collect()
    }

    fn field(self, name: &str, schema: &'a Value, required: bool) -> Field {
        let resolved = self.resolve(schema);
        let own = text(schema, "description");
        let about = if own.is_empty() { text(resolved, "description") } else { own };
        Field {
            name: name.to_owned(),
            required,
            kind: self.kind(schema),
            place: None,
            about: about.to_owned(),
            limits: limits(schema),
            example: example(schema).or_else(|| example(resolved)).map(inline),
        }
    }

    /// The parameters of an operation and of its path.
    pub(super) fn parameters(self, item: &'a Value, operation: &'a Value) -> Vec<&'a Value> {
        items(&item["parameters"]).chain(items(&operation["parameters"])).map(|parameter| self.resolve(parameter)).collect()
    }

    pub(super) fn parameter(self, parameter: &'a Value) -> Field {
        let required = parameter["required"].as_bool().unwrap_or_default();
        let field = self.field(text(parameter, "name"), &parameter["schema"], required);
        let own = text(parameter, "description").to_owned();
        Field {
            place: Some(text(parameter, "in").to_owned()).filter(|place| !place.is_empty()),
            about: if own.is_empty() { field.about } else { own },
            example: example(parameter).map(inline).or(field.example),
            ..field
        }
    }

    pub(super) fn parameter_table(self, parameters: &[&'a Value]) -> SchemaView {
        let fields: Vec<_> = parameters.iter().map(|parameter| self.parameter(parameter)).collect();
        let shape = (!fields.is_empty()).then(|| Shape { fields, ..Shape::default() });
        SchemaView { shapes: shape.into_iter().collect(), ..SchemaView::default() }
    }

    /// What a schema is called: a link for each that has a name.
    pub(super) fn kind(self, schema: &Value) -> Vec<Part> {
        if let Some(name) = name_of(schema) {
            return vec![Part { text: name.to_owned(), href: Some(format!("#{}", schema_anchor(name))) }];
        }
        if schema["items"].is_object() {
            return [Part::text("list of ")].into_iter().chain(self.kind(&schema["items"])).collect();
        }
        let one_of: Vec<_> = items(&schema["oneOf"]).chain(items(&schema["anyOf"])).map(|one| self.kind(one)).collect();
        let all_of: Vec<_> = items(&schema["allOf"]).map(|one| self.kind(one)).collect();
        match (one_of.is_empty(), all_of.is_empty()) {
            (false, _) => joined(one_of, " or "),
            (true, false) => joined(all_of, " and "),
            (true, true) => joined(types(schema).into_iter().map(|name| vec![Part::text(name)]).collect(), " or "),
        }
    }

    /// A value that a schema allows, as far as it says.
    pub(super) fn sample(self, schema: &'a Value) -> Value {
        self.sample_at(schema, 0)
    }

    fn sample_at(self, schema: &'a Value, depth: usize) -> Value {
        let schema = self.resolve(schema);
        if let Some(given) = example(schema).or(schema.get("default")).or_else(|| listed(schema).next()) {
            return given.clone();
        }
        if depth > DEEPEST {
            return Value::Null;
        }
        if let Some(variant) = variants(schema).next() {
            return self.sample_at(variant, depth + 1);
        }
        let types = types(schema);
        match types.first().map_or("object", String::as_str) {
            "list" => Value::Array(vec![self.sample_at(&schema["items"], depth + 1)]),
            "object" => Value::Object(self.sample_fields(schema, depth)),
            "integer" | "number" => least(schema).cloned().unwrap_or(Value::from(1)),
            "boolean" => Value::Bool(true),
            _ => Value::from(sample_text(text(schema, "format"))),
        }
    }

    /// What must be there; everything if nothing must.
    fn sample_fields(self, schema: &'a Value, depth: usize) -> Map<String, Value> {
        let mut fields = Map::new();
        for part in items(&schema["allOf"]) {
            if let Value::Object(of_part) = self.sample_at(part, depth + 1) {
                fields.extend(of_part);
            }
        }
        let required: Vec<_> = items(&schema["required"]).filter_map(Value::as_str).collect();
        for (name, property) in entries(&schema["properties"]) {
            if required.is_empty() || required.contains(&name.as_str()) {
                fields.insert(name.clone(), self.sample_at(property, depth + 1));
            }
        }
        fields
    }
}

/// The smallest number allowed, unless it is nothing: that is rarely meant.
fn least(schema: &Value) -> Option<&Value> {
    schema.get("minimum").filter(|minimum| minimum.is_number() && **minimum != 0)
}

fn sample_text(format: &str) -> &'static str {
    match format {
        "date" => "2026-04-27",
        "date-time" => "2026-04-27T08:00:00Z",
        "time" => "08:00",
        "email" => "dana@example.com",
        "uri" => "https://example.com",
        "uuid" => "018f4e0a-7c1b-7d3e-9a56-2b8c4d6e8f01",
        _ => "text",
    }
}

/// The first example of a schema, parameter or body.
pub(super) fn example(value: &Value) -> Option<&Value> {
    let named = || value["examples"].as_object().and_then(|examples| examples.values().next()).map(|first| &first["value"]);
    value.get("example").or_else(|| value["examples"].get(0)).or_else(named)
}

/// The values that a schema lists, however it does.
fn listed(schema: &Value) -> impl Iterator<Item = &Value> {
    schema.get("const").into_iter().chain(items(&schema["enum"])).filter(|value| !value.is_null())
}

/// What a schema is one of, except null.
fn variants(schema: &Value) -> impl Iterator<Item = &Value> {
    items(&schema["oneOf"]).chain(items(&schema["anyOf"])).filter(|variant| variant["type"] != "null")
}

/// The name of the schema that is referred to.
fn name_of(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str().and_then(|target| target.rsplit('/').next())
}

/// The fields of a variant that can have one value only, which tell it from the others.
fn tag(schema: &Value) -> Option<String> {
    let only = |schema: &Value| {
        let mut values = listed(schema);
        values.next().map(inline).filter(|_| values.next().is_none())
    };
    let of_field = |(name, property): (&String, &Value)| only(property).map(|value| format!("{name} {value}"));
    only(schema).or_else(|| entries(&schema["properties"]).find_map(of_field))
}

fn types(schema: &Value) -> Vec<String> {
    let of_one = |name: &Value| match name.as_str().unwrap_or_default() {
        "array" => "list".to_owned(),
        name => name.to_owned(),
    };
    let named: Vec<_> = match &schema["type"] {
        Value::Array(names) => names.iter().map(of_one).collect(),
        Value::String(_) => vec![of_one(&schema["type"])],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
    };
    match (named.is_empty(), text(schema, "format")) {
        (true, _) if schema["properties"].is_object() => vec!["object".to_owned()],
        (true, _) if listed(schema).next().is_some() => vec!["string".to_owned()],
        (true, _) => vec!["any value".to_owned()],
        (false, "" | "int32" | "int64" | "double") => named,
        (false, format) => {
            let formatted = |name: String| if name == "null" { name } else { format!("{name} ({format})") };
            named.into_iter().map(formatted).collect()
        }
    }
}

/// What a value must keep to, in words.
fn limits(schema: &Value) -> String {
    let phrase = |(key, words): (&str, &str)| {
        let limit = schema.get(key).filter(|limit| !limit.is_null())?;
        Some(format!("{words} {}", inline(limit)))
    };
    let phrases = [
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("minLength", "length at least"),
        ("maxLength", "length at most"),
        ("minItems", "items at least"),
        ("maxItems", "items at most"),
        ("pattern", "matches"),
        ("default", "if not given"),
    ];
    let listed: Vec<_> = listed(schema).map(inline).collect();
    let listed = Some(format!("one of {}", listed.join(", "))).filter(|_| !listed.is_empty());
    listed.into_iter().chain(phrases.into_iter().filter_map(phrase)).collect::<Vec<_>>().join("; ")
}

fn joined(parts: Vec<Vec<Part>>, separator: &str) -> Vec<Part> {
    let between = |(index, part): (usize, Vec<Part>)| {
        let separator = (index > 0).then(|| Part::text(separator));
        separator.into_iter().chain(part)
    };
    parts.into_iter().enumerate().flat_map(between).collect()
}

fn plain(kind: &[Part]) -> String {
    kind.iter().map(|part| part.text.as_str()).collect()
}
