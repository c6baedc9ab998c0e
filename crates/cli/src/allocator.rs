//! How the C allocator treats freed memory.

/// Keeps freed memory in the process instead of returning it to the system at once.
///
/// The CPU backend allocates a fresh buffer of some megabytes for nearly every operation. By default glibc maps each one
/// anew and unmaps it on free, so that every operation pays for page faults and for zeroed pages: up to two thirds of a
/// training step. With high thresholds the same pages are used again.
pub(crate) fn keep_freed_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        const THRESHOLD: libc::c_int = 1 << 30;
        // SAFETY: called before any other thread exists; an unsupported value is refused and changes nothing.
        unsafe {
            libc::mallopt(libc::M_MMAP_THRESHOLD, THRESHOLD);
            libc::mallopt(libc::M_TRIM_THRESHOLD, THRESHOLD);
        }
    }
}
