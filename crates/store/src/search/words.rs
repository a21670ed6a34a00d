//! Words: what both indexes hold and what a search looks for, so that both databases find the same.
//!
//! A word is a run of letters and digits, without regard to case and accents. Scripts that put no spaces between words
//! (Chinese, Japanese, Thai and others), and Korean, which joins its particles to them, are cut into overlapping pairs of
//! characters instead: any part of such a run is then found as its pairs, one after the other.

use unicode_normalization::UnicodeNormalization;

/// Raised whenever the words of a text change: an index with another number is made again.
pub(crate) const FORMAT: i64 = 2;

/// Characters of a word that are looked at.
const WORD_CHARS_MAX: usize = 100;

/// What must occur: words, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Term {
    /// The words, as the index holds them; at least one.
    pub(crate) words: Vec<String>,
    /// Whether the last one may go on.
    pub(crate) begins: bool,
}

/// Reads what a person typed: every word must occur; `"a phrase"` stays together; `word*` is a beginning. What holds no letter
/// and no digit asks for nothing.
pub(crate) fn terms(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    // A control character parts words.
    let text = text.replace(char::is_control, " ");
    for (index, part) in text.split('"').enumerate() {
        if index % 2 == 1 {
            terms.extend(term(part, false));
            continue;
        }
        terms.extend(part.split_whitespace().filter_map(|word| match word.strip_suffix('*') {
            Some(beginning) => term(beginning, true),
            None => term(word, false),
        }));
    }
    terms
}

fn term(text: &str, begins: bool) -> Option<Term> {
    let mut words = Vec::new();
    let mut single = false;
    let mut runs = runs(text).into_iter().peekable();
    while let Some(run) = runs.next() {
        single = run.joined && run.chars.len() == 1;
        // The last character of a run stands by itself in the index. At the end of a search the run may go on there.
        run.words(runs.peek().is_some() || single, &mut words);
    }
    (!words.is_empty()).then_some(Term { words, begins: begins || single })
}

/// The words of a text, in their order.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for run in runs(text) {
        run.words(true, &mut words);
    }
    words
}

/// Characters that belong together.
struct Run {
    chars: Vec<char>,
    /// Whether their script joins words.
    joined: bool,
}

impl Run {
    fn words(self, with_last: bool, words: &mut Vec<String>) {
        if !self.joined {
            words.push(self.chars.into_iter().take(WORD_CHARS_MAX).collect());
            return;
        }
        words.extend(self.chars.windows(2).map(|pair| pair.iter().collect::<String>()));
        words.extend(self.chars.last().filter(|_| with_last).map(char::to_string));
    }
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut goes_on = false;
    for letter in folded(text) {
        if !is_of_word(letter) {
            goes_on = false;
            continue;
        }
        let joined = is_joined(letter);
        match runs.last_mut() {
            Some(run) if goes_on && run.joined == joined => run.chars.push(letter),
            _ => runs.push(Run { chars: vec![letter], joined }),
        }
        goes_on = true;
    }
    // A mark by itself is no word.
    runs.retain(|run| run.chars.iter().copied().any(char::is_alphanumeric));
    runs
}

/// The text without case, accents and forms of the same letter.
fn folded(text: &str) -> impl Iterator<Item = char> {
    let lower = text.nfkd().flat_map(char::to_lowercase).flat_map(|letter| match letter {
        'ß' => ['s', 's'].into_iter().take(2),
        'ς' => ['σ', ' '].into_iter().take(1),
        'ı' => ['i', ' '].into_iter().take(1),
        other => [other, ' '].into_iter().take(1),
    });
    // Put together again, so that a Korean syllable and a Japanese one with its mark are one character.
    lower.filter(|letter| !is_ignored(*letter)).nfc()
}

