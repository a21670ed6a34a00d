//! Receipts: who holds one may settle the lease that it came with.

/// Proof of one lease of one delivery, written `seq.secret`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The message's position.
    pub seq: i64,
    /// The lease's secret.
    pub lease: i64,
}

impl std::fmt::Display for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:016x}", self.seq, self.lease)
    }
}

impl std::str::FromStr for Receipt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parse = |text: &str| {
            let (seq, lease) = text.split_once('.')?;
            Some(Self { seq: seq.parse().ok()?, lease: u64::from_str_radix(lease, 16).ok()? as i64 })
        };
        // One lease has one receipt: what reads like one but is written otherwise is none.
        parse(text)
            .filter(|receipt| receipt.to_string() == text)
            .ok_or_else(|| "this is no receipt: take it from the answer of a receive".to_owned())
    }
}
