//! How deep a call goes: the free stack is painted before, and looked at afterwards.

/// Calls `work`, and says how many bytes of stack it took below this function's frame.
#[cfg(feature = "report")]
#[inline(never)]
pub fn depth_of(work: impl FnOnce()) -> usize {
    use core::ptr;

    /// What nobody writes by chance.
    const PAINT: u32 = 0xdead_57ac;
    /// Painted below the stack pointer; far more than what is measured.
    const WORDS: usize = 4096;

    let top: *mut u32 = cortex_m::register::msp::read() as *mut u32;
    let bottom = top.wrapping_sub(WORDS);
    for at in 0..WORDS {
        // SAFETY: the memory between the end of the statics and the stack pointer is nobody's:
        // memory.x leaves 64 KiB, and the statics are a few.
        unsafe { ptr::write_volatile(bottom.wrapping_add(at), PAINT) };
    }
    work();
    // SAFETY: as above.
    let painted = |at: &usize| unsafe { ptr::read_volatile(bottom.wrapping_add(*at)) } == PAINT;
    let untouched = (0..WORDS).take_while(painted).count();
    4 * (WORDS - untouched)
}

#[cfg(not(feature = "report"))]
pub fn depth_of(work: impl FnOnce()) -> usize {
    work();
    0
}
