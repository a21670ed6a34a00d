use std::time::Duration;

use cli::Failure;

use crate::float;

/// The longest a measurement may be planned for.
const LONGEST: Duration = Duration::from_secs(3600);
/// How long answers are waited for after the planned end.
const DRAIN: Duration = Duration::from_secs(30);

/// What a number of rounds may exceed a whole one by and still be that one.
const ROUNDING: f64 = 1e-6;

/// How much load, for how long: always bounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Plan {
    /// How many rounds at most.
    pub rounds: Option<u64>,
    /// How long new rounds begin.
    pub duration: Duration,
    /// The time between the beginnings of two rounds, in an open loop.
    pub interval: Option<Duration>,
}

impl Plan {
    /// Plans rounds of `each` messages; `messages` goes before `duration`.
    pub(crate) fn new(
        duration: Duration,
        messages: Option<u64>,
        rate: Option<f64>,
        each: u32,
    ) -> Result<Self, Failure> {
        let rounds = messages.map(|messages| messages.div_ceil(u64::from(each)));
        let Some(rate) = rate else {
            let duration = if rounds.is_some() { LONGEST } else { within(duration)? };
            return Ok(Self { rounds, duration, interval: None });
        };
        if !(0.001..=1e6).contains(&rate) {
            return Err(Failure::usage("a rate is between 0.001 and 1000000 messages each second"));
        }
        let interval = Duration::from_secs_f64(f64::from(each) / rate);
        let rounds = match rounds {
            Some(rounds) => rounds,
            None => (within(duration)?.as_secs_f64() * rate / f64::from(each) - ROUNDING).ceil() as u64,
        };
        let duration = interval.as_secs_f64() * float(rounds);
        let duration = within(Duration::try_from_secs_f64(duration).unwrap_or(Duration::MAX))?;
        Ok(Self { rounds: Some(rounds), duration, interval: Some(interval) })
    }

    /// Returns when even a round that began in time is given up.
    pub(crate) fn longest(&self) -> Duration {
        self.duration + DRAIN
    }
}

fn within(duration: Duration) -> Result<Duration, Failure> {
    if duration.is_zero() {
        return Err(Failure::usage("a measurement takes some time; write as in --duration 10s"));
    }
    if duration > LONGEST {
        return Err(Failure::usage(
            "a measurement takes an hour at most: ask for less time, fewer messages or a higher rate",
        ));
    }
    Ok(duration)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LONGEST, Plan};

    const TEN: Duration = Duration::from_secs(10);

    #[test]
    fn a_rate_makes_as_many_rounds_as_fit() {
        let plan = Plan::new(TEN, None, Some(200.0), 1).unwrap();
        assert_eq!((plan.rounds, plan.interval), (Some(2000), Some(Duration::from_millis(5))));
        assert_eq!(Plan::new(TEN, None, Some(300.0), 1).unwrap().rounds, Some(3000));
        let plan = Plan::new(TEN, None, Some(200.0), 10).unwrap();
        assert_eq!((plan.rounds, plan.interval), (Some(200), Some(Duration::from_millis(50))));
    }

    #[test]
    fn messages_are_rounded_up_to_whole_rounds() {
        assert_eq!(Plan::new(TEN, Some(101), None, 10).unwrap().rounds, Some(11));
    }

    #[test]
    fn a_plan_without_end_is_refused() {
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e-9] {
            assert_eq!(Plan::new(TEN, None, Some(rate), 1).unwrap_err().code(), 2, "{rate}");
        }
        assert!(Plan::new(Duration::ZERO, None, None, 1).is_err());
        assert!(Plan::new(LONGEST + TEN, None, None, 1).is_err());
        assert!(Plan::new(TEN, Some(u64::MAX), Some(1.0), 1).is_err());
        assert_eq!(Plan::new(TEN, Some(u64::MAX), None, 1).unwrap().duration, LONGEST);
    }
}
