//! Numbers that anybody can make again: a hash of a name and of a place.

/// Numbers in 0..1, exact in single precision, that belong to `name`; `tests/fvd/golden.py` makes the same.
pub fn uniform(name: &str, count: usize) -> impl Iterator<Item = f32> + use<> {
    // FNV-1a of the name, then the last steps of MurmurHash3 of every place.
    let seed = name.bytes().fold(0x811c_9dc5_u32, |seed, byte| {
        (seed ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (0..count).map(move |place| {
        let mut hash = (place as u32).wrapping_mul(0x9e37_79b9).wrapping_add(seed);
        for (shift, factor) in [(16, 0x85eb_ca6b), (13, 0xc2b2_ae35)] {
            hash = (hash ^ (hash >> shift)).wrapping_mul(factor);
        }
        hash ^= hash >> 16;
        (hash >> 8) as f32 / (1 << 24) as f32
    })
}

/// The weights called `name` of a network of convolutions and batch normalizations, by PyTorch's names, whose activations
/// neither vanish nor explode.
pub fn weights(name: &str, shape: &[usize]) -> Vec<f32> {
    let uniform = uniform(name, shape.iter().product()).map(f64::from);
    let spread = (6.0 / shape[1..].iter().product::<usize>() as f64).sqrt();
    let value = |uniform: f64| match () {
        () if name.ends_with("conv3d.weight") => (2.0 * uniform - 1.0) * spread,
        () if name.ends_with("bn.weight") || name.ends_with("running_var") => uniform + 0.5,
        () => 0.5 * uniform - 0.25,
    };
    uniform.map(|uniform| value(uniform) as f32).collect()
}
