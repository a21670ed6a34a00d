use std::borrow::Cow;

/// Takes the control characters out of one line of somebody else's text, so that no message steers the reader's terminal.
pub fn clean(text: &str) -> Cow<'_, str> {
    replace(text, |c| c.is_control() || turns_text_around(c))
}

/// The same for text of several lines: keeps line ends and tabs.
pub(crate) fn clean_block(text: &str) -> Cow<'_, str> {
    replace(text, |c| c.is_control() && !matches!(c, '\n' | '\t') || turns_text_around(c))
}

fn replace(text: &str, bad: impl Fn(char) -> bool + Copy) -> Cow<'_, str> {
    if text.contains(bad) { Cow::Owned(text.replace(bad, "\u{fffd}")) } else { Cow::Borrowed(text) }
}

/// Bidirectional overrides make text read otherwise than it is.
fn turns_text_around(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Cuts a line to so many characters, with an ellipsis where it was cut.
pub(crate) fn cut(text: &str, chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(chars) {
        None => Cow::Borrowed(text),
        Some(_) => Cow::Owned(text.chars().take(chars.saturating_sub(1)).chain(['…']).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::{clean, clean_block, cut};

    #[test]
    fn escape_sequences_do_not_reach_the_terminal() {
        assert_eq!(clean("red \u{1b}[31m\nnext"), "red \u{fffd}[31m\u{fffd}next");
        assert_eq!(clean_block("a\n\tb\u{7}\u{9b}31m\u{202e}"), "a\n\tb\u{fffd}\u{fffd}31m\u{fffd}");
        assert_eq!(clean("plain – ü 漢"), "plain – ü 漢");
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
    }
}
