//! Passwords from the operating system's randomness.

use getrandom::Error;

/// Characters of a password: 238 bits.
const PASSWORD_CHARS: usize = 40;
/// What a password is made of: it travels in URLs and in configuration files, where others would have to be escaped.
const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// Bytes from here on are thrown away: they would make the first characters of the alphabet more likely.
const FAIR: u8 = 248;

/// A source of random bytes.
pub(super) type Randomness<'a> = &'a mut dyn FnMut(&mut [u8]) -> Result<(), Error>;

/// Fills a buffer from the operating system.
///
/// Fails when the system has no randomness to give.
#[expect(clippy::disallowed_methods, reason = "this is where the randomness of this command comes in")]
pub(super) fn bytes(buffer: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(buffer)
}

/// Makes a password of letters and digits, each as likely as every other.
///
/// Fails when the randomness does.
pub(super) fn password(randomness: Randomness<'_>) -> Result<String, Error> {
    let mut text = String::with_capacity(PASSWORD_CHARS);
    let mut buffer = [0; PASSWORD_CHARS];
    while text.len() < PASSWORD_CHARS {
        randomness(&mut buffer)?;
        let fair = buffer.iter().filter(|byte| **byte < FAIR);
        let chars = fair.map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()]));
        text.extend(chars.take(PASSWORD_CHARS - text.len()));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_letters_and_digits_and_never_the_same() {
        let one = password(&mut bytes).unwrap();
        assert_eq!(one.len(), PASSWORD_CHARS);
        assert!(one.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_ne!(one, password(&mut bytes).unwrap());
    }

    #[test]
    fn every_character_is_equally_likely() {
        let mut next = 0_u8;
        let mut counting = |buffer: &mut [u8]| {
            for byte in buffer {
                *byte = next;
                next = next.wrapping_add(1);
            }
            Ok(())
        };
        // 62 characters, four bytes each: 31 passwords of 40 take each character 20 times.
        let all: String = (0..31).map(|_| password(&mut counting).unwrap()).collect();
        let counts = ALPHABET.iter().map(|byte| all.bytes().filter(|found| found == byte).count());
        assert!(counts.clone().max().unwrap() - counts.min().unwrap() <= 8, "{all}");
        assert_eq!(FAIR as usize % ALPHABET.len(), 0);
    }

    #[test]
    fn without_randomness_there_is_no_password() {
        assert!(password(&mut |_| Err(Error::UNSUPPORTED)).is_err());
    }
}
