//! The nearest known word to an unknown one, for errors that say what was probably meant.

use std::borrow::Cow;

/// Characters of the longest word that is compared; a longer one was no slip of the pen.
const CHARS_MAX: usize = 64;
/// Words that are looked at, and words that are compared: so a search takes far less than a millisecond.
const LOOKED_AT_MAX: usize = 4_096;
const COMPARED_MAX: usize = 256;
/// Characters of an unknown word that an answer repeats.
const SHOWN_MAX: usize = 64;

/// Finds the known word nearest to `text` by edit distance; `None` where nothing is near (more than a third of the letters
/// differ, and more than two), or the text is longer than 64 characters.
pub fn nearest<'a>(text: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let chars = text.chars().take(CHARS_MAX + 1).count();
    if chars > CHARS_MAX {
        return None;
    }
    let lower = text.to_lowercase();
    let may_be_near = |word: &&str| {
        let length = word.len().min(CHARS_MAX + 1);
        length <= CHARS_MAX && length.abs_diff(lower.len()) <= tolerance(length.max(lower.len()))
    };
    known
        .into_iter()
        .take(LOOKED_AT_MAX)
        .filter(may_be_near)
        .take(COMPARED_MAX)
        .map(|word| (strsim::osa_distance(&lower, &word.to_lowercase()), word))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, word)| *distance <= tolerance(word.chars().count()))
        .map(|(_, word)| word)
}

/// How many letters may differ.
fn tolerance(length: usize) -> usize {
    (length / 3).max(2)
}

/// A text as an answer repeats it: its first 64 characters.
pub fn shown(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

/// Says that `text` is no known `what`, and which known word is nearest, or all of them when none is near.
pub fn unknown<'a>(what: &str, text: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let shown = shown(text);
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
        assert_eq!(nearest("sbuject", ["body", "subject"]), Some("subject"));
        assert_eq!(nearest("URGENT", ["critical", "high"]), None);
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let text = unknown("priority", "blue", ["critical", "high"]);
        assert_eq!(text, "unknown priority `blue`: it is one of critical, high");
    }

    #[test]
    fn a_text_that_is_too_long_to_be_a_slip_is_not_compared_and_repeated_only_in_part() {
        let known = ["x".repeat(65)];
        assert_eq!(nearest(&"x".repeat(64), known.iter().map(String::as_str)), None);
        assert_eq!(nearest(&"x".repeat(65), known.iter().map(String::as_str)), None);
        let text = unknown("agent", &"x".repeat(1_900_000), ["code"]);
        assert!(text.len() < 120, "{}", text.len());
    }

    #[test]
    fn only_so_many_words_are_compared() {
        let words: Vec<String> = (0..COMPARED_MAX).map(|index| format!("{index:06}")).collect();
        let known = words.iter().map(String::as_str).chain(["abcdeg"]);
        assert_eq!(nearest("abcdef", known), None);
        let words: Vec<String> = (0..LOOKED_AT_MAX - 1).map(|index| format!("{index:032}")).collect();
        let known = words.iter().map(String::as_str).chain(["abcdeg"]);
        assert_eq!(nearest("abcdef", known), Some("abcdeg"));
    }
}
