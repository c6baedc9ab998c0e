//! Values that weights can have.

use burn::tensor::{DType, TensorData};

/// The first value of a tensor that no weight can have: NaN, an infinity, or one beyond the range of `f32`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NotFinite {
    /// Where it is, one index per axis.
    pub(crate) index: Vec<usize>,
    pub(crate) value: f64,
}

/// Floating-point values of any precision as `f32`; others stay as they are.
pub(crate) fn single_precision(data: TensorData) -> Result<TensorData, NotFinite> {
    if !data.dtype().is_float() {
        return Ok(data);
    }
    check_finite(&data)?;
    Ok(match data.dtype() {
        DType::F32 => data,
        _ => data.convert_dtype(DType::F32),
    })
}

/// Looks at every floating-point value.
pub(crate) fn check_finite(data: &TensorData) -> Result<(), NotFinite> {
    if !data.dtype().is_float() {
        return Ok(());
    }
    let bad = |value: f64| !(value as f32).is_finite();
    // The usual case, without a conversion of every value.
    let found = match data.as_slice::<f32>() {
        Ok(values) => (values.iter().position(|value| !value.is_finite())).map(|at| (at, f64::from(values[at]))),
        Err(_) => data.iter::<f64>().enumerate().find(|(_, value)| bad(*value)),
    };
    let Some((mut at, value)) = found else {
        return Ok(());
    };
    let mut index = Vec::new();
    for size in data.shape().iter().rev() {
        index.push(at % size);
        at /= size;
    }
    index.reverse();
    Err(NotFinite { index, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{bf16, f16};

    #[test]
    fn the_first_value_that_is_no_weight_is_found() {
        let of = |value: f32| TensorData::new(vec![0.0, 1.0, 2.0, 3.0, value, f32::NAN], [2, 3]);
        for value in [f32::INFINITY, f32::NEG_INFINITY] {
            let NotFinite { index, value: found } = single_precision(of(value)).unwrap_err();
            assert_eq!((index, found), (vec![1, 1], f64::from(value)));
        }
        let found = single_precision(of(0.0)).unwrap_err();
        assert!(found.index == [1, 2] && found.value.is_nan());
        let wide = |value: f64| single_precision(TensorData::new(vec![1.0, value], [2]));
        assert_eq!(wide(-1e300).unwrap_err().value, -1e300);
        assert_eq!(wide(3.4028235677973366e38).unwrap_err().index, [1]);
        assert_eq!(
            wide(3e38).unwrap().try_to_vec::<f32>().unwrap(),
            [1.0, 3e38],
            "the range itself is fine"
        );
        assert_eq!(wide(1e-300).unwrap().try_to_vec::<f32>().unwrap(), [1.0, 0.0]);
        let half = single_precision(TensorData::new(vec![f16::from_f32(0.5), f16::INFINITY], [2]));
        assert_eq!(half.unwrap_err().index, [1]);
        let brain = single_precision(TensorData::new(vec![bf16::from_f32(0.5)], [1])).unwrap();
        assert_eq!(brain.try_to_vec::<f32>().unwrap(), [0.5]);
        assert_eq!(single_precision(TensorData::from([7i64])).unwrap().dtype(), DType::I64);
        assert!(single_precision(TensorData::new(Vec::<f32>::new(), [0, 3])).is_ok());
    }
}
