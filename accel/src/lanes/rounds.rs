//! The eighty rounds of SHA-1, once for every width of vector: written out straight, with the five
//! variables renamed instead of moved, because the loop is four times slower.
//!
//! Read first: FIPS 180-4 §6.1.2.

/// Runs the words of one block per lane over the states: `rounds!(state, w)`, where `state` is a
/// reference to five vectors and `w` sixteen. A macro and no function, for a function of this size
/// would get them through memory. What it calls is the caller's, one for each width.
///
/// `rounds!(state, by quarter(blocks))` asks for words `4 Q` to `4 Q + 3` by `quarter::<Q>(blocks)`,
/// and not before they are needed: rounds wait for one another, and the processor fetches words beside
/// them, but looks ahead no further than ten rounds.
macro_rules! rounds {
    ($state:expr, by $quarter:ident($blocks:expr)) => {
        crate::lanes::rounds::rounds!(
            $state,
            $quarter::<0>($blocks),
            $quarter::<1>($blocks),
            $quarter::<2>($blocks),
            $quarter::<3>($blocks)
        )
    };
    ($state:expr, $words:expr) => {{
        let [w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15] = $words;
        crate::lanes::rounds::rounds!(
            $state,
            [w0, w1, w2, w3],
            [w4, w5, w6, w7],
            [w8, w9, w10, w11],
            [w12, w13, w14, w15]
        )
    }};
    ($state:expr, $q0:expr, $q1:expr, $q2:expr, $q3:expr) => {{
        use crate::lanes::rounds::five;
        let state: &mut [_; 5] = $state;
        let mut w = [splat(0); 16];
        let [mut a, mut b, mut c, mut d, mut e] = *state;
        let k = splat(0x5a82_7999);
        [w[0], w[1], w[2], w[3]] = $q0;
        [w[4], w[5], w[6], w[7]] = $q1;
        five!(a b c d e, choose k w, 0 1 2 3 4);
        [w[8], w[9], w[10], w[11]] = $q2;
        five!(a b c d e, choose k w, 5 6 7 8 9);
        [w[12], w[13], w[14], w[15]] = $q3;
        five!(a b c d e, choose k w, 10 11 12 13 14);
        five!(a b c d e, choose k w, 15 16 17 18 19);
        let k = splat(0x6ed9_eba1);
        five!(a b c d e, parity k w, 20 21 22 23 24);
        five!(a b c d e, parity k w, 25 26 27 28 29);
        five!(a b c d e, parity k w, 30 31 32 33 34);
        five!(a b c d e, parity k w, 35 36 37 38 39);
        let k = splat(0x8f1b_bcdc);
        five!(a b c d e, majority k w, 40 41 42 43 44);
        five!(a b c d e, majority k w, 45 46 47 48 49);
        five!(a b c d e, majority k w, 50 51 52 53 54);
        five!(a b c d e, majority k w, 55 56 57 58 59);
        let k = splat(0xca62_c1d6);
        five!(a b c d e, parity k w, 60 61 62 63 64);
        five!(a b c d e, parity k w, 65 66 67 68 69);
        five!(a b c d e, parity k w, 70 71 72 73 74);
        five!(a b c d e, parity k w, 75 76 77 78 79);
        let [a0, b0, c0, d0, e0] = *state;
        *state = [add(a, a0), add(b, b0), add(c, c0), add(d, d0), add(e, e0)];
    }};
}

/// Five rounds, after which every variable has its own name again.
macro_rules! five {
    ($a:ident $b:ident $c:ident $d:ident $e:ident, $f:ident $k:ident $w:ident,
     $t0:literal $t1:literal $t2:literal $t3:literal $t4:literal) => {
        crate::lanes::rounds::one!($a $b $c $d $e, $f $k $w $t0);
        crate::lanes::rounds::one!($e $a $b $c $d, $f $k $w $t1);
        crate::lanes::rounds::one!($d $e $a $b $c, $f $k $w $t2);
        crate::lanes::rounds::one!($c $d $e $a $b, $f $k $w $t3);
        crate::lanes::rounds::one!($b $c $d $e $a, $f $k $w $t4);
    };
}

/// One round; from the seventeenth on it makes its word of the schedule in the place of the one
/// sixteen rounds before.
macro_rules! one {
    ($a:ident $b:ident $c:ident $d:ident $e:ident, $f:ident $k:ident $w:ident $t:literal) => {
        if $t >= 16 {
            let three = parity($w[($t + 13) % 16], $w[($t + 8) % 16], $w[($t + 2) % 16]);
            $w[$t % 16] = rotate::<1, 31>(xor(three, $w[$t % 16]));
        }
        $e = add(add(add($e, add($k, $w[$t % 16])), $f($b, $c, $d)), rotate::<5, 27>($a));
        $b = rotate::<30, 2>($b);
    };
}

pub(super) use {five, one, rounds};
