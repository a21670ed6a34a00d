//! What may vanish: wake-ups, rate limits, presence; in process, or Redis.
