//! Small HDF5 and NetCDF files as weather services write them.

use hdf5_pure::{AttrValue, FileBuilder};
use netcdf_writer::{NcAttrValue, NcFileBuilder, NcWriteOptions};

/// A radar composite of 4x6 as the Dutch weather service writes them: `minute` after 04:00, every value `minute`.
pub fn knmi(minute: u16) -> Vec<u8> {
    let mut values = [minute; 24];
    values[5] = 65535;
    let text = |text: &str| AttrValue::AsciiString(text.to_owned());
    let mut file = FileBuilder::new();
    let mut overview = file.create_group("overview");
    let at = |minute: u16| text(&format!("26-AUG-2010;04:{minute:02}:00.000"));
    overview.set_attr("product_datetime_start", at(minute));
    overview.set_attr("product_datetime_end", at(minute + 5));
    file.add_group(overview.finish());
    let mut image = file.create_group("image1");
    image.set_attr("image_geo_parameter", text("ACCUMULATED_PRECIPITATION_[MM]"));
    image
        .create_dataset("image_data")
        .with_u16_data(&values)
        .with_shape(&[4, 6])
        .with_chunks(&[4, 6])
        .with_deflate(6);
    let mut calibration = image.create_group("calibration");
    calibration.set_attr("calibration_formulas", text("GEO=0.01*PV+0.0"));
    calibration.set_attr("calibration_missing_data", AttrValue::I32Array(vec![65535]));
    image.add_group(calibration.finish());
    file.add_group(image.finish());
    file.finish().unwrap()
}

/// An ODIM composite of 2x2: no data, nothing detected, 10 and 20.
pub fn odim(object: &str, quantity: &str) -> Vec<u8> {
    let text = |text: &str| AttrValue::AsciiString(text.to_owned());
    let mut file = FileBuilder::new();
    file.set_attr("Conventions", text("ODIM_H5/V2_2"));
    let mut what = file.create_group("what");
    what.set_attr("object", text(object));
    what.set_attr("date", text("20100826"));
    what.set_attr("time", text("000500"));
    file.add_group(what.finish());
    let mut dataset = file.create_group("dataset1");
    let mut data = dataset.create_group("data1");
    data.create_dataset("data")
        .with_u8_data(&[255, 0, 10, 20])
        .with_shape(&[2, 2]);
    let mut what = data.create_group("what");
    what.set_attr("quantity", text(quantity));
    for (name, value) in [("gain", 0.5), ("offset", -32.0), ("nodata", 255.0), ("undetect", 0.0)] {
        what.set_attr(name, AttrValue::F64(value));
    }
    data.add_group(what.finish());
    dataset.add_group(data.finish());
    file.add_group(dataset.finish());
    file.finish().unwrap()
}

/// Hourly packed temperatures of 2x3 in a classic NetCDF file, at the given hours; one value of every frame is missing.
pub fn netcdf(hours: &[i32]) -> Vec<u8> {
    let text = |text: &str| NcAttrValue::Chars(text.to_owned());
    let mut file = NcFileBuilder::new();
    let time = file.add_dimension("time", hours.len() as u64).unwrap();
    let lat = file.add_dimension("lat", 2).unwrap();
    let lon = file.add_dimension("lon", 3).unwrap();
    let axis = file.add_variable::<i32>("time", &[time]).unwrap();
    file.add_variable_attribute(axis, "units", text("hours since 1970-01-01"))
        .unwrap();
    file.write_variable(axis, hours).unwrap();
    let t2m = file.add_variable::<i16>("t2m", &[time, lat, lon]).unwrap();
    file.add_variable_attribute(t2m, "units", text("K")).unwrap();
    file.add_variable_attribute(t2m, "scale_factor", NcAttrValue::Doubles(vec![0.5]))
        .unwrap();
    file.add_variable_attribute(t2m, "add_offset", NcAttrValue::Doubles(vec![273.0]))
        .unwrap();
    file.add_variable_attribute(t2m, "missing_value", NcAttrValue::Shorts(vec![-999]))
        .unwrap();
    let values: Vec<i16> = hours.iter().flat_map(|hour| [*hour as i16, 1, -999, 3, 4, 5]).collect();
    file.write_variable(t2m, &values).unwrap();
    file.to_vec(NcWriteOptions::classic()).unwrap().1
}

/// An array `[3, 4, 5]` of 0..60 as plain HDF5.
pub fn plain() -> Vec<u8> {
    let values: Vec<f32> = (0..60).map(|value| value as f32).collect();
    let mut file = FileBuilder::new();
    file.create_dataset("frames")
        .with_f32_data(&values)
        .with_shape(&[3, 4, 5])
        .with_chunks(&[2, 4, 5])
        .with_shuffle()
        .with_deflate(4);
    file.create_dataset("other")
        .with_f32_data(&[0.0; 8])
        .with_shape(&[2, 2, 2]);
    file.finish().unwrap()
}
