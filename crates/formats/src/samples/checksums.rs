//! HDF5 guards what describes an array by checksums. Whoever makes a file to do harm makes them right.

/// The same file with the checksums of its superblock and of its object headers as they should be.
pub fn repaired(file: &[u8]) -> Vec<u8> {
    let mut file = file.to_vec();
    if file.starts_with(b"\x89HDF") && file.get(8).is_some_and(|version| *version >= 2) {
        repair(&mut file, 0, 44);
    }
    for start in 0..file.len() {
        if file[start..].starts_with(b"OHDR")
            && let Some(len) = header_len(&file[start..])
        {
            repair(&mut file, start, len);
        }
    }
    file
}

/// Bytes of an object header (version 2) in front of its checksum.
fn header_len(header: &[u8]) -> Option<usize> {
    let flags = *header.get(5)?;
    let times = if flags & 0x20 != 0 { 16 } else { 0 };
    let attributes = if flags & 0x10 != 0 { 4 } else { 0 };
    let start = 6 + times + attributes;
    let width = 1 << (flags & 3);
    let mut size = [0; 8];
    size[..width].copy_from_slice(header.get(start..start + width)?);
    usize::try_from(u64::from_le_bytes(size))
        .ok()?
        .checked_add(start + width)
}

fn repair(file: &mut [u8], start: usize, len: usize) {
    let Some(end) = start.checked_add(len).filter(|end| end.saturating_add(4) <= file.len()) else {
        return;
    };
    let checksum = lookup3(&file[start..end]);
    file[end..end + 4].copy_from_slice(&checksum.to_le_bytes());
}

/// `hashlittle` of lookup3 (Jenkins 2006), the checksum of HDF5's metadata.
fn lookup3(bytes: &[u8]) -> u32 {
    let mut state = [0xdead_beef_u32.wrapping_add(bytes.len() as u32); 3];
    let add = |state: &mut [u32; 3], block: &[u8]| {
        let mut padded = [0; 12];
        padded[..block.len()].copy_from_slice(block);
        for (word, bytes) in state.iter_mut().zip(padded.chunks_exact(4)) {
            let bytes = bytes.try_into().expect("chunks of four bytes");
            *word = word.wrapping_add(u32::from_le_bytes(bytes));
        }
    };
    // The last block, which may be full, is mixed in another way.
    let before = bytes.len().saturating_sub(1) / 12 * 12;
    for block in bytes[..before].chunks_exact(12) {
        add(&mut state, block);
        for (x, y, z, turn) in [
            (0, 2, 1, 4),
            (1, 0, 2, 6),
            (2, 1, 0, 8),
            (0, 2, 1, 16),
            (1, 0, 2, 19),
            (2, 1, 0, 4),
        ] {
            state[x] = state[x].wrapping_sub(state[y]) ^ state[y].rotate_left(turn);
            state[y] = state[y].wrapping_add(state[z]);
        }
    }
    if bytes.is_empty() {
        return state[2];
    }
    add(&mut state, &bytes[before..]);
    for (x, y, turn) in [
        (2, 1, 14),
        (0, 2, 11),
        (1, 0, 25),
        (2, 1, 16),
        (0, 2, 4),
        (1, 0, 14),
        (2, 1, 24),
    ] {
        state[x] = (state[x] ^ state[y]).wrapping_sub(state[y].rotate_left(turn));
    }
    state[2]
}
