//! Bits as deflate packs them, the lowest of each byte first (RFC 1951, section 3.1.1).

/// Zeros behind the data, so that eight bytes can be read anywhere in it.
const ROOM: usize = 8;

/// How many bits one look shows at least.
pub(super) const SHOWN_BITS: u32 = 57;

/// Reads.
pub(super) struct BitReader {
    data: Vec<u8>,
    at: usize,
}

impl BitReader {
    pub(super) fn new(data: &[u8]) -> Self {
        let mut padded = Vec::with_capacity(data.len() + ROOM);
        padded.extend_from_slice(data);
        padded.resize(data.len() + ROOM, 0);
        Self { data: padded, at: 0 }
    }

    /// The next bits, at least [`SHOWN_BITS`]. Behind the end there are zeros.
    pub(super) fn peek(&self) -> u64 {
        self.peek_at(self.at)
    }

    fn peek_at(&self, at: usize) -> u64 {
        let eight = self.data.get(at / 8..).and_then(|rest| rest.first_chunk::<8>());
        eight.map_or(0, |eight| u64::from_le_bytes(*eight) >> (at % 8))
    }

    pub(super) fn skip(&mut self, bits: u32) {
        self.at += bits as usize;
    }

    pub(super) fn take(&mut self, bits: u32) -> u32 {
        let value = self.peek() & ((1 << bits) - 1);
        self.skip(bits);
        value as u32
    }

    /// Goes to the next whole byte and gives that many; `None` where there are fewer.
    pub(super) fn take_bytes(&mut self, count: usize) -> Option<&[u8]> {
        let start = self.at.div_ceil(8);
        self.at = (start + count) * 8;
        self.data.get(..self.data.len() - ROOM)?.get(start..start + count)
    }

    /// The offset in bits.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Whether no more was read than there is.
    pub(super) fn is_within(&self) -> bool {
        self.at <= (self.data.len() - ROOM) * 8
    }
}

/// Writes.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl BitWriter {
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// Writes up to 32 bits; those above are zero.
    pub(super) fn put(&mut self, bits: u32, count: u32) {
        self.held |= u64::from(bits) << self.count;
        self.count += count;
        if self.count >= 32 {
            self.bytes.extend_from_slice(&(self.held as u32).to_le_bytes());
            self.held >>= 32;
            self.count -= 32;
        }
    }

    /// Writes bits that stand elsewhere.
    pub(super) fn copy(&mut self, from: &BitReader, bits: std::ops::Range<usize>) {
        let mut at = bits.start;
        while bits.end - at >= 32 {
            self.put(from.peek_at(at) as u32, 32);
            at += 32;
        }
        let left = (bits.end - at) as u32;
        self.put((from.peek_at(at) & ((1 << left) - 1)) as u32, left);
    }

    /// Fills the byte that was begun with zeros.
    pub(super) fn align(&mut self) {
        self.put(0, (8 - self.count % 8) % 8);
        while self.count >= 8 {
            self.bytes.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }

    pub(super) fn is_aligned(&self) -> bool {
        self.count.is_multiple_of(8)
    }

    /// Writes whole bytes, from a whole byte on.
    pub(super) fn put_bytes(&mut self, bytes: &[u8]) {
        self.align();
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        self.align();
        self.bytes
    }
}
