//! Damage that can be repeated.

/// Numbers that follow from a seed (SplitMix64, Steele et al. 2014).
pub(crate) struct Numbers(u64);

impl Numbers {
    /// The numbers that follow from `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }
}

/// A replacement of a size: huge, or just wrong.
const SIZES: [u64; 10] = [
    0,
    1,
    0x7f,
    0xffff,
    5000,
    1 << 24,
    0x7fff_ffff,
    0xffff_ffff,
    1 << 40,
    u64::MAX,
];

/// `sample` with one to three kinds of damage: bits, bytes, sizes in binary and in digits, pieces cut off, left out or
/// doubled.
pub(crate) fn damaged(sample: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for _ in 0..=numbers.below(3) {
        if bytes.is_empty() {
            break;
        }
        damage(&mut bytes, numbers);
    }
    bytes
}

fn damage(bytes: &mut Vec<u8>, numbers: &mut Numbers) {
    let place = numbers.below(bytes.len());
    // Headers matter most, and in a large file they are hit too rarely.
    let place = if numbers.below(2) == 0 {
        place % 256 % bytes.len()
    } else {
        place
    };
    match numbers.below(8) {
        0 | 1 => bytes[place] ^= 1 << numbers.below(8),
        2 => bytes[place] = numbers.next() as u8,
        3 => bytes.truncate(place),
        4 | 5 => {
            let width = numbers.pick(&[1, 2, 4, 8]);
            let size = numbers.pick(&SIZES);
            let (little, big) = (size.to_le_bytes(), size.to_be_bytes());
            let written = if numbers.below(2) == 0 {
                &little[..width]
            } else {
                &big[8 - width..]
            };
            let end = (place + width).min(bytes.len());
            bytes[place..end].copy_from_slice(&written[..end - place]);
        }
        6 => {
            // The next run of digits becomes another number.
            let is_digit = |byte: &u8| byte.is_ascii_digit();
            let Some(start) = bytes[place..].iter().position(is_digit).map(|at| place + at) else {
                return;
            };
            let end = bytes[start..].iter().position(|byte| !is_digit(byte));
            let end = end.map_or(bytes.len(), |len| start + len);
            let size = numbers.pick(&SIZES).to_string();
            bytes.splice(start..end, size.into_bytes());
        }
        _ => {
            let end = (place + 1 + numbers.below(64)).min(bytes.len());
            let piece = bytes[place..end].to_vec();
            match numbers.below(2) {
                0 => drop(bytes.drain(place..end)),
                _ => drop(bytes.splice(place..place, piece)),
            }
        }
    }
}
