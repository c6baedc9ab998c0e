//! Radar composites after the OPERA data information model (ODIM_H5), one file per time step.

use super::container::Container;
use super::description::Description;
use super::grid::Grid;
use super::packing::Packing;
use super::variable::{Attributes, Variable};
use crate::error::Fault;
use crate::time::utc;

/// Describes one grid of the file, or nothing where the file is of another kind.
///
/// `wanted` is a group (`dataset1/data2`) or a quantity (`DBZH`); without it the first grid is taken.
pub(super) fn describe(
    file: &Container,
    variables: &[Variable],
    wanted: Option<&str>,
) -> Result<Option<Description>, Fault> {
    if !file
        .group("")
        .text("Conventions")
        .is_some_and(|text| text.starts_with("ODIM_H5"))
    {
        return Ok(None);
    }
    let object = file.group("what").text("object").unwrap_or_default().to_owned();
    if !["COMP", "IMAGE", "CVOL"].contains(&object.as_str()) {
        return Err(Fault::new(
            format!("holds an ODIM object of type `{object}`, which is no grid"),
            "make a Cartesian composite (COMP) or image (IMAGE) of it first",
        ));
    }
    let grids: Vec<(&Variable, What)> = variables
        .iter()
        .filter(|variable| variable.short_name() == "data" && variable.axes.len() == 2)
        .map(|variable| (variable, What::of(file, variable)))
        .collect();
    let is_wanted = |(variable, grid): &&(&Variable, What)| {
        wanted.is_none_or(|wanted| {
            let wanted = wanted.trim_matches('/');
            grid.quantity == wanted || variable.name == wanted || variable.name == format!("{wanted}/data")
        })
    };
    let Some((variable, grid)) = grids.iter().find(is_wanted) else {
        let names: Vec<String> = grids
            .iter()
            .map(|(variable, grid)| format!("{} ({})", variable.name.trim_end_matches("/data"), grid.quantity))
            .collect();
        return Err(Fault::new(
            format!("has no grid `{}`", wanted.unwrap_or("dataset1/data1")),
            format!("set data.variable to one of: {}", names.join(", ")),
        ));
    };
    let what = file.group("what");
    let nominal = moment(what.text("date"), what.text("time"));
    let interval = grid.start.zip(grid.end).map(|(start, end)| end - start);
    let is_amount = ["RATE", "ACRR", "RR"].contains(&grid.quantity.as_str());
    let lowest = grid
        .undetect
        .map(|undetect| (undetect * grid.gain + grid.offset) as f32);
    Ok(Some(Description {
        variable: (*variable).clone(),
        packing: Packing {
            scale: grid.gain,
            offset: grid.offset,
            missing: grid.nodata.iter().map(|value| *value as f32).collect(),
            // Too weak to be detected: no rain, or the lowest reflectivity that the numbers can express.
            nothing: grid
                .undetect
                .zip(lowest)
                .map(|(undetect, lowest)| (undetect as f32, if is_amount { 0.0 } else { lowest })),
            ..Packing::default()
        },
        unit: unit(&grid.quantity),
        times: nominal.or(grid.end).into_iter().collect(),
        interval: interval.filter(|seconds| *seconds > 0),
        kind: "ODIM radar",
        grid: Grid::of_corners(corners(file, variable)),
    }))
}

/// Longitude and latitude of the lower left and the upper right corner, by `where` of the file or of the dataset.
fn corners(file: &Container, variable: &Variable) -> Vec<f64> {
    let dataset = variable.name.split('/').next().unwrap_or_default();
    let places = ["where".to_owned(), format!("{dataset}/where")].map(|group| file.group(&group));
    let number = |name: &str| places.iter().find_map(|place| place.number(name));
    let corners = ["LL_lon", "LL_lat", "UR_lon", "UR_lat"].map(number);
    corners.into_iter().collect::<Option<_>>().unwrap_or_default()
}

/// The attributes `what` of a grid: in its own group, else in that of its dataset.
struct What {
    quantity: String,
    gain: f64,
    offset: f64,
    nodata: Option<f64>,
    undetect: Option<f64>,
    start: Option<i64>,
    end: Option<i64>,
}

impl What {
    fn of(file: &Container, variable: &Variable) -> Self {
        let own = variable.name.trim_end_matches("/data");
        let parent = own.rsplit_once('/').map_or("", |(parent, _)| parent);
        let places: [Attributes; 2] = [own, parent].map(|group| file.group(&format!("{group}/what")));
        let number = |name: &str| places.iter().find_map(|place| place.number(name));
        let text = |name: &str| places.iter().find_map(|place| place.text(name));
        Self {
            quantity: text("quantity").unwrap_or_default().to_owned(),
            gain: number("gain").unwrap_or(1.0),
            offset: number("offset").unwrap_or(0.0),
            nodata: number("nodata"),
            undetect: number("undetect"),
            start: moment(text("startdate"), text("starttime")),
            end: moment(text("enddate"), text("endtime")),
        }
    }
}

fn unit(quantity: &str) -> Option<String> {
    Some(match quantity {
        "RATE" | "RR" => "mm/h".to_owned(),
        "ACRR" => "mm".to_owned(),
        quantity if quantity.starts_with("DBZ") || quantity.starts_with("TH") || quantity.starts_with("TV") => {
            "dBZ".to_owned()
        }
        _ => return None,
    })
}

/// `20100826` and `000500`.
fn moment(date: Option<&str>, clock: Option<&str>) -> Option<i64> {
    let digits = |text: &str, len: usize| text.len() == len && text.bytes().all(|byte| byte.is_ascii_digit());
    let (date, clock) = (date?, clock?);
    if !digits(date, 8) || !digits(clock, 6) {
        return None;
    }
    let part = |text: &str, at: usize| text[at..at + 2].parse::<f64>().ok();
    let seconds = part(clock, 0)? * 3600.0 + part(clock, 2)? * 60.0 + part(clock, 4)?;
    utc(
        date[..4].parse().ok()?,
        date[4..6].parse().ok()?,
        date[6..].parse().ok()?,
        seconds,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        assert_eq!(moment(Some("20100826"), Some("000500")), Some(1_282_781_100));
        for (date, clock) in [
            ("2010826", "000500"),
            ("20101326", "000500"),
            ("20100826", "0005"),
            ("2010é826", "000500"),
        ] {
            assert_eq!(moment(Some(date), Some(clock)), None);
        }
        assert_eq!(unit("DBZH").as_deref(), Some("dBZ"));
        assert_eq!(unit("VRADH"), None);
    }
}
