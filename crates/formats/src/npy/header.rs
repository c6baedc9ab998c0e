//! The `.npy` header.

use super::ValueType;
use super::literal::Literals;
use crate::error::Fault;

/// A header longer than this describes no array of numbers; NumPy refuses 10,000 bytes and more.
const LONGEST: usize = 1 << 16;
/// NumPy's own limit.
const MOST_AXES: usize = 64;

/// Shape and type of an array, and where its values begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) value_type: ValueType,
    pub(super) shape: Vec<usize>,
    pub(super) offset: usize,
    /// Number of values; together they fill the file from `offset` to its end.
    pub(super) len: usize,
}

impl Header {
    /// Reads the header at the front of `file`, which is the whole file, and checks that the values it announces are
    /// there, no fewer and no more.
    pub(super) fn parse(file: &[u8]) -> Result<Self, Fault> {
        Self::parse_front(file, file.len())
    }

    /// As [`Header::parse`], from the first bytes of a file of `total` bytes.
    pub(super) fn parse_front(file: &[u8], total: usize) -> Result<Self, Fault> {
        let truncated = || Fault::new("ends within its header", "fetch or export it again");
        if file.is_empty() {
            return Err(Fault::new("is empty", "fetch or export it again"));
        }
        let rest = file.strip_prefix(b"\x93NUMPY").ok_or_else(|| {
            Fault::new(
                "is no .npy file (it does not begin with \\x93NUMPY)",
                "write it with numpy.save; of an .npz archive save one array by itself",
            )
        })?;
        let (version, rest) = rest.split_first_chunk::<2>().ok_or_else(truncated)?;
        let (len, rest) = match version[0] {
            1 => rest
                .split_first_chunk::<2>()
                .map(|(len, rest)| (u32::from(u16::from_le_bytes(*len)), rest)),
            2 | 3 => rest
                .split_first_chunk::<4>()
                .map(|(len, rest)| (u32::from_le_bytes(*len), rest)),
            other => {
                return Err(Fault::new(
                    format!("is a .npy file of version {other}, which is unknown"),
                    "write it with numpy.save",
                ));
            }
        }
        .ok_or_else(truncated)?;
        let len = len as usize;
        if len > LONGEST {
            return Err(Fault::new(
                format!("claims a header of {len} bytes"),
                "save a plain array of numbers with numpy.save",
            ));
        }
        let text = rest.get(..len).ok_or_else(truncated)?;
        let offset = file.len() - rest.len() + len;
        Self::read(text, offset, total.checked_sub(offset).ok_or_else(truncated)?)
    }

    fn read(text: &[u8], offset: usize, available: usize) -> Result<Self, Fault> {
        let unreadable = || Fault::new("has a header that cannot be read", "write it with numpy.save");
        let text = std::str::from_utf8(text).map_err(|_| unreadable())?;
        let entries = Entries::parse(text)?.ok_or_else(unreadable)?;
        let value_type = ValueType::parse(entries.description)?;
        if entries.fortran_order {
            return Err(Fault::new(
                "is in Fortran order",
                "save it in C order: numpy.save(path, numpy.ascontiguousarray(array))",
            ));
        }
        let shape = entries.shape;
        if shape.len() > MOST_AXES {
            return Err(Fault::new(format!("has {} axes", shape.len()), "use 3 to 5 axes"));
        }
        let bytes = shape
            .iter()
            .try_fold(1usize, |product, &size| product.checked_mul(size))
            .and_then(|len| len.checked_mul(value_type.width()));
        match bytes {
            Some(bytes) if bytes == available => Ok(Self {
                value_type,
                shape,
                offset,
                len: available / value_type.width(),
            }),
            Some(bytes) if bytes < available => Err(Fault::new(
                format!(
                    "holds {available} bytes of values where its header, shape {shape:?} of {value_type}, announces \
                     {bytes}"
                ),
                "save one array per file",
            )),
            _ => Err(Fault::new(
                format!(
                    "is truncated: it holds {available} bytes of values where its header, shape {shape:?} of \
                     {value_type}, announces {}",
                    bytes.map_or("more than any file can hold".to_owned(), |bytes| bytes.to_string())
                ),
                "fetch or export it again",
            )),
        }
    }
}

