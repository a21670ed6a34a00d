//! The nearest known word to an unknown one, for errors that say what was probably meant.

/// Finds the known word nearest to `text` by Damerau-Levenshtein distance; `None` where nothing is near (more than a third
/// of the letters differ, and more than two).
pub fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = text.to_lowercase();
    known
        .into_iter()
        .map(|word| (strsim::damerau_levenshtein(&lower, &word.to_lowercase()), word))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, word)| *distance <= (word.chars().count() / 3).max(2))
        .map(|(_, word)| word)
}

/// Says that `text` is no known `what`, and which known word is nearest, or all of them when none is near.
pub fn unknown<'a>(what: &str, text: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let shown: String = text.chars().take(64).collect();
    if let Some(word) = nearest(text, known.clone()) {
        return format!("unknown {what} `{shown}`: did you mean `{word}`?");
    }
    let words: Vec<&str> = known.into_iter().take(32).collect();
    format!("unknown {what} `{shown}`: it is one of {}", words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognised() {
        assert_eq!(nearest("subjct", ["subject", "body"]), Some("subject"));
        assert_eq!(nearest("URGENT", ["critical", "high"]), None);
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let text = unknown("priority", "blue", ["critical", "high"]);
        assert_eq!(text, "unknown priority `blue`: it is one of critical, high");
    }
}
