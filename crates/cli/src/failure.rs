//! Error messages and exit codes.

/// The exit code of a mistake that the user can put right.
pub(crate) const MISTAKE: u8 = 2;

/// One line: the error, and the causes that it does not already quote.
pub(crate) fn message(error: &anyhow::Error) -> String {
    let mut message = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !message.contains(&cause) {
            message = format!("{message}: {cause}");
        }
    }
    message
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_cause_is_told_once() {
        let quoted = anyhow!("no space left").context("cannot write `out.npy`: no space left");
        assert_eq!(message(&quoted), "cannot write `out.npy`: no space left");
        let unquoted = anyhow!("no space left").context("cannot write `out.npy`");
        assert_eq!(message(&unquoted), "cannot write `out.npy`: no space left");
    }
}
