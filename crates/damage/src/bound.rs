//! Tests that only mean something to a user whom permissions bind, which the superuser is not.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

/// Set in the process where permissions bind.
const BOUND: &str = "FOREFRAME_TEST_BOUND";

/// Runs `check`, the body of the test called `name`, in a process of its own where nobody may read or write what permissions
/// forbid: the superuser gives up the capabilities to do so there.
pub fn by_permissions(name: &str, check: impl FnOnce()) {
    if std::env::var_os(BOUND).is_some() {
        if !permissions_bind() {
            // A sandbox that lets nobody give up capabilities, or a file system without permissions.
            eprintln!("{name} was left out: permissions do not bind here, whatever is given up");
            return;
        }
        return check();
    }
    let mut alone = Command::new(std::env::current_exe().unwrap());
    alone.args(["--exact", name, "--nocapture"]).env(BOUND, "1");
    // SAFETY: nothing but system calls, which may be made between fork and exec.
    unsafe { alone.pre_exec(give_up_capabilities) };
    let output = alone.output().unwrap();
    let texts = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    eprintln!("{}{}", texts[0], texts[1]);
    assert!(
        output.status.success(),
        "{name} failed where permissions bind, see above"
    );
    assert!(
        texts[0].contains("test result: ok. 1 passed"),
        "there is no test `{name}`"
    );
}

/// Nobody may read the file any more.
pub fn lock(path: &Path) {
    fs::set_permissions(path, Permissions::from_mode(0o000)).unwrap();
}

fn permissions_bind() -> bool {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("locked");
    fs::write(&path, "").unwrap();
    lock(&path);
    File::open(&path).is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

/// Takes the superuser's right to pass over permissions from whatever is executed next. Who has no such right has none to
/// give up, and fails.
fn give_up_capabilities() -> io::Result<()> {
    const CAP_DAC_OVERRIDE: libc::c_ulong = 1;
    const CAP_DAC_READ_SEARCH: libc::c_ulong = 2;
    for capability in [CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH] {
        // SAFETY: the call takes numbers only.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability) };
    }
    Ok(())
}
