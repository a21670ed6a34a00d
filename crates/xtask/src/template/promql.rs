//! The names of metrics in an expression of Prometheus.

/// Words that are no metric where they stand alone.
const KEYWORDS: &[&str] = &[
    "and",
    "or",
    "unless",
    "on",
    "ignoring",
    "group_left",
    "group_right",
    "by",
    "without",
    "bool",
    "offset",
    "inf",
    "nan",
];
/// Words after which a list of labels stands in brackets.
const BEFORE_LABELS: &[&str] = &["by", "without", "on", "ignoring", "group_left", "group_right"];

/// The metrics that an expression names, each once, in the order of their names. What Grafana fills in (`$name`) is passed over.
pub fn metrics(expression: &str) -> Vec<String> {
    let chars: Vec<char> = expression.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        match chars[at] {
            '"' | '\'' | '`' => at = past_quoted(&chars, at),
            '{' => at = past(&chars, at, '}'),
            '[' => at = past(&chars, at, ']'),
            '$' => at = word_end(&chars, at + 1),
            '#' => at = past(&chars, at, '\n'),
            c if c.is_ascii_digit() || c == '.' => at = word_end(&chars, at + 1),
            c if begins_name(c) => {
                let end = word_end(&chars, at);
                let word: String = chars[at..end].iter().collect();
                at = after_word(&chars, end, &word, &mut found);
            }
            _ => at += 1,
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Takes a word: as a metric, unless it is a keyword or a function. Answers where to go on.
fn after_word(chars: &[char], end: usize, word: &str, found: &mut Vec<String>) -> usize {
    let next = (end..chars.len()).find(|at| !chars[*at].is_whitespace());
    let opens = next.filter(|at| chars[*at] == '(');
    let lower = word.to_ascii_lowercase();
    if BEFORE_LABELS.contains(&lower.as_str()) {
        return opens.map_or(end, |at| past(chars, at, ')'));
    }
    // `sum by (le) (...)`: the word before `by` is a function too.
    let is_grouped = next.is_some_and(|at| {
        let following: String = chars[at..word_end(chars, at)].iter().collect();
        matches!(following.as_str(), "by" | "without")
    });
    if opens.is_none() && !is_grouped && !KEYWORDS.contains(&lower.as_str()) {
        found.push(word.to_owned());
    }
    end
}

fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':'
}

fn word_end(chars: &[char], start: usize) -> usize {
    let inside = |c: &char| c.is_ascii_alphanumeric() || *c == '_' || *c == ':';
    start + chars[start.min(chars.len())..].iter().take_while(|c| inside(c)).count()
}

/// The place after the next `end`, quoted ones passed over.
fn past(chars: &[char], start: usize, end: char) -> usize {
    let mut at = start + 1;
    while at < chars.len() && chars[at] != end {
        at = if matches!(chars[at], '"' | '\'') && end != '\n' { past_quoted(chars, at) } else { at + 1 };
    }
    at + 1
}

fn past_quoted(chars: &[char], start: usize) -> usize {
    let quote = chars[start];
    let mut at = start + 1;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' && quote != '`' { 2 } else { 1 };
    }
    at + 1
}

#[cfg(test)]
mod tests {
    use super::metrics;

    #[test]
    fn metrics_are_told_from_functions_labels_and_keywords() {
        for (expression, wanted) in [
            (
                "histogram_quantile(0.99, sum by (le) (rate(api_latency_seconds_bucket[5m])))",
                vec!["api_latency_seconds_bucket"],
            ),
            (
                "sum(rate(a_total{state=\"x}\", b=~'c(d'}[5m])) without (pod) / ignoring(x) group_left b_total",
                vec!["a_total", "b_total"],
            ),
            ("up == 0 and on (pod) max_over_time(x[$__rate_interval]) > bool 1e3", vec!["up", "x"]),
            ("job:errors:ratio5m > (14.4 * 0.0001)", vec!["job:errors:ratio5m"]),
            ("time() - backup_time_seconds offset 5m", vec!["backup_time_seconds"]),
            ("count(a) by (b) # of c\n+ d", vec!["a", "d"]),
            ("absent(pg_up{job=\"$job\"}) or vector(0)", vec!["pg_up"]),
            ("sum by (queue) (q{a=\"b\"}) + -Inf", vec!["q"]),
            ("clamp_min($interval, 1)", vec![]),
        ] {
            assert_eq!(metrics(expression), wanted, "{expression}");
        }
    }
}
