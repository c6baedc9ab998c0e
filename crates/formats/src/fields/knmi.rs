//! Radar composites of the Dutch weather service: HDF5 after its "HDF5 format specification", one file per time step.

use super::container::Container;
use super::description::Description;
use super::grid::Grid;
use super::packing::Packing;
use super::variable::Variable;
use crate::error::Fault;
use crate::time::utc;

const MONTHS: [&str; 12] = [
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
];

/// Describes the image `wanted` (`image1` without a options), or nothing where the file is of another kind.
pub(super) fn describe(
    file: &Container,
    variables: &[Variable],
    wanted: Option<&str>,
) -> Result<Option<Description>, Fault> {
    let image = wanted
        .unwrap_or("image1")
        .trim_matches('/')
        .trim_end_matches("/image_data");
    let name = format!("{image}/image_data");
    let Some(variable) = variables.iter().find(|variable| variable.name == name) else {
        return Ok(None);
    };
    let calibration = file.group(&format!("{image}/calibration"));
    let Some(formula) = calibration.text("calibration_formulas") else {
        return Ok(None);
    };
    let (scale, offset) = linear(formula).ok_or_else(|| {
        Fault::new(
            format!("has the calibration formula `{formula}` in `{image}`, which is not GEO = a * PV + b"),
            "convert it with a tool that knows this product",
        )
    })?;
    let missing = ["calibration_missing_data", "calibration_out_of_image"];
    let missing = missing
        .iter()
        .flat_map(|name| calibration.numbers(name))
        .map(|value| *value as f32);
    let overview = file.group("overview");
    let at = |name: &str| overview.text(name).and_then(moment);
    let end = at("product_datetime_end");
    let interval = at("product_datetime_start").zip(end).map(|(start, end)| end - start);
    let parameter = file
        .group(image)
        .text("image_geo_parameter")
        .unwrap_or_default()
        .to_owned();
    Ok(Some(Description {
        variable: variable.clone(),
        packing: Packing {
            scale,
            offset,
            missing: missing.collect(),
            ..Packing::default()
        },
        unit: unit(&parameter),
        times: end.into_iter().collect(),
        interval: interval.filter(|seconds| *seconds > 0),
        kind: "KNMI radar",
        grid: Grid::of_corners(file.group("geographic").numbers("geo_product_corners").to_vec()),
    }))
}

/// The unit in `ACCUMULATED_PRECIPITATION_[MM]`.
fn unit(parameter: &str) -> Option<String> {
    let (_, unit) = parameter.split_once('[')?;
    Some(match unit.trim_end_matches(']').to_ascii_uppercase().as_str() {
        "MM" => "mm".to_owned(),
        "MM/H" => "mm/h".to_owned(),
        "DBZ" => "dBZ".to_owned(),
        _ => unit.trim_end_matches(']').to_owned(),
    })
}

/// `GEO=0.01*PV+0.0` as 0.01 and 0.
fn linear(formula: &str) -> Option<(f64, f64)> {
    let formula: String = formula.chars().filter(|letter| !letter.is_whitespace()).collect();
    let (scale, rest) = formula.strip_prefix("GEO=")?.split_once("*PV")?;
    let offset = if rest.is_empty() {
        0.0
    } else {
        rest.replace("+-", "-").parse().ok()?
    };
    let (scale, offset): (f64, f64) = (scale.parse().ok()?, offset);
    (scale.is_finite() && offset.is_finite()).then_some((scale, offset))
}

/// `26-AUG-2010;00:05:00.000`.
fn moment(text: &str) -> Option<i64> {
    let (date, clock) = text.split_once(';')?;
    let mut date = date.split('-');
    let (day, month, year) = (date.next()?, date.next()?, date.next()?);
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? as i8 + 1;
    let mut clock = clock.split(':').map(|part| part.parse::<f64>().ok());
    let seconds = clock.next()?? * 3600.0 + clock.next()?? * 60.0 + clock.next()??;
    utc(year.parse().ok()?, month, day.parse().ok()?, seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_and_moments_are_read() {
        assert_eq!(linear("GEO=0.01*PV+0.0"), Some((0.01, 0.0)));
        assert_eq!(linear("GEO = 0.500000 * PV + -31.500000"), Some((0.5, -31.5)));
        assert_eq!(linear("GEO=0.5*PV-32"), Some((0.5, -32.0)));
        assert_eq!(linear("GEO=2*PV"), Some((2.0, 0.0)));
        for formula in ["", "GEO=PV*PV", "GEO=nan*PV+0", "GEO=0.1*PV+x"] {
            assert_eq!(linear(formula), None, "{formula}");
        }
        assert_eq!(moment("26-AUG-2010;00:05:00.000"), Some(1_282_781_100));
        for text in [
            "",
            "26-AUG-2010",
            "26-XXX-2010;00:05:00",
            "99-AUG-2010;00:05:00",
            "26-AUG-2010;00:05",
        ] {
            assert_eq!(moment(text), None, "{text}");
        }
        assert_eq!(unit("ACCUMULATED_PRECIPITATION_[MM]").as_deref(), Some("mm"));
        assert_eq!(unit("REFLECTIVITY_[DBZ]").as_deref(), Some("dBZ"));
        assert_eq!(unit("OTHER"), None);
    }
}