/// The three entries of the dictionary.
struct Entries<'a> {
    description: &'a str,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl<'a> Entries<'a> {
    /// `None` where the text is no such dictionary.
    fn parse(text: &'a str) -> Result<Option<Self>, Fault> {
        let mut literals = Literals::new(text);
        let (mut description, mut fortran_order, mut shape) = (None, None, None);
        let mut read = || -> Option<Result<(), Fault>> {
            literals.expect("{")?;
            while !literals.eat("}") {
                let key = literals.string()?;
                literals.expect(":")?;
                match key {
                    "descr" if literals.eat("[") => {
                        return Some(Err(Fault::new(
                            "holds records with named fields",
                            "save one field of numbers: numpy.save(path, array['field'])",
                        )));
                    }
                    "descr" => description = Some(literals.string()?),
                    "fortran_order" => fortran_order = Some(literals.boolean()?),
                    "shape" => shape = Some(literals.tuple()?),
                    _ => return None,
                }
                if !literals.eat(",") {
                    literals.expect("}")?;
                    break;
                }
            }
            literals.is_done().then_some(Ok(()))
        };
        match read() {
            None => return Ok(None),
            Some(outcome) => outcome?,
        }
        Ok(description
            .zip(fortran_order)
            .zip(shape)
            .map(|((description, fortran_order), shape)| Self {
                description,
                fortran_order,
                shape,
            }))
    }
}

/// Checks the header in the first bytes of a `.npy` file of `total` bytes.
pub fn check_front(front: &[u8], total: usize) -> Result<(), Fault> {
    Header::parse_front(front, total).map(|_| ())
}

/// The header that `numpy.save` writes for a C-ordered array of little-endian f32.
pub fn f32_header(shape: &[usize]) -> Vec<u8> {
    header("<f4", shape)
}

/// The header that `numpy.save` writes for a C-ordered array of bytes.
pub fn byte_header(shape: &[usize]) -> Vec<u8> {
    header("|u1", shape)
}

/// The header of an array of bytes of any number of `frame`s: of the same length whatever the number is, so that it can be
/// written before the number is known.
pub fn byte_header_of_frames(frames: usize, frame: &[usize]) -> Vec<u8> {
    let longest = [&[usize::MAX], frame].concat();
    let shape = [&[frames], frame].concat();
    padded("|u1", &shape, byte_header(&longest).len())
}

fn header(description: &str, shape: &[usize]) -> Vec<u8> {
    padded(description, shape, 0)
}

