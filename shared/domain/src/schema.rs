//! How the newtypes are described in the OpenAPI document: by the text or number they are written as.

/// Describes a type that is written as a string or a number.
macro_rules! written_as {
    ($name:ty, $title:expr, $kind:ident $(, format $format:expr)? $(, pattern $pattern:expr)? $(, maximum $maximum:expr)?, example $example:expr) => {
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::$kind)
                    $(.format(Some($format)))?
                    $(.pattern(Some($pattern)))?
                    $(.maximum(Some($maximum)))?
                    .examples([serde_json::json!($example)])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                $title.into()
            }
        }
    };
}

pub(crate) use written_as;

use utoipa::openapi::schema::{KnownFormat, SchemaFormat};

/// An instant, RFC 3339.
pub(crate) const DATE_TIME: SchemaFormat = SchemaFormat::KnownFormat(KnownFormat::DateTime);
/// Not to be shown while it is typed.
pub(crate) const PASSWORD: SchemaFormat = SchemaFormat::KnownFormat(KnownFormat::Password);

written_as!(crate::time::Slot, "Slot", String, format DATE_TIME, example "2026-02-17T19:24:00Z");
written_as!(crate::time::Zone, "TimeZone", String, example "America/Los_Angeles");
written_as!(crate::places::Airport, "Airport", String, pattern "^[A-Z]{3}$", example "LAX");
written_as!(crate::places::Place, "Place", String, pattern "^([A-Z]{3}|metro:[A-Z]{3}|country:[A-Z]{2})$", example "metro:LON");
written_as!(crate::money::Currency, "Currency", String, pattern "^[A-Z]{3}$", example "USD");
written_as!(crate::money::Points, "Points", Integer, maximum crate::money::Points::MAX, example 40_000);
written_as!(crate::money::CentsPerPoint, "CentsPerPoint", String, example "1.1158");
