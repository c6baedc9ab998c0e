//! Videos, decoded by `ffmpeg` where it is installed.
//!
//! `ffmpeg` writes one PPM or PGM image after the other into a pipe; each says how large it is. They are written once, as
//! bytes, into a `.npy` file beside the video, and that one is mapped: no video is ever in memory as a whole.

mod pipe;

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Seek, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;

use crate::frame::FrameSize;
use crate::names::has_extension;
use crate::npy::{Mapped, byte_header_of_frames};
use crate::npz::{is_newer, unpacked};
use crate::{FormatError, replace};

use pipe::Stop;

const ENDINGS: [&str; 12] = [
    "avi", "seq", "mp4", "m4v", "mkv", "mov", "mpg", "mpeg", "webm", "wmv", "flv", "ogv",
];
/// How a decoder is told where a video lies, and what it may open besides: nothing that is not a file of this machine.
const INPUT: [&str; 8] = [
    "-nostdin",
    "-hide_banner",
    "-loglevel",
    "error",
    "-xerror",
    "-protocol_whitelist",
    "file,pipe",
    "-i",
];

/// Whether the name is that of a video.
pub fn is_video(path: &Path) -> bool {
    has_extension(path, &ENDINGS)
}

/// How many channels frames get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// One.
    Gray,
    /// Red, green, blue.
    Rgb,
    /// One where every pixel of every frame is gray, else three.
    Found,
}

impl Color {
    /// The name of the array that is kept.
    fn file(self) -> &'static str {
        match self {
            Self::Gray => "gray.npy",
            Self::Rgb => "rgb.npy",
            Self::Found => "frames.npy",
        }
    }
}

/// The program that decodes.
#[derive(Clone, Debug)]
pub struct Ffmpeg {
    program: OsString,
}

impl Ffmpeg {
    /// The one that the shell would find.
    pub fn installed() -> Self {
        Self {
            program: "ffmpeg".into(),
        }
    }

    /// Maps the frames of a video, `[T, channels, height, width]` bytes, which are decoded unless they have been since the
    /// video was written.
    ///
    /// # Errors
    /// Names the video and what is wrong: no `ffmpeg`, what `ffmpeg` says, frames of several sizes, none at all. Or the
    /// file that cannot be written.
    pub fn frames(&self, path: &Path, color: Color) -> Result<Mapped, FormatError> {
        let made = unpacked(path, color.file());
        if !is_newer(&made, path) {
            let color = match color {
                Color::Found if self.is_gray(path)? => Color::Gray,
                Color::Found => Color::Rgb,
                known => known,
            };
            self.write_array(path, color, &made, |size, pixels| Ok((size, pixels.to_vec())))?;
        }
        Mapped::open(&made)
    }

    /// Writes what `each` makes of the frames of a video into an array of bytes. It gets size and pixels,
    /// `[height, width, channels]`, and yields the same of the frame to be written, all of one size; without pixels the
    /// frame is left out.
    pub fn write_array(
        &self,
        path: &Path,
        color: Color,
        to: &Path,
        mut each: impl FnMut(FrameSize, &[u8]) -> Result<(FrameSize, Vec<u8>), FormatError>,
    ) -> Result<(), FormatError> {
        let folder = to.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(FormatError::io("create", folder))?;
        tracing::info!("decoding `{}` into `{}`", path.display(), to.display());
        replace::create(to, |writer| {
            let fault = || FormatError::io("write", to);
            let mut written: Option<(FrameSize, usize)> = None;
            let header =
                |frames, size: FrameSize| byte_header_of_frames(frames, &[size.channels, size.height, size.width]);
            self.decode(path, color, |size, pixels| {
                let (size, pixels) = each(size, pixels)?;
                if pixels.is_empty() {
                    return Ok(ControlFlow::Continue(()));
                }
                let frames = match written {
                    None => {
                        writer.write_all(&header(0, size)).map_err(fault())?;
                        0
                    }
                    Some((_, frames)) => frames,
                };
                written = Some((size, frames + 1));
                for channel in 0..size.channels {
                    let plane: Vec<u8> = pixels.iter().skip(channel).step_by(size.channels).copied().collect();
                    writer.write_all(&plane).map_err(fault())?;
                }
                Ok(ControlFlow::Continue(()))
            })?;
            let Some((size, frames)) = written else {
                return Err(FormatError::file(
                    path,
                    "holds no frame",
                    "remove it, or export it again",
                ));
            };
            let finished = writer.rewind().and_then(|()| writer.write_all(&header(frames, size)));
            finished.map_err(fault())
        })
    }

