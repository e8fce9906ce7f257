//! HMAC-SHA1 of many messages: which lane works at which message. A lane that has finished takes
//! the next one, and the outer hash is one more block in the lane of the inner.
//!
//! Read first: RFC 2104 §2, FIPS 180-4 §5.1.1.

use super::HmacJob;
use super::states::{Source, States};
use crate::ShaNi;
use crate::x86::sha1::{compress, finish};

/// Length of a block of SHA-1, in bytes.
pub(super) const BLOCK_LEN: usize = 64;
const DIGEST_LEN: usize = 20;
/// A whole HMAC-SHA1.
pub(super) type Digest = [u8; DIGEST_LEN];
pub(super) const SUFFIX_LEN: usize = 4;
/// What follows a message at the least: suffix, one byte, and a length of eight.
pub(super) const PADDING_LEN: usize = SUFFIX_LEN + 9;

/// With so few lanes at work, SHA-NI is faster, one after the other.
const TOO_FEW: usize = 4;

/// How many jobs are put in order of length at once.
const ORDERED: usize = 128;

/// What a width of vectors does: closures, so that they are compiled for its features.
pub(super) struct Vectors<L, C, O, D, B, E> {
    /// The states after the inner and the outer pads of up to `N` jobs.
    load: L,
    /// Runs the next blocks of every source, as many as it is told, over the states.
    compress: C,
    /// Makes the states the outer hashes of what they are, given the states after the outer pads.
    outer: O,
    /// Writes the digests that the first states are, as many as there is place for.
    digests: D,
    /// Makes a block of less than 64 bytes and zeros.
    begin: B,
    /// Does up to `N` jobs whose messages have the length it is told; says whether it has.
    even: E,
}

