/**
 * Normal equations of a complex least-squares problem in float64: G += A^H A, rows of A in chunks.
 *
 * A is packed in panels of four columns: panel p, row r holds four real parts, then four imaginary parts
 * (64 bytes), rows of a panel one after the other. Two by four elements of G are summed in registers.
 */

const ROW: usize = 64;

/**
 * G[i, j] += sum over r of conj(A[r, i]) A[r, j] for the columns i of the first `left` panels and all j of the
 * panels from that of i on (the upper part). `gram`: 4 left rows of 4 panels real parts, then as many
 * imaginary parts.
 */
export function addGram(samples: usize, gram: usize, rows: i32, left: i32, panels: i32): void {
  const panel = ROW * <usize>rows;
  const width = <usize>panels << 5;
  const imaginary = (<usize>left << 2) * width;
  for (let i = 0; i < left << 2; i += 2) {
    const a = samples + panel * <usize>(i >> 2) + (<usize>(i & 3) << 3);
    for (let p = i >> 2; p < panels; p++) {
      const b = samples + panel * <usize>p;
      let r00 = f64x2.splat(0), r01 = r00, r10 = r00, r11 = r00;
      let i00 = r00, i01 = r00, i10 = r00, i11 = r00;
      for (let r: usize = 0; r < panel; r += ROW) {
        const br0 = v128.load(b + r), br1 = v128.load(b + r, 16);
        const bi0 = v128.load(b + r, 32), bi1 = v128.load(b + r, 48);
        let ar = v128.load64_splat(a + r), ai = v128.load64_splat(a + r, 32);
        r00 = f64x2.add(r00, f64x2.add(f64x2.mul(ar, br0), f64x2.mul(ai, bi0)));
        i00 = f64x2.add(i00, f64x2.sub(f64x2.mul(ar, bi0), f64x2.mul(ai, br0)));
        r01 = f64x2.add(r01, f64x2.add(f64x2.mul(ar, br1), f64x2.mul(ai, bi1)));
        i01 = f64x2.add(i01, f64x2.sub(f64x2.mul(ar, bi1), f64x2.mul(ai, br1)));
        ar = v128.load64_splat(a + r, 8);
        ai = v128.load64_splat(a + r, 40);
        r10 = f64x2.add(r10, f64x2.add(f64x2.mul(ar, br0), f64x2.mul(ai, bi0)));
        i10 = f64x2.add(i10, f64x2.sub(f64x2.mul(ar, bi0), f64x2.mul(ai, br0)));
        r11 = f64x2.add(r11, f64x2.add(f64x2.mul(ar, br1), f64x2.mul(ai, bi1)));
        i11 = f64x2.add(i11, f64x2.sub(f64x2.mul(ar, bi1), f64x2.mul(ai, br1)));
      }
      const g = gram + width * <usize>i + (<usize>p << 5);
      addTo(g, r00, r01);
      addTo(g + width, r10, r11);
      addTo(g + imaginary, i00, i01);
      addTo(g + imaginary + width, i10, i11);
    }
  }
}

@inline
function addTo(address: usize, first: v128, second: v128): void {
  v128.store(address, f64x2.add(v128.load(address), first));
  v128.store(address, f64x2.add(v128.load(address, 16), second), 16);
}
