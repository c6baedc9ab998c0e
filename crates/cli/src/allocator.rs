//! How the C allocator treats freed memory.

/// Keeps freed memory in the process instead of returning it to the system at once.
///
/// The CPU backend allocates a fresh buffer of some megabytes for nearly every operation. By default glibc maps each one
/// anew and unmaps it on free, so that every operation pays for page faults and for zeroed pages: up to two thirds of a
/// training step. Without maps of their own the same pages are used again.
pub(crate) fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        // SAFETY: called before any other thread exists; an unsupported value is refused and changes nothing.
        unsafe {
            // glibc refuses a threshold for maps above 32 MB, so there are to be none at all.
            libc::mallopt(libc::M_MMAP_MAX, 0);
            libc::mallopt(libc::M_TRIM_THRESHOLD, libc::c_int::MAX);
        }
    }
}
