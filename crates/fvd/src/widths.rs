//! How wide the layers are, and hence which weights there are.

/// Names of the nine Inception modules.
pub(crate) const MODULES: [&str; 9] = ["3b", "3c", "4b", "4c", "4d", "4e", "4f", "5b", "5c"];

/// Convolutions of an Inception module: name, which of its widths it reads (the module's input where there is none) and
/// taps.
pub(crate) const BRANCHES: [(&str, Option<usize>, usize); 6] = [
    ("b0", None, 1),
    ("b1a", None, 1),
    ("b1b", Some(1), 3),
    ("b2a", None, 1),
    ("b2b", Some(3), 3),
    ("b3b", None, 1),
];

/// Channels of every layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Widths {
    /// Of the three convolutions in front.
    pub stem: [usize; 3],
    /// Of the six convolutions of each Inception module, in the order of the state dict: `b0`, `b1a`, `b1b`, `b2a`, `b2b`,
    /// `b3b`.
    pub modules: [[usize; 6]; 9],
    /// Features of a clip.
    pub classes: usize,
}

/// The network that was trained on Kinetics-400.
pub const KINETICS: Widths = Widths {
    stem: [64, 64, 192],
    modules: [
        [64, 96, 128, 16, 32, 32],
        [128, 128, 192, 32, 96, 64],
        [192, 96, 208, 16, 48, 64],
        [160, 112, 224, 24, 64, 64],
        [128, 128, 256, 24, 64, 64],
        [112, 144, 288, 32, 64, 64],
        [256, 160, 320, 32, 128, 128],
        [256, 160, 320, 32, 128, 128],
        [384, 192, 384, 48, 128, 128],
    ],
    classes: 400,
};

/// One convolution: its name in the state dict, channels in and out, taps in each direction.
pub(crate) struct Sizes {
    pub(crate) name: String,
    pub(crate) input: usize,
    pub(crate) output: usize,
    pub(crate) taps: usize,
}

impl Sizes {
    fn new(name: impl Into<String>, [input, output]: [usize; 2], taps: usize) -> Self {
        let name = name.into();
        Self {
            name,
            input,
            output,
            taps,
        }
    }

    /// Name and shape of the kernel.
    pub(crate) fn kernel(&self) -> (String, Vec<usize>) {
        let name = format!("{}.conv3d.weight", self.name);
        (name, vec![self.output, self.input, self.taps, self.taps, self.taps])
    }

    /// Names of scale, offset, mean and variance of the normalization; each has a value per channel.
    pub(crate) fn norm(&self) -> [String; 4] {
        ["weight", "bias", "running_mean", "running_var"].map(|part| format!("{}.bn.{part}", self.name))
    }
}

impl Widths {
    /// The network with a part of the channels, to try things quickly. `by` divides 8.
    pub fn divided(self, by: usize) -> Self {
        Self {
            stem: self.stem.map(|width| width / by),
            modules: self.modules.map(|widths| widths.map(|width| width / by)),
            classes: self.classes / by,
        }
    }

    /// Names and shapes of all weights.
    pub fn weights(&self) -> Vec<(String, Vec<usize>)> {
        let modules = (0..MODULES.len()).flat_map(|number| self.module(number));
        let of_unit = |unit: Sizes| {
            let norm = unit.norm().map(|name| (name, vec![unit.output]));
            [unit.kernel()].into_iter().chain(norm)
        };
        let units = self.stem().into_iter().chain(modules).flat_map(of_unit);
        let bias = ("logits.conv3d.bias".to_owned(), vec![self.classes]);
        units.chain([self.logits().kernel(), bias]).collect()
    }

    /// The convolutions in front.
    pub(crate) fn stem(&self) -> [Sizes; 3] {
        let [first, second, third] = self.stem;
        [
            Sizes::new("Conv3d_1a_7x7", [3, first], 7),
            Sizes::new("Conv3d_2b_1x1", [first, second], 1),
            Sizes::new("Conv3d_2c_3x3", [second, third], 3),
        ]
    }

    /// The convolutions of an Inception module.
    pub(crate) fn module(&self, number: usize) -> [Sizes; 6] {
        let input = match number {
            0 => self.stem[2],
            _ => self.output_of(number - 1),
        };
        let widths = self.modules[number];
        std::array::from_fn(|branch| {
            let (name, source, taps) = BRANCHES[branch];
            let input = source.map_or(input, |source| widths[source]);
            let name = format!("Mixed_{}.{name}", MODULES[number]);
            Sizes::new(name, [input, widths[branch]], taps)
        })
    }

    /// The last convolution.
    pub(crate) fn logits(&self) -> Sizes {
        Sizes::new("logits", [self.output_of(MODULES.len() - 1), self.classes], 1)
    }

    /// Channels that an Inception module puts together.
    fn output_of(&self, number: usize) -> usize {
        let [one, _, two, _, three, four] = self.modules[number];
        one + two + three + four
    }
}
