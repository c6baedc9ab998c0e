//! Reads pickles without executing anything: what a class or function of Python would make of its arguments is not made.
//!
//! A pickle is a program for a machine with a stack. Of the functions that it may call only those that rebuild tensors and
//! plain containers are known; the results of all others are kept as objects with nothing but their parts.

mod objects;

use std::collections::HashMap;
use std::io::{BufRead, Read};

use super::value::{Heap, Id, Value};

const CUT: &str = "it ends in the middle";

/// The values of the pickle that `input` begins with, and the one that it is of.
///
/// # Errors
/// Says what is wrong with it.
pub(super) fn read(input: &mut impl BufRead) -> Result<(Heap, Id), String> {
    let mut machine = Machine {
        input,
        heap: Heap::default(),
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        copied: 0,
    };
    while machine.step()? {}
    let root = machine.pop()?;
    Ok((machine.heap, root))
}

struct Machine<'i, R> {
    input: &'i mut R,
    heap: Heap,
    stack: Vec<Id>,
    /// How high the stack was at each mark.
    marks: Vec<usize>,
    memo: HashMap<u32, Id>,
    /// Bytes that were copied within the heap.
    copied: usize,
}

impl<R: BufRead> Machine<'_, R> {
    /// Executes one instruction; `false` at the end of the pickle.
    fn step(&mut self) -> Result<bool, String> {
        let [code] = self.bytes()?;
        match code {
            b'.' => return Ok(false),
            // The protocol, and the length of what follows: neither is needed.
            0x80 => drop(self.bytes::<1>()?),
            0x95 => drop(self.bytes::<8>()?),
            b'(' => self.marks.push(self.stack.len()),
            b'0' => match self.marks.last() == Some(&self.stack.len()) {
                true => drop(self.marks.pop()),
                false => drop(self.pop()?),
            },
            b'1' => drop(self.pop_to_mark()?),
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            b'N' => self.push(Value::None)?,
            0x88 => self.push(Value::Bool(true))?,
            0x89 => self.push(Value::Bool(false))?,
            b'K' | b'M' | b'J' | 0x8a | 0x8b | b'I' | b'L' | b'G' | b'F' => self.number(code)?,
            0x8c | b'X' | 0x8d | b'U' | b'T' | b'C' | b'B' | 0x8e | 0x96 | b'S' | b'V' => self.text(code)?,
            b')' | b']' | 0x8f => self.push(Value::List(Vec::new()))?,
            b'}' => self.push(Value::Dict(Vec::new()))?,
            b't' | b'l' | 0x91 => {
                let items = self.pop_to_mark()?;
                self.push(Value::List(items))?;
            }
            0x85..=0x87 => {
                let mut items = Vec::new();
                for _ in 0x84..code {
                    items.push(self.pop()?);
                }
                items.reverse();
                self.push(Value::List(items))?;
            }
            b'd' => {
                let items = self.pop_to_mark()?;
                self.push(Value::Dict(Vec::new()))?;
                self.set(&items)?;
            }
            b'a' => {
                let item = self.pop()?;
                self.append(&[item])?;
            }
            b'e' | 0x90 => {
                let items = self.pop_to_mark()?;
                self.append(&items)?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.set(&[key, value])?;
            }
            b'u' => {
                let items = self.pop_to_mark()?;
                self.set(&items)?;
            }
            b'q' | b'r' | b'p' | 0x94 | b'h' | b'j' | b'g' => self.remember(code)?,
            b'c' | 0x93 | b'i' | b'o' | b'R' | 0x81 | 0x92 | b'b' | b'P' | b'Q' => self.object(code)?,
            other => return Err(format!("it has an instruction that is not known, {other:#04x}")),
        }
        Ok(true)
    }

    fn number(&mut self, code: u8) -> Result<(), String> {
        let value = match code {
            b'K' => Value::Int(self.bytes().map(u8::from_le_bytes)?.into()),
            b'M' => Value::Int(self.bytes().map(u16::from_le_bytes)?.into()),
            b'J' => Value::Int(self.bytes().map(i32::from_le_bytes)?.into()),
            b'G' => Value::Float(self.bytes().map(f64::from_be_bytes)?),
            0x8a => {
                let length = self.bytes().map(u8::from_le_bytes)?;
                long(&self.long_bytes(length.into())?)
            }
            0x8b => {
                let length = self.bytes().map(u32::from_le_bytes)?;
                long(&self.long_bytes(length.into())?)
            }
            _ => {
                let line = self.line()?;
                let wrong = || format!("it has a number that is none, `{line}`");
                match (code, line.as_str()) {
                    (b'F', text) => Value::Float(text.parse().map_err(|_| wrong())?),
                    (b'I', "00") => Value::Bool(false),
                    (b'I', "01") => Value::Bool(true),
                    (_, text) => {
                        let digits = text.strip_suffix('L').unwrap_or(text);
                        let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
                        match digits.parse() {
                            Ok(value) => Value::Int(value),
                            Err(_) if is_number && !digits.is_empty() => Value::Opaque,
                            Err(_) => return Err(wrong()),
                        }
                    }
                }
            }
        };
        self.push(value)
    }

    fn text(&mut self, code: u8) -> Result<(), String> {
        let length = match code {
            0x8c | b'U' | b'C' => self.bytes().map(u8::from_le_bytes)?.into(),
            b'X' | b'T' | b'B' => self.bytes().map(u32::from_le_bytes)?.into(),
            0x8d | 0x8e | 0x96 => self.bytes().map(u64::from_le_bytes)?,
            _ => {
                let line = self.line()?;
                let bare = line
                    .strip_prefix(['\'', '"'])
                    .and_then(|line| line.strip_suffix(['\'', '"']));
                return self.push(Value::Text(bare.unwrap_or(&line).into()));
            }
        };
        let bytes = self.long_bytes(length)?;
        let value = match code {
            b'C' | b'B' | 0x8e | 0x96 => Value::Opaque,
            _ => Value::Text(String::from_utf8_lossy(&bytes).into()),
        };
        self.push(value)
    }

    fn remember(&mut self, code: u8) -> Result<(), String> {
        let number = match code {
            b'q' | b'h' => self.bytes().map(u8::from_le_bytes)?.into(),
            b'r' | b'j' => self.bytes().map(u32::from_le_bytes)?,
            0x94 => self.memo.len() as u32,
            _ => {
                let line = self.line()?;
                let wrong = |_| format!("it refers to `{line}`, which is no number");
                line.parse().map_err(wrong)?
            }
        };
        if matches!(code, b'h' | b'j' | b'g') {
            let known = self.memo.get(&number).copied();
            self.stack.push(known.ok_or("it refers to what does not stand in it")?);
            return Ok(());
        }
        let top = self.top()?;
        self.memo.insert(number, top);
        Ok(())
    }

    /// Appends to what is on top of the stack.
    fn append(&mut self, items: &[Id]) -> Result<(), String> {
        let top = self.top()?;
        match self.heap.get_mut(top) {
            Value::List(list) => list.extend_from_slice(items),
            Value::Object(object) => object.items.extend_from_slice(items),
            _ => return Err("it appends to what is no list".to_owned()),
        }
        Ok(())
    }

    /// Sets keys and values, in turn, in what is on top of the stack.
    fn set(&mut self, items: &[Id]) -> Result<(), String> {
        let top = self.top()?;
        let pairs = match self.heap.get_mut(top) {
            Value::Dict(pairs) => pairs,
            Value::Object(object) => &mut object.pairs,
            _ => return Err("it sets a key in what is no dictionary".to_owned()),
        };
        let (chunks, []) = items.as_chunks() else {
            return Err("it sets a key to no value".to_owned());
        };
        pairs.extend(chunks.iter().map(|[key, value]| (*key, *value)));
        Ok(())
    }

    fn push(&mut self, value: Value) -> Result<(), String> {
        let id = self.heap.add(value)?;
        self.stack.push(id);
        Ok(())
    }

    /// Whether there is a value above the last mark.
    fn height(&self) -> usize {
        self.stack.len() - self.marks.last().copied().unwrap_or_default()
    }

    fn pop(&mut self) -> Result<Id, String> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn top(&self) -> Result<Id, String> {
        let top = self.stack.last().filter(|_| self.height() > 0);
        top.copied()
            .ok_or_else(|| "it takes values that it never gave".to_owned())
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Id>, String> {
        let mark = self.marks.pop().ok_or("it takes values that it never gave")?;
        Ok(self.stack.split_off(mark))
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.input.read_exact(&mut bytes).map_err(|_| CUT)?;
        Ok(bytes)
    }

    /// However many are announced, no more memory is taken than there are.
    fn long_bytes(&mut self, length: u64) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let read = (&mut *self.input).take(length).read_to_end(&mut bytes);
        match read {
            Ok(read) if read as u64 == length => Ok(bytes),
            _ => Err(CUT.to_owned()),
        }
    }

    fn line(&mut self) -> Result<String, String> {
        let mut line = Vec::new();
        self.input.read_until(b'\n', &mut line).map_err(|_| CUT)?;
        if line.pop() != Some(b'\n') {
            return Err(CUT.to_owned());
        }
        Ok(String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned())
    }
}

/// An integer of any length, the least significant byte first.
fn long(bytes: &[u8]) -> Value {
    let sign = if bytes.last().is_some_and(|byte| byte & 0x80 != 0) {
        0xff
    } else {
        0
    };
    let mut value = [sign; 8];
    let low = bytes.len().min(8);
    value[..low].copy_from_slice(&bytes[..low]);
    let fits =
        bytes[low..].iter().all(|byte| *byte == sign) && (bytes.len() <= 8 || (value[7] & 0x80) == (sign & 0x80));
    match fits {
        true => Value::Int(i64::from_le_bytes(value)),
        false => Value::Opaque,
    }
}
