//! RFC 3339, read strictly: nothing that other standards allow beside it.

/// What is wrong with a text that is of another form.
const FORM: &str = "is no RFC 3339 time, as in 2026-01-31T09:30:00Z";
const DAY: i64 = 86_400;
const MONTHS: [i64; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// Milliseconds since 1970, with any offset and any number of digits of a second, of which three count; or what is wrong
/// with the text, to stand behind it. A leap second where there can be one is read as the second before it.
pub(crate) fn millis(text: &str) -> Result<i64, &'static str> {
    let mut left = Left(text.as_bytes());
    let fields = left.fields().filter(|_| left.0.is_empty()).ok_or(FORM)?;
    let Fields { date: [year, month, day], time: [hour, minute, second], millis, offset: (sign, hours, minutes) } =
        fields;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let in_month = usize::try_from(month - 1).ok().and_then(|nth| MONTHS.get(nth));
    let in_month = in_month.map_or(0, |days| days + i64::from(month == 2 && is_leap));
    if !(1..=in_month).contains(&day) {
        return Err("names a day that does not exist");
    }
    if hour > 23 || minute > 59 || second > 60 {
        return Err("has an hour, a minute or a second that does not exist");
    }
    if hours > 23 || minutes > 59 {
        return Err("has an offset that does not exist: they go from -23:59 to +23:59");
    }
    let local = days(year, month, day) * DAY + hour * 3_600 + minute * 60 + second.min(59);
    let utc = local - sign * (hours * 3_600 + minutes * 60);
    if second == 60 && !ends_a_half_year(utc, year) {
        return Err("has a second that does not exist: leap seconds end June or December");
    }
    Ok(utc * 1_000 + millis)
}

/// What stands in a time, as it stands there.
struct Fields {
    date: [i64; 3],
    time: [i64; 3],
    millis: i64,
    offset: (i64, i64, i64),
}

/// What is still to be read.
struct Left<'a>(&'a [u8]);

impl Left<'_> {
    fn fields(&mut self) -> Option<Fields> {
        let date = [self.number(4)?, self.behind(b"-")?, self.behind(b"-")?];
        let time = [self.behind(b"Tt")?, self.behind(b":")?, self.behind(b":")?];
        let millis = if self.one_of(b".").is_some() { self.fraction()? } else { 0 };
        let offset = match self.one_of(b"Zz+-")? {
            b'+' => (1, self.number(2)?, self.behind(b":")?),
            b'-' => (-1, self.number(2)?, self.behind(b":")?),
            _ => (1, 0, 0),
        };
        Some(Fields { date, time, millis, offset })
    }

    fn one_of(&mut self, set: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first().filter(|(first, _)| set.contains(first))?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self, digits: usize) -> Option<i64> {
        (0..digits).try_fold(0, |number, _| Some(number * 10 + i64::from(self.one_of(b"0123456789")? - b'0')))
    }

    /// Two digits behind one of these.
    fn behind(&mut self, set: &[u8]) -> Option<i64> {
        self.one_of(set)?;
        self.number(2)
    }

    /// One digit or more, cut to thousandths.
    fn fraction(&mut self) -> Option<i64> {
        let mut millis = self.number(1)? * 100;
        let mut worth = 10;
        while let Some(digit) = self.number(1) {
            millis += digit * worth;
            worth /= 10;
        }
        Some(millis)
    }
}

/// Days from 1970 to a day of the Gregorian calendar (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
const fn days(year: i64, month: i64, day: i64) -> i64 {
    // A year that begins in March has its leap day at its end.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Whether this second is the last one of June or December.
fn ends_a_half_year(utc: i64, near: i64) -> bool {
    let next = utc + 1;
    next % DAY == 0 && (near - 1..=near + 1).any(|year| [days(year, 1, 1), days(year, 7, 1)].contains(&(next / DAY)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_as_the_calendar_library_counts_them() {
        let first = jiff::civil::date(1970, 1, 1);
        for (year, month, day) in [(0, 1, 1), (1600, 2, 29), (1900, 3, 1), (1970, 1, 1), (2000, 2, 29), (9999, 12, 31)]
        {
            let date = jiff::civil::date(year, month, day);
            let expected = first.until((jiff::Unit::Day, date)).expect("days").get_days();
            assert_eq!(days(year.into(), month.into(), day.into()), i64::from(expected), "{date}");
        }
    }

    #[test]
    fn every_form_of_rfc_3339_is_read() {
        let table = [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01t00:00:00.5z", 500),
            ("1970-01-01T00:00:00.1234567891Z", 123),
            ("1970-01-01T23:59:00+23:59", 0),
            ("1969-12-31T00:01:00-23:59", 0),
            ("1970-01-01T00:00:00-00:00", 0),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000),
            ("2017-01-01T00:59:60.5+01:00", 1_483_228_799_500),
            ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ];
        for (text, expected) in table {
            assert_eq!(millis(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_rfc_3339_does_not_have_is_refused() {
        let table = [
            ("2026-12-31T23:59:59+25:59", "offset"),
            ("2026-12-31T23:59:59+24:00", "offset"),
            ("2026-12-31T23:59:59-00:60", "offset"),
            ("2026-12-31T24:00:00Z", "hour"),
            ("2026-12-31T23:60:00Z", "minute"),
            ("2026-12-31T23:59:61Z", "second"),
            ("2026-12-30T12:34:60Z", "second"),
            ("2026-02-29T00:00:00Z", "day"),
            ("1900-02-29T00:00:00Z", "day"),
            ("2026-04-31T00:00:00Z", "day"),
            ("2026-00-01T00:00:00Z", "day"),
            ("2026-13-01T00:00:00Z", "day"),
            ("2026-01-00T00:00:00Z", "day"),
        ];
        for (text, part) in table {
            let why = millis(text).expect_err(text);
            assert!(why.contains(part) && why != FORM, "{text}: {why}");
        }
        let odd = [
            "",
            "now",
            "2026-12-31",
            "2026-12-31T23Z",
            "2026-12-31T23:59Z",
            "20261231T235959Z",
            "2026-12-31T23:59:59,5Z",
            "2026-12-31T23:59:59.Z",
            "2026-12-31 23:59:59Z",
            "2026-12-31T23:59:59",
            "2026-12-31T23:59:59Z ",
            " 2026-12-31T23:59:59Z",
            "2026-12-31T23:59:59Z[Europe/Berlin]",
            "-000001-01-01T00:00:00Z",
            "+002026-12-31T23:59:59Z",
            "2026-12-31T23:59:59+0100",
            "2026-12-31T23:59:59+01",
            "2026-12-31T23:59:59+01:00:00",
            "2026-W53-4T23:59:59Z",
            "2026-365T23:59:59Z",
            "12026-12-31T23:59:59Z",
            "٢٠٢٦-12-31T23:59:59Z",
        ];
        for text in odd {
            assert_eq!(millis(text), Err(FORM), "{text}");
        }
    }
}
