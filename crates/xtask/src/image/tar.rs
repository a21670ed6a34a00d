//! Archives of the POSIX kind (`ustar`), every entry owned by root and from the beginning of time, so that the same files make
//! the same bytes.

/// What is in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A folder that everybody may read.
    Folder,
    /// A file, with its mode.
    File(Vec<u8>, u32),
}

/// Bytes of a block.
const BLOCK: usize = 512;
/// Bytes of a name that fit.
const NAME_BYTES_MAX: usize = 100;

/// Writes entries, given with their names, in the order given. Names are cut at 100 bytes: longer ones are the caller's mistake.
pub(super) fn write(entries: &[(String, Entry)]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, entry) in entries {
        debug_assert!(name.len() < NAME_BYTES_MAX, "{name} does not fit");
        let (mode, kind, content) = match entry {
            Entry::Folder => (0o755, b'5', &[][..]),
            Entry::File(content, mode) => (*mode, b'0', &content[..]),
        };
        let slash = if matches!(entry, Entry::Folder) { "/" } else { "" };
        archive.extend(header(&format!("{name}{slash}"), mode, kind, content.len()));
        archive.extend(content);
        archive.resize(archive.len().next_multiple_of(BLOCK), 0);
    }
    archive.resize(archive.len() + 2 * BLOCK, 0);
    archive
}

fn header(name: &str, mode: u32, kind: u8, size: usize) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |at: usize, room: usize, bytes: &[u8]| {
        let bytes = &bytes[..bytes.len().min(room)];
        block[at..at + bytes.len()].copy_from_slice(bytes);
    };
    put(0, NAME_BYTES_MAX, name.as_bytes());
    put(100, 8, format!("{mode:07o}\0").as_bytes());
    put(108, 8, b"0000000\0");
    put(116, 8, b"0000000\0");
    put(124, 12, format!("{size:011o}\0").as_bytes());
    put(136, 12, b"00000000000\0");
    put(148, 8, b"        ");
    put(156, 1, &[kind]);
    put(257, 8, b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    let sum = format!("{sum:06o}\0 ");
    block[148..156].copy_from_slice(sum.as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    #[test]
    fn tar_reads_what_is_written() {
        let entries = [
            ("etc".to_owned(), Entry::Folder),
            ("etc/passwd".to_owned(), Entry::File(b"root:x:0:0\n".to_vec(), 0o644)),
        ];
        let mut tar = Command::new("tar")
            .args(["--list", "--verbose", "--numeric-owner", "--utc", "--full-time", "--file", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        tar.stdin.take().unwrap().write_all(&write(&entries)).unwrap();
        let output = tar.wait_with_output().unwrap();
        let listed = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<Vec<&str>> = listed.lines().map(|line| line.split_whitespace().collect()).collect();
        assert!(output.status.success());
        assert_eq!(lines[0], ["drwxr-xr-x", "0/0", "0", "1970-01-01", "00:00:00", "etc/"]);
        assert_eq!(lines[1], ["-rw-r--r--", "0/0", "11", "1970-01-01", "00:00:00", "etc/passwd"]);
    }
}