impl<L, C, O, D, B, E> Vectors<L, C, O, D, B, E> {
    /// Here for the sake of its bounds, without which closures know too little of their arguments.
    #[inline(always)]
    pub(super) fn of<const N: usize>(
        load: L,
        compress: C,
        outer: O,
        digests: D,
        begin: B,
        even: E,
    ) -> Self
    where
        L: Fn(&[HmacJob<'_>]) -> [States<N>; 2],
        C: Fn(&mut States<N>, &[Source<'_>; N], usize),
        O: Fn(&mut States<N>, &States<N>),
        D: Fn(&States<N>, &mut [Digest]),
        B: Fn(&mut [u8; BLOCK_LEN], &[u8]),
        E: Fn(&[HmacJob<'_>], usize, &mut [Digest]) -> bool,
    {
        Self { load, compress, outer, digests, begin, even }
    }
}

/// A message of so many bytes, its suffix and padding in blocks.
#[inline]
fn blocks_of(len: usize) -> usize {
    (len + PADDING_LEN).div_ceil(BLOCK_LEN)
}

impl HmacJob<'_> {
    /// Message, suffix and padding in blocks.
    #[inline]
    fn blocks(&self) -> usize {
        blocks_of(self.message.len())
    }

    /// Writes what follows the whole blocks, into a tail whose second block is zeros.
    #[inline(always)]
    fn write_tail(&self, tail: &mut Tail, begin: &impl Fn(&mut [u8; BLOCK_LEN], &[u8])) {
        let (_, rest) = self.message.as_chunks::<BLOCK_LEN>();
        let [first, _] = tail;
        begin(first, rest);
        let end = u64::from(self.suffix) | 0x80 << 32;
        let bits = 8 * (BLOCK_LEN + self.message.len() + SUFFIX_LEN) as u64;
        let bits_at = (rest.len() + PADDING_LEN).next_multiple_of(BLOCK_LEN) - 8;
        let tail = tail.as_flattened_mut();
        put(tail, rest.len(), &end.to_le_bytes());
        put(tail, bits_at, &bits.to_be_bytes());
    }
}

/// A lane and what it has before it.
#[derive(Clone, Copy)]
struct Lane<'m> {
    job: usize,
    /// Blocks of the message not yet compressed.
    message: &'m [[u8; BLOCK_LEN]],
    /// How many blocks of the tail were compressed.
    tail_at: usize,
    /// Blocks left of the inner or the outer hash; none where the lane is idle.
    left: usize,
    outer: bool,
}

/// What follows the whole blocks of a message, in one block or two: its end, suffix and padding.
/// For the outer hash, the inner digest and padding, in the first.
type Tail = [[u8; BLOCK_LEN]; 2];

impl<'m> Lane<'m> {
    const IDLE: Self = Self { job: 0, message: &[], tail_at: 0, left: 0, outer: false };

    /// Begins with a job.
    #[inline(always)]
    fn take(
        &mut self,
        tail: &mut Tail,
        at: usize,
        job: &HmacJob<'m>,
        begin: &impl Fn(&mut [u8; BLOCK_LEN], &[u8]),
    ) {
        let (message, _) = job.message.as_chunks();
        *self = Self { job: at, message, tail_at: 0, left: job.blocks(), outer: false };
        let [_, second] = tail;
        *second = [0; BLOCK_LEN];
        job.write_tail(tail, begin);
    }

    /// Goes over from the inner hash to the outer.
    #[inline(always)]
    fn turn_outside(&mut self, tail: &mut Tail, inner: &[u32; 5]) {
        let [tail, _] = tail;
        *tail = [0; BLOCK_LEN];
        put(tail, 0, &to_bytes(inner));
        put(tail, DIGEST_LEN, &[0x80]);
        put(tail, BLOCK_LEN - 8, &(8 * (BLOCK_LEN + DIGEST_LEN) as u64).to_be_bytes());
        self.tail_at = 0;
        self.left = 1;
        self.outer = true;
    }

    #[inline(always)]
    fn source<'b>(&self, tail: &'b Tail) -> Source<'b>
    where
        'm: 'b,
    {
        Source { message: self.message, tail: tail.get(self.tail_at..).unwrap_or(&[]) }
    }

    /// Leaves behind blocks that were compressed.
    #[inline(always)]
    fn advance(&mut self, blocks: usize) {
        self.left -= blocks;
        match self.message.get(blocks..) {
            Some(rest) => self.message = rest,
            None => {
                self.tail_at += blocks - self.message.len();
                self.message = &[];
            }
        }
    }
}

/// Does all jobs, `N` at a time. To be inlined where the features of the vectors are.
#[inline(always)]
pub(super) fn run<const N: usize, L, C, O, D, B, E>(
    mut jobs: &[HmacJob<'_>],
    mut digests: &mut [Digest],
    sha_ni: Option<ShaNi>,
    vectors: &Vectors<L, C, O, D, B, E>,
) where
    L: Fn(&[HmacJob<'_>]) -> [States<N>; 2],
    C: Fn(&mut States<N>, &[Source<'_>; N], usize),
    O: Fn(&mut States<N>, &States<N>),
    D: Fn(&States<N>, &mut [Digest]),
    B: Fn(&mut [u8; BLOCK_LEN], &[u8]),
    E: Fn(&[HmacJob<'_>], usize, &mut [Digest]) -> bool,
{
    let too_few = if sha_ni.is_some() { TOO_FEW } else { 0 };
    while jobs.len() > too_few {
        let (now, later) = jobs.split_at(jobs.len().min(N));
        let even = even_len(now);
        let Some(blocks) = even.map(blocks_of).or_else(|| alike(now)) else { break };
        let (places, rest) = digests.split_at_mut(now.len().min(digests.len()));
        if !even.is_some_and(|len| (vectors.even)(now, len, places)) {
            run_alike(now, places, blocks, vectors);
        }
        (jobs, digests) = (later, rest);
    }
    for (jobs, digests) in jobs.chunks(ORDERED).zip(digests.chunks_mut(ORDERED)) {
        run_ordered(jobs, digests, sha_ni, vectors);
    }
}

/// How long the messages of the jobs are, if that is one number.
#[inline]
fn even_len(jobs: &[HmacJob<'_>]) -> Option<usize> {
    let len = jobs.first()?.message.len();
    jobs.iter().all(|job| job.message.len() == len).then_some(len)
}

/// How many blocks each of the jobs has, if that is one number.
#[inline]
fn alike(jobs: &[HmacJob<'_>]) -> Option<usize> {
    let blocks = jobs.first()?.blocks();
    jobs.iter().all(|job| job.blocks() == blocks).then_some(blocks)
}

/// Jobs of equally many blocks, no more than there are lanes: each is in its lane from beginning to
/// end, and nothing is to be asked in between. So are packets of one codec.
#[inline(always)]
fn run_alike<const N: usize, L, C, O, D, B, E>(
    jobs: &[HmacJob<'_>],
    digests: &mut [Digest],
    blocks: usize,
    vectors: &Vectors<L, C, O, D, B, E>,
) where
    L: Fn(&[HmacJob<'_>]) -> [States<N>; 2],
    C: Fn(&mut States<N>, &[Source<'_>; N], usize),
    O: Fn(&mut States<N>, &States<N>),
    D: Fn(&States<N>, &mut [Digest]),
    B: Fn(&mut [u8; BLOCK_LEN], &[u8]),
{
    let mut tails = [[[0; BLOCK_LEN]; 2]; N];
    for (job, tail) in jobs.iter().zip(&mut tails) {
        job.write_tail(tail, &vectors.begin);
    }
    let mut sources = [Source { message: &[], tail: &[] }; N];
    for (source, (job, tail)) in sources.iter_mut().zip(jobs.iter().zip(&tails)) {
        let (message, _) = job.message.as_chunks();
        *source = Source { message, tail };
    }
    let [mut states, outer_states] = (vectors.load)(jobs);
    (vectors.compress)(&mut states, &sources, blocks);
    (vectors.outer)(&mut states, &outer_states);
    (vectors.digests)(&states, digests);
}

/// Long jobs first, so that at the end the lanes run dry at about the same time.
#[inline(always)]
fn run_ordered<const N: usize, L, C, O, D, B, E>(
    jobs: &[HmacJob<'_>],
    digests: &mut [Digest],
    sha_ni: Option<ShaNi>,
    vectors: &Vectors<L, C, O, D, B, E>,
) where
    C: Fn(&mut States<N>, &[Source<'_>; N], usize),
    O: Fn(&mut States<N>, &States<N>),
    B: Fn(&mut [u8; BLOCK_LEN], &[u8]),
{
    let too_few = if sha_ni.is_some() { TOO_FEW } else { 0 };
    let mut order = [0_usize; ORDERED];
    let order = order.get_mut(..jobs.len()).unwrap_or_default();
    for ((at, place), job) in order.iter_mut().enumerate().zip(jobs.iter()) {
        *place = job.blocks() * ORDERED + (ORDERED - 1 - at);
    }
    if order.len() > N {
        order.sort_unstable_by(|a, b| b.cmp(a));
    }
    let mut order = order.iter().map(|place| ORDERED - 1 - place % ORDERED);

    let (mut states, mut outer_states) = (States::ZERO, States::ZERO);
    let mut tails = [[[0; BLOCK_LEN]; 2]; N];
    let mut lanes = [Lane::IDLE; N];
    for (n, (lane, tail)) in lanes.iter_mut().zip(&mut tails).enumerate() {
        if let Some((at, job)) = order.next().and_then(|at| Some((at, jobs.get(at)?))) {
            lane.take(tail, at, job, &vectors.begin);
            let [inner, outer] = job.states;
            states.set(n, inner);
            outer_states.set(n, outer);
        }
    }
    loop {
        let busy = lanes.iter().filter(|lane| lane.left > 0);
        let count = busy.clone().count();
        let Some(blocks) = busy.map(|lane| lane.left).min().filter(|_| count > too_few) else {
            break;
        };
        let mut sources = [Source { message: &[], tail: &[] }; N];
        for (source, (lane, tail)) in sources.iter_mut().zip(lanes.iter().zip(&tails)) {
            *source = lane.source(tail);
        }
        (vectors.compress)(&mut states, &sources, blocks);
        if lanes.iter().all(|lane| lane.left == 0 || !lane.outer && lane.left == blocks) {
            (vectors.outer)(&mut states, &outer_states);
            lanes.iter_mut().filter(|lane| lane.left > 0).for_each(|lane| lane.outer = true);
        }
        for (n, (lane, tail)) in lanes.iter_mut().zip(&mut tails).enumerate() {
            if lane.left == 0 {
                continue;
            }
            lane.advance(blocks);
            if lane.left > 0 {
                continue;
            }
            let state = states.of(n);
            if !lane.outer {
                lane.turn_outside(tail, &state);
                states.set(n, &outer_states.of(n));
                continue;
            }
            if let Some(digest) = digests.get_mut(lane.job) {
                *digest = to_bytes(&state);
            }
            if let Some((at, job)) = order.next().and_then(|at| Some((at, jobs.get(at)?))) {
                lane.take(tail, at, job, &vectors.begin);
                let [inner, outer] = job.states;
                states.set(n, inner);
                outer_states.set(n, outer);
            }
        }
    }
    let Some(sha_ni) = sha_ni else { return };
    for (n, (lane, tail)) in lanes.iter().zip(&tails).enumerate() {
        let (Some(digest), true) = (digests.get_mut(lane.job), lane.left > 0) else { continue };
        let Source { message, tail } = lane.source(tail);
        let tail = tail.get(..lane.left - message.len()).unwrap_or(tail);
        let state = states.of(n);
        *digest = to_bytes(&match tail {
            [block] if lane.outer => compress(sha_ni, &state, block),
            _ => finish(sha_ni, &state, &outer_states.of(n), message, tail),
        });
    }
}

/// Copies `bytes` to offset `at`; the callers' arithmetic keeps it inside.
#[inline]
fn put(block: &mut [u8], at: usize, bytes: &[u8]) {
    if let Some(place) = block.get_mut(at..at + bytes.len()) {
        place.copy_from_slice(bytes);
    }
}

#[inline]
pub(super) fn to_bytes(state: &[u32; 5]) -> [u8; DIGEST_LEN] {
    let mut bytes = [0; DIGEST_LEN];
    let (words, _) = bytes.as_chunks_mut::<4>();
    words.iter_mut().zip(state).for_each(|(bytes, word)| *bytes = word.to_be_bytes());
    bytes
}
