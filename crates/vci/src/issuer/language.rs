//! Languages as an issuer may publish them: tags of BCP 47 in the one way in which they are written.

use super::builder::ConfigError;
use crate::messages::CredentialIssuerMetadata;

/// Languages of two letters (ISO 639-1); those of three letters are known by their form alone.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da \
    de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik \
    io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms \
    mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm \
    sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// Regions of two letters (ISO 3166-1); those of three digits are known by their form alone.
const REGIONS: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
    BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET EU \
    FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ \
    IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML \
    MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS \
    PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL \
    TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// Whether this is a language tag in canonical case: `de`, `de-DE`, `zh-Hant-TW`, `es-419`, `sl-rozaj`.
pub(super) fn is_canonical(tag: &str) -> bool {
    let mut parts = tag.split('-').peekable();
    let lower = |part: &str| part.bytes().all(|byte| byte.is_ascii_lowercase());
    let language = parts.next().unwrap_or_default();
    let known = LANGUAGES.split_ascii_whitespace().any(|known| known == language);
    let private = language.len() == 3 && lower(language);
    if !known && !private {
        return false;
    }
    parts.next_if(|part| is_script(part));
    parts.next_if(|part| is_region(part));
    let variant = |part: &str| {
        let word = part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        word && match part.len() {
            4 => part.starts_with(|first: char| first.is_ascii_digit()),
            length => (5..=8).contains(&length),
        }
    };
    parts.all(variant)
}

/// Four letters, the first of them large: `Latn`.
fn is_script(part: &str) -> bool {
    part.len() == 4
        && part.starts_with(|first: char| first.is_ascii_uppercase())
        && part.bytes().skip(1).all(|byte| byte.is_ascii_lowercase())
}

fn is_region(part: &str) -> bool {
    match part.len() {
        2 => REGIONS.split_ascii_whitespace().any(|known| known == part),
        3 => part.bytes().all(|byte| byte.is_ascii_digit()),
        _ => false,
    }
}

/// All languages of what an issuer is about to publish.
pub(super) fn check(metadata: &CredentialIssuerMetadata) -> Result<(), ConfigError> {
    let described = metadata
        .credential_configurations_supported
        .values()
        .filter_map(|supported| supported.credential_metadata.as_ref());
    let of_credentials = described.flat_map(|described| {
        let claims = described.claims.iter().flat_map(|claim| &claim.display).map(|it| &it.locale);
        described.display.iter().map(|it| &it.locale).chain(claims)
    });
    let mut all = metadata.display.iter().map(|it| &it.locale).chain(of_credentials).flatten();
    match all.find(|tag| !is_canonical(tag)) {
        None => Ok(()),
        Some(tag) => Err(ConfigError::Metadata(format!(
            "\"{}\" is not a language as BCP 47 writes it, such as \"de\" or \"de-DE\"",
            tag.escape_default()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::is_canonical;

    #[test]
    fn iss_017_iss_018_languages_are_known_and_written_in_one_way() {
        for good in [
            "de",
            "en-US",
            "de-DE",
            "zh-Hant-TW",
            "sr-Latn",
            "es-419",
            "gsw",
            "gsw-CH",
            "de-1996",
            "ca-valencia",
        ] {
            assert!(is_canonical(good), "{good}");
        }
        for bad in [
            "",
            "x",
            "EN",
            "De",
            "qq",
            "english",
            "de_DE",
            "de-de",
            "DE-de",
            "de-QQ",
            "de-DE-",
            "-de",
            "de--DE",
            "zh-hant",
            "zh-HANT",
            "de-DE-Latn",
            "de-DE-DE",
            "de-x",
            "d\u{e9}",
            "de-toolongvariant",
        ] {
            assert!(!is_canonical(bad), "{bad}");
        }
    }
}