/// Values start at a multiple of 64 bytes, and not before `least`.
fn padded(description: &str, shape: &[usize], least: usize) -> Vec<u8> {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    let shape = format!("({}{comma})", sizes.join(", "));
    let mut text = format!("{{'descr': '{description}', 'fortran_order': False, 'shape': {shape}, }}");
    let before = b"\x93NUMPY\x01\x00".len() + size_of::<u16>();
    let end = before + text.len() + 1;
    let padding = end.next_multiple_of(64).max(least) - end;
    text.extend(std::iter::repeat_n(' ', padding));
    text.push('\n');
    let len = u16::try_from(text.len()).expect("a shape of a few axes is short");
    [b"\x93NUMPY\x01\x00".as_slice(), &len.to_le_bytes(), text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(text: &str, values: usize) -> Vec<u8> {
        let len = u16::try_from(text.len()).unwrap();
        let mut file = [b"\x93NUMPY\x01\x00".as_slice(), &len.to_le_bytes(), text.as_bytes()].concat();
        file.resize(file.len() + values, 0);
        file
    }

    #[test]
    fn headers_of_numpy_are_read() {
        let text = "{'descr': '>i2', 'fortran_order': False, 'shape': (2, 3), }   \n";
        let header = Header::parse(&file(text, 12)).unwrap();
        assert_eq!((header.shape, header.len), (vec![2, 3], 6));
        assert_eq!(header.value_type.to_string(), ">i2");
        let python2 = "{\"shape\": (3L,), \"descr\": \"|u1\", \"fortran_order\": False}";
        assert_eq!(Header::parse(&file(python2, 3)).unwrap().shape, [3]);
        let scalar = "{'descr': '<f8', 'fortran_order': False, 'shape': ()}";
        assert_eq!(Header::parse(&file(scalar, 8)).unwrap().len, 1);
    }

    #[test]
    fn the_number_of_frames_does_not_change_the_length() {
        let lengths =
            [0, 7, 123_456_789, usize::MAX].map(|frames| byte_header_of_frames(frames, &[3, 1080, 1920]).len());
        assert_eq!(lengths, [lengths[0]; 4]);
        let mut file = byte_header_of_frames(7, &[3, 2]);
        file.resize(file.len() + 42, 1);
        assert_eq!(Header::parse(&file).unwrap().shape, [7, 3, 2]);
    }

    #[test]
    fn every_fault_has_its_own_message() {
        let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}";
        let huge = good.replace("(2,)", "(4000000000, 4000000000, 4000000000)");
        let cases = [
            (vec![], "is empty"),
            (b"PK\x03\x04".to_vec(), "is no .npy file"),
            (b"\x93NUMPY\x01".to_vec(), "ends within its header"),
            (file(good, 8)[..30].to_vec(), "ends within its header"),
            (b"\x93NUMPY\x09\x00\x00\x00".to_vec(), "version 9"),
            (
                b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(),
                "claims a header of 4294967295 bytes",
            ),
            (file("{'descr': '<f4'}", 8), "cannot be read"),
            (file(&good.replace("'<f4'", "[('a', '<f4')]"), 8), "named fields"),
            (file(&good.replace("<f4", "<c8"), 16), "type `<c8`"),
            (file(&good.replace("False", "True"), 8), "Fortran order"),
            (file(good, 7), "is truncated: it holds 7 bytes"),
            (file(good, 9), "announces 8"),
            (file(&huge, 8), "more than any file can hold"),
            (
                file(&good.replace("(2,)", "(99999999999999999999999,)"), 8),
                "cannot be read",
            ),
        ];
        for (bytes, expected) in cases {
            let fault = Header::parse(&bytes).unwrap_err();
            assert!(fault.problem.contains(expected), "{expected}: {fault:?}");
            assert!(!fault.remedy.is_empty());
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), magic in any::<bool>()) {
            let file = if magic { [b"\x93NUMPY\x01\x00".as_slice(), &bytes].concat() } else { bytes };
            if let Ok(header) = Header::parse(&file) {
                prop_assert_eq!(header.offset + header.len * header.value_type.width(), file.len());
            }
        }

        #[test]
        fn mutated_headers_never_claim_more_than_the_file(
            shape in proptest::collection::vec(0usize..6, 0..6),
            changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            cut in 0usize..8,
        ) {
            let mut file = f32_header(&shape);
            prop_assert_eq!(file.len() % 64, 0);
            file.resize(file.len() + 4 * shape.iter().product::<usize>(), 7);
            let intact = Header::parse(&file).unwrap();
            prop_assert_eq!((&intact.shape, intact.value_type), (&shape, ValueType::F32));
            for (place, byte) in &changes {
                let place = place.index(file.len());
                file[place] = *byte;
            }
            file.truncate(file.len() - cut.min(file.len()));
            if let Ok(header) = Header::parse(&file) {
                prop_assert_eq!(header.offset + header.len * header.value_type.width(), file.len());
                prop_assert_eq!(header.shape.iter().product::<usize>(), header.len);
            }
        }
    }
}
