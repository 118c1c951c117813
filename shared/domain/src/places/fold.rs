//! How names of places are compared: in small letters, without accents, with single blanks. The build script folds the tables by the
//! same rule, so this file stands on its own.

/// A text as it is compared: `" SÃO  Paulo"` and `sao-paulo` are both `sao paulo`.
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for letter in text.chars().flat_map(char::to_lowercase) {
        match plain(letter) {
            Plain::Letters(letters) => folded.push_str(letters),
            Plain::Itself => folded.push(letter),
            Plain::Nothing => {}
            Plain::Blank if folded.is_empty() || folded.ends_with(' ') => {}
            Plain::Blank => folded.push(' '),
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

/// A name as it is compared: folded, with the words that are often cut short cut short.
pub fn fold_name(text: &str) -> String {
    let words = fold(text);
    let short = words.split(' ').map(|word| match word {
        "saint" | "sankt" => "st",
        "sainte" => "ste",
        "mount" => "mt",
        "fort" => "ft",
        word => word,
    });
    short.collect::<Vec<_>>().join(" ")
}

/// A folded name without the e that stands for an umlaut: `zuerich` is `zurich`. None, if it has no such one.
#[allow(dead_code, reason = "the build script includes this file, too")]
pub fn without_e(folded: &str) -> Option<String> {
    let plain = folded.replace("ae", "a").replace("oe", "o").replace("ue", "u");
    (plain != folded).then_some(plain)
}

/// What a small letter becomes.
enum Plain {
    Letters(&'static str),
    Itself,
    Nothing,
    Blank,
}

/// Latin letters lose what is put on them; what joins or parts words becomes a blank, and what stands in a word is left out.
fn plain(letter: char) -> Plain {
    Plain::Letters(match letter {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ạ' | 'ả' | 'ấ' | 'ầ' | 'ậ' | 'ắ' | 'ằ' | 'ẵ' => {
            "a"
        }
        'æ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ẹ' | 'ế' | 'ề' | 'ệ' | 'ễ' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' => "g",
        'ĥ' | 'ħ' | 'ḥ' => "h",
        'ì' | 'í' | 'î' | 'ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ị' => "i",
        'ĵ' => "j",
        'ķ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ọ' | 'ơ' | 'ố' | 'ồ' | 'ộ' => "o",
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' | 'ṣ' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'þ' => "th",
        'ù' | 'ú' | 'û' | 'ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ụ' | 'ư' | 'ứ' | 'ừ' => "u",
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        // Accents that stand on their own, apostrophes, full stops.
        '\u{300}'..='\u{36f}' | '\'' | '’' | '‘' | '`' | '´' | 'ʻ' | '.' => return Plain::Nothing,
        letter if letter.is_alphanumeric() => return Plain::Itself,
        _ => return Plain::Blank,
    })
}