    /// Whether every pixel of every frame is gray; stops at the first that is not.
    fn is_gray(&self, path: &Path) -> Result<bool, FormatError> {
        let mut gray = true;
        self.decode(path, Color::Rgb, |_, pixels| {
            gray = pixels
                .chunks_exact(3)
                .all(|pixel| pixel[0] == pixel[1] && pixel[0] == pixel[2]);
            Ok(if gray {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        })?;
        Ok(gray)
    }

    /// Hands out frame after frame, `[height, width, channels]`, until there is no more or `take` breaks off.
    fn decode(
        &self,
        path: &Path,
        color: Color,
        take: impl FnMut(FrameSize, &[u8]) -> Result<ControlFlow<()>, FormatError>,
    ) -> Result<(), FormatError> {
        let mut child = self.start(path, color)?;
        let (Some(output), Some(messages)) = (child.stdout.take(), child.stderr.take()) else {
            unreachable!("both are piped");
        };
        let said = thread::spawn(move || pipe::tail(messages));
        let outcome = pipe::images(output, take);
        if outcome.is_err() {
            // It may have ended by itself.
            let _ = child.kill();
        }
        let status = child.wait().map_err(FormatError::io("decode", path))?;
        let said = said.join().unwrap_or_default();
        let failed = |problem: String| {
            FormatError::file(
                path,
                problem,
                "fetch it again, or repair it: ffmpeg -i damaged.avi repaired.avi",
            )
        };
        match outcome {
            Err(Stop::Enough) => Ok(()),
            Err(Stop::Fault(fault)) => Err(fault),
            Err(Stop::Malformed(problem)) => Err(failed(format!("cannot be decoded: {problem}"))),
            // The program's message is the cause, the truncated output the effect.
            Ok(_) if !status.success() => Err(failed(format!("cannot be decoded: ffmpeg ended with {status}: {said}"))),
            Ok(Some(frame)) => Err(failed(format!(
                "cannot be decoded: what ffmpeg wrote ends within frame {frame}"
            ))),
            Ok(None) => {
                if !said.is_empty() {
                    tracing::warn!("ffmpeg on `{}`: {said}", path.display());
                }
                Ok(())
            }
        }
    }

    fn start(&self, path: &Path, color: Color) -> Result<Child, FormatError> {
        let file = File::open(path).map_err(FormatError::io("read", path))?;
        if !file.metadata().map_err(FormatError::io("read", path))?.is_file() {
            return Err(FormatError::file(path, "is no file", "name a video"));
        }
        // So that no name is taken for an option or a protocol.
        let mut input = OsString::from("file:");
        input.push(path);
        let (codec, pixels) = match color {
            Color::Gray => ("pgm", "gray"),
            Color::Rgb | Color::Found => ("ppm", "rgb24"),
        };
        let mut command = Command::new(&self.program);
        command
            .args(INPUT)
            .arg(input)
            .args(["-map", "0:v:0", "-f", "image2pipe"]);
        command.args(["-c:v", codec, "-pix_fmt", pixels, "-"]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command.spawn().map_err(|cause| match cause.kind() {
            io::ErrorKind::NotFound => FormatError::file(
                path,
                "is a video, and there is no `ffmpeg` on the PATH to decode it",
                "install ffmpeg, or turn the video into images where there is one: ffmpeg -i clip.avi frames/%05d.png",
            ),
            _ => FormatError::io("start ffmpeg for", path)(cause),
        })
    }
}

#[cfg(all(test, unix))]
mod tests;