/// Accents and vowel points of scripts that are read without them, and characters that only shape a word.
fn is_ignored(letter: char) -> bool {
    matches!(letter,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{591}'..='\u{5bd}' | '\u{5bf}' | '\u{5c1}'..='\u{5c2}'
        | '\u{5c4}'..='\u{5c5}' | '\u{5c7}' | '\u{610}'..='\u{61a}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}'
        | '\u{6d6}'..='\u{6dc}' | '\u{6df}'..='\u{6e4}' | '\u{6e7}'..='\u{6e8}' | '\u{6ea}'..='\u{6ed}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || unicode_normalization::char::is_combining_mark(letter)
}

/// Whether a script joins words, or joins to them what a search leaves out: Chinese, Japanese, Korean, Thai, Lao, Burmese,
/// Khmer, Tibetan.
fn is_joined(letter: char) -> bool {
    matches!(letter,
        '\u{e00}'..='\u{fff}' | '\u{1000}'..='\u{109f}' | '\u{1100}'..='\u{11ff}' | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3021}'..='\u{3029}' | '\u{3031}'..='\u{3035}'
        | '\u{3041}'..='\u{318f}' | '\u{31a0}'..='\u{31bf}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}' | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{323af}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term(words: &[&str], begins: bool) -> Term {
        Term { words: words.iter().map(|word| (*word).to_owned()).collect(), begins }
    }

    #[test]
    fn words_phrases_and_beginnings_are_told_apart() {
        let word = |text: &str| term(&[text], false);
        let table = [
            ("hello world", vec![word("hello"), word("world")]),
            ("hel*", vec![term(&["hel"], true)]),
            (r#"say "Hello world" now"#, vec![word("say"), term(&["hello", "world"], false), word("now")]),
            ("a AND (b", vec![word("a"), word("and"), word("b")]),
            (r#"odd " quote"#, vec![word("odd"), word("quote")]),
            ("well-known", vec![term(&["well", "known"], false)]),
            ("a*b", vec![term(&["a", "b"], false)]),
            ("a\0b\nc", vec![word("a"), word("b"), word("c")]),
        ];
        for (text, expected) in table {
            assert_eq!(terms(text), expected, "{text}");
        }
    }

    #[test]
    fn what_holds_no_letter_and_no_digit_asks_for_nothing() {
        for text in ["", "  ", "* - ^", "🚀", "!!!", "\"🚀 !\"", "\u{301}", "\u{200d}", "…", "—"] {
            assert_eq!(terms(text), [], "{text}");
        }
    }

    #[test]
    fn a_run_without_spaces_is_cut_into_pairs() {
        assert_eq!(words("検索のtest"), ["検索", "索の", "の", "test"]);
        assert_eq!(terms("検索の"), [term(&["検索", "索の"], false)]);
        assert_eq!(terms("索"), [term(&["索"], true)], "its pairs begin with it");
        assert_eq!(terms("検索test"), [term(&["検索", "索", "test"], false)]);
        assert_eq!(terms("test索"), [term(&["test", "索"], true)]);
    }

    #[test]
    fn case_accents_and_forms_do_not_matter() {
        for (one, other) in [
            ("Café", "cafe\u{301}"),
            ("STRASSE", "straße"),
            ("ΣΟΦΌΣ", "σοφος"),
            ("İstanbul", "istanbul"),
            ("ﾃｽﾄ", "テスト"),
            ("ＡＢＣ１", "abc1"),
            ("أَحْمَد", "احمد"),
            ("שָׁלוֹם", "שלום"),
        ] {
            assert_eq!(words(one), words(other), "{one}");
        }
        assert_ne!(words("か"), words("が"), "a mark that makes another syllable stays");
        assert_ne!(words("कि"), words("का"), "and a vowel sign");
    }

    #[test]
    fn a_word_without_end_is_cut() {
        assert_eq!(words(&"a".repeat(10_000)), ["a".repeat(WORD_CHARS_MAX)]);
        assert_eq!(terms(&"a".repeat(10_000))[0].words, words(&"a".repeat(10_000)));
    }

    #[test]
    fn fuzzed_searches_hold_nothing_but_words() {
        fuzz::fuzz("search", |input| {
            let text = String::from_utf8_lossy(input);
            let all = terms(&text).into_iter().flat_map(|term| term.words).chain(words(&text));
            for word in all {
                assert!(!word.is_empty() && word.chars().all(is_of_word), "{word:?} of {text:?}");
            }
        });
    }
}
